//! How the service logs in to Salesforce: settings for all destinations, and overrides for single destinations by id.

pub(crate) mod assertion;
mod authorisation;
mod destinations;
mod setting;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(super) use self::destinations::is_of_destination;
pub use self::{
    authorisation::{Authorisation, Authorisations},
    destinations::{DestinationSetting, DestinationSettings},
    setting::{Setting, SettingError},
};
use super::{parse, per_destination::spelled};

/// An OAuth flow by which this service logs in to an org. Destinations with an OAuth secret do not need one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Flow {
    /// User name, password and security token. Salesforce retires this flow on 2027-02-20.
    #[default]
    Password,
    /// Consumer key and secret; the connected app determines the user.
    ClientCredentials,
    /// Consumer key and an assertion signed with a private key; the assertion names the user.
    JwtBearer,
}

impl Flow {
    /// The name of the flow as used in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ClientCredentials => "client-credentials",
            Self::JwtBearer => "jwt-bearer",
        }
    }
}

/// What happens to the events of a destination whose login Salesforce refuses: the setting `REFUSED_LOGIN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RefusedLogin {
    /// The events are aborted (400), as RudderStack documents.
    #[default]
    Abort,
    /// rudder-server retries the events (429) until the login works again.
    Retry,
}

/// A credential that a login needs. It can be set for each destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    /// The login host.
    LoginUrl,
    /// The consumer key of the app.
    ClientId,
    /// The consumer secret of the app.
    ClientSecret,
    /// The private key that signs assertions. It can only be given as a file.
    JwtKey,
    /// The user named in assertions.
    JwtSubject,
}

impl Credential {
    /// All credentials.
    pub const ALL: [Self; 5] = [
        Self::LoginUrl,
        Self::ClientId,
        Self::ClientSecret,
        Self::JwtKey,
        Self::JwtSubject,
    ];

    /// The name of the setting. The setting for a file has `_FILE` appended.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::LoginUrl => "SALESFORCE_LOGIN_URL",
            Self::ClientId => "SALESFORCE_CLIENT_ID",
            Self::ClientSecret => "SALESFORCE_CLIENT_SECRET",
            Self::JwtKey => "SALESFORCE_JWT_KEY",
            Self::JwtSubject => "SALESFORCE_JWT_SUBJECT",
        }
    }
}

/// How the service logs in.
#[derive(Args, Clone, Debug)]
pub struct AuthSettings {
    /// How destinations without an OAuth secret log in; `SALESFORCE_AUTH_<DESTINATION_ID>` overrides it for one
    /// destination
    #[arg(long, env = "SALESFORCE_AUTH", value_enum, default_value_t)]
    pub salesforce_auth: Flow,
    /// Login host of production orgs; for client-credentials and jwt-bearer, the org's My Domain
    #[arg(long, env = "SALESFORCE_LOGIN_URL", default_value = "https://login.salesforce.com", value_parser = parse::http_url)]
    pub salesforce_login_url: Url,
    /// File containing the login host; read again when it changes
    #[arg(
        long,
        env = "SALESFORCE_LOGIN_URL_FILE",
        conflicts_with = "salesforce_login_url"
    )]
    pub salesforce_login_url_file: Option<PathBuf>,
    /// Login host of sandboxes
    #[arg(long, env = "SALESFORCE_SANDBOX_LOGIN_URL", default_value = "https://test.salesforce.com", value_parser = parse::http_url)]
    pub salesforce_sandbox_login_url: Url,
    /// Consumer key of the connected app that the service logs in with
    #[arg(long, env = "SALESFORCE_CLIENT_ID", hide_env_values = true)]
    pub salesforce_client_id: Option<SecretString>,
    /// File containing the consumer key; read again when it changes
    #[arg(
        long,
        env = "SALESFORCE_CLIENT_ID_FILE",
        conflicts_with = "salesforce_client_id"
    )]
    pub salesforce_client_id_file: Option<PathBuf>,
    /// Consumer secret of the connected app
    #[arg(long, env = "SALESFORCE_CLIENT_SECRET", hide_env_values = true)]
    pub salesforce_client_secret: Option<SecretString>,
    /// File containing the consumer secret; read again when it changes
    #[arg(
        long,
        env = "SALESFORCE_CLIENT_SECRET_FILE",
        conflicts_with = "salesforce_client_secret"
    )]
    pub salesforce_client_secret_file: Option<PathBuf>,
    /// File containing the RSA private key for jwt-bearer in PEM format; read again when it changes
    #[arg(long, env = "SALESFORCE_JWT_KEY_FILE")]
    pub salesforce_jwt_key_file: Option<PathBuf>,
    /// User name that jwt-bearer logs in as
    #[arg(long, env = "SALESFORCE_JWT_SUBJECT", hide_env_values = true)]
    pub salesforce_jwt_subject: Option<SecretString>,
    /// File containing the user name; read again when it changes
    #[arg(
        long,
        env = "SALESFORCE_JWT_SUBJECT_FILE",
        conflicts_with = "salesforce_jwt_subject"
    )]
    pub salesforce_jwt_subject_file: Option<PathBuf>,
    /// Maximum time to use an access token before logging in again
    #[arg(long, env = "TOKEN_TTL", default_value = "1h", value_parser = parse::duration)]
    pub token_ttl: Duration,
    /// How long before it expires an access token is renewed, if Salesforce reports when it expires
    #[arg(long, env = "TOKEN_MARGIN", default_value = "2m", value_parser = parse::duration_or_none)]
    pub token_margin: Duration,
    /// What happens to the events of a destination whose credentials Salesforce refuses; with retry, rudder-server
    /// retries them until the login works again, for as long as it keeps events
    #[arg(long, env = "REFUSED_LOGIN", value_enum, default_value_t)]
    pub refused_login: RefusedLogin,
    /// How long to wait before repeating a login that was refused (repeating it can lock the user) or whose tokens were
    /// refused; 0s: do not wait
    #[arg(long, env = "REFUSED_LOGIN_TTL", default_value = "1m", value_parser = parse::duration_or_none)]
    pub refused_login_ttl: Duration,
    /// Settings of single destinations, such as `SALESFORCE_AUTH_<DESTINATION_ID>`.
    #[arg(skip)]
    pub destinations: DestinationSettings,
}

