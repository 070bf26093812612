//! Builds what a login sends to the token endpoint, and identifies who logs in.

use std::hash::{BuildHasher, RandomState};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    config::{
        Authorisation, Credential, Flow, Login, SettingError,
        auth::assertion::{self, AssertionClaims},
    },
    shared_state::KeyedHash,
};

/// Who logs in, where, and by which flow. One token is cached for each identity. Secrets that merely prove the identity
/// are not part of it, so that a rotated secret does not cost a token. The exception is the password, because callers
/// bring it. The password itself is not kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    destination: String,
    flow: Flow,
    host: Url,
    client: u64,
    user: u64,
    password: u64,
}

/// A token request.
pub(super) struct TokenForm {
    /// The form parameters.
    pub(super) parameters: Vec<(&'static str, SecretString)>,
    /// The claims of an assertion among the parameters: the consumer key and the user.
    claimed: Vec<SecretString>,
}

impl TokenForm {
    fn of(parameters: Vec<(&'static str, SecretString)>) -> Self {
        Self {
            parameters,
            claimed: Vec::new(),
        }
    }

    /// The values that no error text may repeat.
    pub(super) fn sensitive(&self) -> impl Iterator<Item = &SecretString> {
        let parameters = self.parameters.iter();
        let sent = parameters.filter(|(name, _)| *name != "grant_type");
        sent.map(|(_, value)| value).chain(&self.claimed)
    }
}

/// The login of one destination.
pub(super) struct DestinationLogin<'a> {
    pub(super) authorisation: &'a Authorisation,
    pub(super) destination: &'a str,
    pub(super) login: &'a Login,
    pub(super) fingerprints: &'a RandomState,
}

impl DestinationLogin<'_> {
    /// Identifies the user who is logged in by the login host and the user's name, whichever destination, flow and password it is
    /// for; `None` if nobody is named. The integration user of an app stands for the app.
    pub(super) fn user(&self, identities: KeyedHash) -> Option<u64> {
        let (authorisation, login) = (self.authorisation, self.login);
        if !authorisation.can_log_in(login) {
            return None;
        }
        let host = authorisation.host(login.sandbox).ok()?;
        // The letter case of a user name does not matter to Salesforce, but that of an app's id does.
        let folded = |name: &str| SecretString::from(name.to_lowercase());
        let current = |part| authorisation.current(part);
        let (kind, name) = match authorisation.flow {
            Flow::Password => ("user", folded(&login.username)),
            Flow::JwtBearer => {
                let subject = current(Credential::JwtSubject)?;
                ("user", folded(subject.expose_secret()))
            }
            Flow::ClientCredentials => ("app", current(Credential::ClientId)?),
        };
        let parts = ["login", host.as_str(), kind, name.expose_secret()];
        Some(identities.digest(parts.map(str::as_bytes)).short())
    }

    /// Identifies who logs in.
    ///
    /// # Errors
    /// [`SettingError::LoginUrl`] if a file no longer contains an address.
    pub(super) fn identity(&self) -> Result<Identity, SettingError> {
        let flow = self.authorisation.flow;
        let (user, password) = match flow {
            Flow::Password => (
                self.fingerprint(&self.login.username),
                self.fingerprint(self.login.password.expose_secret()),
            ),
            Flow::ClientCredentials => (0, 0),
            Flow::JwtBearer => (self.fingerprint_of(Credential::JwtSubject), 0),
        };
        Ok(Identity {
            destination: self.destination.to_owned(),
            flow,
            host: self.authorisation.host(self.login.sandbox)?,
            client: self.fingerprint_of(Credential::ClientId),
            user,
            password,
        })
    }

    /// Builds the token request from the current settings.
    ///
    /// # Errors
    /// [`SettingError`] if the key cannot sign.
    pub(super) fn form(&self, identity: &Identity) -> Result<TokenForm, SettingError> {
        match identity.flow {
            Flow::Password => Ok(self.password()),
            Flow::ClientCredentials => self.client_credentials(),
            Flow::JwtBearer => self.jwt_bearer(identity),
        }
    }

    fn password(&self) -> TokenForm {
        let mut parameters = vec![
            ("grant_type", "password".into()),
            ("username", self.login.username.as_str().into()),
            ("password", self.login.password.clone()),
        ];
        let app = [
            ("client_id", Credential::ClientId),
            ("client_secret", Credential::ClientSecret),
        ];
        parameters.extend(
            app.into_iter()
                .filter_map(|(name, part)| Some((name, self.authorisation.current(part)?))),
        );
        TokenForm::of(parameters)
    }

    fn client_credentials(&self) -> Result<TokenForm, SettingError> {
        Ok(TokenForm::of(vec![
            ("grant_type", "client_credentials".into()),
            ("client_id", self.needed(Credential::ClientId)?),
            ("client_secret", self.needed(Credential::ClientSecret)?),
        ]))
    }

    fn jwt_bearer(&self, identity: &Identity) -> Result<TokenForm, SettingError> {
        let key = self
            .authorisation
            .need(Credential::JwtKey, Some(self.destination))?;
        let (client, user) = (
            self.needed(Credential::ClientId)?,
            self.needed(Credential::JwtSubject)?,
        );
        let claims = AssertionClaims {
            iss: client.expose_secret(),
            sub: user.expose_secret(),
            aud: identity.audience(),
        };
        let assertion = assertion::sign(&claims, &key.current(), key.name())?;
        Ok(TokenForm {
            parameters: vec![
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:jwt-bearer".into(),
                ),
                ("assertion", assertion),
            ],
            claimed: vec![client, user],
        })
    }

    fn needed(&self, part: Credential) -> Result<SecretString, SettingError> {
        let setting = self.authorisation.need(part, Some(self.destination))?;
        Ok(setting.current())
    }

    /// The fingerprint of the secret that proves the identity. A refused login is tried again once this has changed.
    pub(super) fn proof(&self) -> u64 {
        let parts = [Credential::ClientSecret, Credential::JwtKey];
        self.fingerprints
            .hash_one(parts.map(|part| self.fingerprint_of(part)))
    }

    fn fingerprint_of(&self, part: Credential) -> u64 {
        let text = self.authorisation.current(part);
        text.map_or(0, |text| self.fingerprint(text.expose_secret()))
    }

    fn fingerprint(&self, text: &str) -> u64 {
        self.fingerprints.hash_one(text)
    }
}

impl Identity {
    /// The OAuth flow of the login.
    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    /// The destination that logs in.
    pub(super) fn destination(&self) -> &str {
        &self.destination
    }

    /// The token endpoint.
    pub(super) fn token_url(&self) -> String {
        format!("{}/services/oauth2/token", self.audience())
    }

    /// The login host as the audience of an assertion, without a trailing slash.
    fn audience(&self) -> &str {
        self.host.as_str().trim_end_matches('/')
    }
}
