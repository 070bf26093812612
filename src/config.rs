//! All settings. Each is an environment variable and a flag of the same name; `--help` is their reference.

mod admin;
mod agreement;
mod allowed_hosts;
pub(crate) mod auth;
mod conflict;
mod delivery;
mod environment;
mod kubernetes;
mod login;
mod parse;
mod per_destination;
mod pipeline;
mod policies;
mod reserve;
pub mod rules;
mod salesforce;
mod serving;
mod shared_state;
mod upstream;

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches, ValueEnum, builder::Resettable};
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    admin::{AdminSettings, HostName},
    allowed_hosts::AllowedHosts,
    auth::{
        AuthSettings, Authorisation, Authorisations, Credential, DestinationSetting,
        DestinationSettings, Flow, RefusedLogin, Setting, SettingError,
    },
    conflict::Conflict,
    delivery::{Delivery, DeliverySettings},
    environment::{UnknownVariable, unknown_variables},
    login::{Login, OWN_DESTINATION},
    per_destination::{PerDestination, spelled},
    pipeline::PipelineSettings,
    policies::{
        AssignmentRules, Duplicates, FieldPolicies, OwnPolicies, Policies, PolicyError, Preflight,
        RuleId,
    },
    reserve::Reserve,
    salesforce::{PROBE_AFTER, SalesforceSettings},
    serving::{REQUEST_WEIGHT, SPARE_CONNECTIONS, Serving, from_within, max_header_bytes},
    shared_state::SharedStateSettings,
    upstream::UpstreamSettings,
};
use crate::config::rules::{Compatibility, Placeholders, Rules};
pub use crate::process::ProcessLimits;

/// The settings of the service. Durations are written as `30s`, `5ms` or `1h`, sizes as `256MiB`.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// The server: address, limits and shutdown.
    #[command(flatten)]
    pub serving: Serving,
    /// The admin address: what people look at.
    #[command(flatten)]
    pub admin: AdminSettings,

    /// Set of rules to follow
    #[arg(long, env = "COMPATIBILITY", value_enum, default_value_t = Compatibility::Documented)]
    pub compatibility: Compatibility,
    /// When the placeholder n/a is sent for a missing LastName or Company of a lead
    #[arg(long, env = "PLACEHOLDERS", value_enum, default_value_t = Placeholders::Always)]
    pub placeholders: Placeholders,

    /// Salesforce: logins, hosts, limits, lookups.
    #[command(flatten)]
    pub salesforce: SalesforceSettings,
    /// The state that replicas share.
    #[command(flatten)]
    pub shared_state: SharedStateSettings,
    /// The transformer behind this one.
    #[command(flatten)]
    pub upstream: UpstreamSettings,
    /// Who writes to Salesforce, and what is written.
    #[command(flatten)]
    pub delivery: DeliverySettings,

    /// User name for events without a destination (POST /transform)
    #[arg(long, env = "SALESFORCE_USERNAME", hide_env_values = true)]
    pub salesforce_username: Option<SecretString>,
    /// Password for events without a destination
    #[arg(long, env = "SALESFORCE_PASSWORD", hide_env_values = true)]
    pub salesforce_password: Option<SecretString>,
    /// Security token for events without a destination
    #[arg(long, env = "SALESFORCE_SECURITY_TOKEN", hide_env_values = true)]
    pub salesforce_security_token: Option<SecretString>,
    /// Whether events without a destination go to a sandbox
    #[arg(long, env = "SALESFORCE_SANDBOX", default_value_t = false, action = clap::ArgAction::Set)]
    pub salesforce_sandbox: bool,

    /// Form of the log
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Level of the log: error, warn, info, debug, trace, or a filter of the crate tracing-subscriber
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_parser = parse::log_filter)]
    pub log_level: String,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text per entry.
    Text,
    /// One JSON object per entry.
    Json,
}