impl AuthSettings {
    /// The flow of a destination.
    #[must_use]
    pub fn flow_of(&self, destination: &str) -> Flow {
        let own = self.destinations.of(&spelled(destination));
        own.and_then(DestinationSetting::flow)
            .unwrap_or(self.salesforce_auth)
    }

    /// Whether the password flow is configured without the connected app that it needs.
    #[must_use]
    pub fn lacks_app(&self) -> bool {
        let lacks_id =
            self.salesforce_client_id.is_none() && self.salesforce_client_id_file.is_none();
        let lacks_secret =
            self.salesforce_client_secret.is_none() && self.salesforce_client_secret_file.is_none();
        self.salesforce_auth == Flow::Password && (lacks_id || lacks_secret)
    }

    /// A credential for all destinations; `None` if it is not set.
    ///
    /// # Errors
    /// [`SettingError`] if its file cannot be read or is empty.
    pub fn part(&self, part: Credential) -> Result<Option<Setting>, SettingError> {
        let (text, file) = match part {
            Credential::LoginUrl => (
                Some(self.salesforce_login_url.as_str()),
                &self.salesforce_login_url_file,
            ),
            Credential::ClientId => (
                exposed(self.salesforce_client_id.as_ref()),
                &self.salesforce_client_id_file,
            ),
            Credential::ClientSecret => (
                exposed(self.salesforce_client_secret.as_ref()),
                &self.salesforce_client_secret_file,
            ),
            Credential::JwtKey => (None, &self.salesforce_jwt_key_file),
            Credential::JwtSubject => (
                exposed(self.salesforce_jwt_subject.as_ref()),
                &self.salesforce_jwt_subject_file,
            ),
        };
        match file {
            Some(path) => Setting::file(format!("{}_FILE", part.setting()), path).map(Some),
            None => Ok(text.and_then(|text| Setting::text(part.setting(), text))),
        }
    }

    /// The login host of sandboxes, for destinations without their own login host.
    #[must_use]
    pub fn sandbox_login_url(&self) -> Option<Setting> {
        Setting::text(
            "SALESFORCE_SANDBOX_LOGIN_URL",
            self.salesforce_sandbox_login_url.as_str(),
        )
    }
}

fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        auth: AuthSettings,
    }

    #[test]
    fn a_part_is_written_down_or_in_a_file_and_not_both() {
        for (flag, value) in [
            ("--salesforce-login-url", "https://acme.my.salesforce.com"),
            ("--salesforce-client-id", "key"),
            ("--salesforce-client-secret", "secret"),
            ("--salesforce-jwt-subject", "user"),
        ] {
            let file = format!("{flag}-file");
            let both = Command::try_parse_from(["test", flag, value, &file, "/x"]);
            let error = both.unwrap_err().to_string();
            assert!(error.contains(&file) && error.contains(flag), "{error}");
            assert!(Command::try_parse_from(["test", &file, "/x"]).is_ok());
        }
    }

    #[test]
    fn a_file_of_all_is_named_with_its_setting() {
        let absent = ["test", "--salesforce-client-secret-file", "/does/not/exist"];
        let settings = Command::try_parse_from(absent).unwrap().auth;
        let error = settings
            .part(Credential::ClientSecret)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("SALESFORCE_CLIENT_SECRET_FILE: "),
            "{error}"
        );
        assert!(settings.part(Credential::JwtKey).unwrap().is_none());
    }
}
