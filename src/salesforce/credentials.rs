//! The credentials of a destination: an OAuth secret or a login.

use std::fmt;

use secrecy::SecretString;
use thiserror::Error;

use crate::{config::Login, json::Value, rudderstack::Destination, salesforce::session::is_token};

/// The credentials of a destination.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An OAuth secret, which rudder-server fetches and refreshes.
    Secret(Secret),
    /// A login. A setting determines its flow.
    Login {
        /// The destination's id: flows are configured and tokens cached for each destination.
        destination: String,
        /// User name and password, for the flow that needs them.
        login: Login,
    },
}

/// The parts of an OAuth secret that a call needs.
#[derive(Clone)]
pub struct Secret {
    pub(super) access_token: SecretString,
    pub(super) instance_url: String,
}

impl Credentials {
    /// The credentials of a destination: the secret if there is one, otherwise its login.
    ///
    /// # Errors
    /// [`SecretFlaw`] if the secret is incomplete, or if there is none and the destination has no login.
    pub fn of(secret: Option<Value<'_>>, destination: &Destination) -> Result<Self, SecretFlaw> {
        match secret.filter(|secret| !secret.is_null()) {
            Some(secret) => Secret::read(secret).map(Self::Secret),
            None if destination.name.needs_secret() => Err(SecretFlaw::Missing),
            None => Ok(Self::Login {
                destination: destination.id.clone(),
                login: destination.login.clone(),
            }),
        }
    }

    /// Identifies the org before Salesforce is called: by the org's address in a secret, the user name of a login, or
    /// otherwise the destination.
    #[must_use]
    pub fn org(&self) -> &str {
        match self {
            Self::Secret(secret) => &secret.instance_url,
            Self::Login { destination, login } if login.username.is_empty() => destination,
            Self::Login { login, .. } => &login.username,
        }
    }

    /// Whether rudder-server holds the credentials and can refresh them.
    #[must_use]
    pub fn is_oauth(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

impl Secret {
    fn read(secret: Value<'_>) -> Result<Self, SecretFlaw> {
        let secret = secret.as_object().unwrap_or_default();
        let member = |name| {
            let text = secret
                .get(name)
                .and_then(Value::as_text)
                .filter(|text| !text.is_empty());
            text.ok_or(SecretFlaw::Without(name))
        };
        let token = member("access_token")?;
        if !is_token(&token) {
            return Err(SecretFlaw::Without("access_token that a header can hold"));
        }
        Ok(Self {
            access_token: SecretString::from(token.into_owned()),
            instance_url: member("instance_url")?.into_owned(),
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("instance_url", &self.instance_url)
            .finish_non_exhaustive()
    }
}

/// The reasons why an OAuth secret cannot be used.
#[derive(Clone, Copy, Debug, Error)]
pub enum SecretFlaw {
    /// There is no secret.
    #[error(
        "the destination authorises with OAuth, and the request has no secret (metadata.secret or the header Oauth-Secret): reconnect the account in RudderStack"
    )]
    Missing,
    /// There is no secret, on a path whose requests never carry one.
    #[error(
        "the destination authorises with OAuth, and rudder-server sends no secret on its processor path: have its router transform \
         the events (transformAt: router, and unset Processor.<DESTINATION>.transformAt)"
    )]
    NeverSent,
    /// A member is absent or empty.
    #[error("the OAuth secret has no {0}: reconnect the account in RudderStack")]
    Without(&'static str),
}