impl Config {
    /// Builds settings from flags alone, such as `["--port", "0"]`, for tests, benchmarks, the demo and programs that embed the
    /// service. The environment and the system's proxy are ignored, and the default [`ProcessLimits`] are assumed. If a flag is
    /// repeated, the last one counts.
    ///
    /// # Errors
    /// If a flag is unknown, or its value is missing or invalid.
    pub fn from_flags<F: Into<OsString> + Clone>(
        flags: impl IntoIterator<Item = F>,
    ) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("settings").no_binary_name(true))
            .args_override_self(true)
            .mut_args(|arg| arg.env(Resettable::Reset));
        let mut config = Self::from_arg_matches(&command.try_get_matches_from(flags)?)?;
        config.salesforce.system_proxy = false;
        Ok(config)
    }

    /// The set of rules that the settings select.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules::new(self.compatibility, self.placeholders)
    }

    /// The policies of all destinations.
    #[must_use]
    pub fn policies(&self) -> Policies {
        self.delivery.policies(self.compatibility)
    }

    /// Completes the settings: reads those of single destinations from the environment, derives defaults from the limits of the
    /// process, and checks all settings and the variables that the HTTP client reads.
    ///
    /// # Errors
    /// [`SettingError`] names the setting or variable and says what to do.
    pub fn take(
        &mut self,
        environment: &[(OsString, OsString)],
        process: ProcessLimits,
    ) -> Result<(), SettingError> {
        self.serving.process = process;
        self.read_destinations(environment)?;
        environment::check(environment)?;
        self.validate()
    }

    /// Reads the settings of single destinations from the environment. Their names contain destination ids, so they
    /// cannot be flags.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn read_destinations(
        &mut self,
        variables: &[(OsString, OsString)],
    ) -> Result<(), SettingError> {
        self.salesforce.auth.destinations = DestinationSettings::read(variables)?;
        let settings = environment::settings();
        let is_setting = |name: &str| settings.contains(name);
        self.delivery.own_policies = OwnPolicies::read(variables, is_setting)?;
        Ok(())
    }

    /// Checks settings against each other and reads each file that a setting names. No error text repeats a value that
    /// may be a secret.
    ///
    /// # Errors
    /// [`SettingError`] names the setting and says what to do.
    pub fn validate(&self) -> Result<(), SettingError> {
        Authorisations::new(&self.salesforce.auth, &self.salesforce.allowed_hosts)?;
        let username = filled(self.salesforce_username.as_ref());
        let password = filled(self.salesforce_password.as_ref());
        if username.is_some() != password.is_some() {
            return Err(SettingError::IncompleteLogin);
        }
        self.admin.token()?;
        Ok(self.check_agreement()?)
    }

    /// The login for events without a destination, if one is set. The other flows need no user name here.
    #[must_use]
    pub fn own_login(&self) -> Option<Login> {
        let username = filled(self.salesforce_username.as_ref()).unwrap_or_default();
        if username.is_empty() && self.salesforce.auth.flow_of(OWN_DESTINATION) == Flow::Password {
            return None;
        }
        let username = username.to_owned();
        let part = |secret: &Option<SecretString>| {
            secret
                .as_ref()
                .map_or_else(String::new, |secret| secret.expose_secret().to_owned())
        };
        let password = part(&self.salesforce_password) + &part(&self.salesforce_security_token);
        Some(Login {
            username,
            password: password.into(),
            sandbox: self.salesforce_sandbox,
        })
    }
}

/// The value of a setting, unless it is empty.
fn filled(setting: Option<&SecretString>) -> Option<&str> {
    let text = setting.map(ExposeSecret::expose_secret);
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn config(flags: &[&str]) -> Result<Config, String> {
        Config::from_flags(flags.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_wrong_setting_is_named_in_the_error() {
        for (flag, value) in [
            ("--port", "x"),
            ("--salesforce-timeout", "30"),
            ("--body-limit", "much"),
            ("--salesforce-login-url", "login.salesforce.com"),
            ("--salesforce-timeout", "0s"),
            ("--token-ttl", "9999y"),
            ("--body-limit", "0"),
            ("--body-limit", "1023"),
            ("--max-in-flight-bytes", "all"),
            ("--max-in-flight-bytes", "1023B"),
            ("--lookup-window", "1001ms"),
            ("--header-timeout", "0s"),
            ("--max-records-per-event", "0"),
            ("--answer-limit", "0"),
            ("--max-connections", "none"),
            ("--header-limit", "4KiB"),
            ("--min-body-rate", "fast"),
            ("--body-timeout", "soon"),
            ("--shutdown-delay", "5"),
            ("--reuse-port", "maybe"),
            ("--log-level", "verbose"),
            ("--log-level", "info,"),
            ("--log-level", "info,tower"),
            ("--log-level", "info,debug"),
            ("--log-level", "info,tower="),
            ("--log-level", "info,=debug"),
            ("--log-level", "info,tower=verbose"),
            ("--salesforce-allowed-hosts", "https://*.salesforce.com"),
            ("--salesforce-allowed-hosts", "acme.my.salesforce.com:443"),
            ("--salesforce-allowed-hosts", ""),
            ("--salesforce-api-version", "v50"),
            ("--compatibility", "other"),
            ("--api-reserve", "100%"),
            ("--api-reserve", "some"),
        ] {
            let error = config(&[flag, value]).unwrap_err();
            assert!(error.contains(flag) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn settings_that_do_not_fit_together_are_named_without_their_values() {
        for flags in [
            ["--salesforce-username", "hunter2"],
            ["--salesforce-password", "hunter2"],
            [
                "--salesforce-login-url",
                "https://hunter1:hunter2@login.salesforce.com",
            ],
        ] {
            let error = config(&flags).unwrap().validate().unwrap_err().to_string();
            assert!(
                error.contains("SALESFORCE_") && !error.contains("hunter"),
                "{error}"
            );
        }
        let blank = config(&["--salesforce-username", "", "--salesforce-password", ""]);
        assert!(blank.unwrap().validate().is_ok());
        assert!(
            config(&["--salesforce-username", ""])
                .unwrap()
                .own_login()
                .is_none()
        );
    }

    #[test]
    fn the_own_login_joins_password_and_security_token() {
        let config = config(&[
            "--salesforce-username",
            "u",
            "--salesforce-password",
            "p",
            "--salesforce-security-token",
            "t",
            "--salesforce-sandbox",
            "true",
        ]);
        let login = config.unwrap().own_login().unwrap();
        assert_eq!(
            (
                login.username.as_str(),
                login.password.expose_secret(),
                login.sandbox
            ),
            ("u", "pt", true)
        );
    }

    #[test]
    fn secrets_are_never_printed() {
        let config = config(&[
            "--salesforce-username",
            "u",
            "--salesforce-password",
            "hunter2",
            "--salesforce-client-secret",
            "hunter3",
        ])
        .unwrap();
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter"), "{printed}");
    }
}
