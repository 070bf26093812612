//! Credentials → a session: an OAuth secret as it is, or a token for a password login, cached.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use moka::future::Cache;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use thiserror::Error;
use url::{Url, form_urlencoded::byte_serialize};

use crate::{
    config::Config,
    contract::Login,
    metrics::Call,
    salesforce::{
        client::Client,
        credentials::Credentials,
        fault::{Disposition, Fault, Refusal},
        hosts::AllowedHosts,
        session::{Instance, InstanceError, Session, is_token},
    },
};

/// How many tokens are kept, far above the number of destinations that one service has.
const MOST_TOKENS: u64 = 10_000;

/// Why no session could be opened.
#[derive(Debug, Error)]
pub enum AuthError {
    /// Salesforce refuses the credentials.
    #[error(
        "Salesforce refused the credentials of this destination ({0}). Check user name and password, the security token (it changes \
         with each new password), that the user's profile has \"API Enabled\" and the org's edition has API access (Enterprise, \
         Performance, Unlimited or Developer; Professional as an add-on), sandbox or production, and SALESFORCE_CLIENT_ID and \
         SALESFORCE_CLIENT_SECRET of this service"
    )]
    Refused(Refusal),
    /// Salesforce refuses the app by which this service logs in.
    #[error(
        "Salesforce refuses this service's connected app ({0}): set SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET to its consumer key and secret"
    )]
    Client(Refusal),
    /// Salesforce says success and names no token.
    #[error("Salesforce's token answer holds no access_token or no instance_url")]
    NoToken,
    /// The instance may not be called.
    #[error("{0}")]
    Instance(#[from] InstanceError),
    /// The session has expired, and a new one is not to be had here.
    #[error("{0}")]
    Expired(Arc<Fault>),
    /// The login could not be tried.
    #[error("the login to Salesforce failed: {0}")]
    Fault(Fault),
}

impl AuthError {
    /// The word for this error in the log.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Refused(_) => "credentials_refused",
            Self::Client(_) => "connected_app_refused",
            Self::NoToken => "no_token",
            Self::Instance(_) => "instance_not_allowed",
            Self::Expired(fault) => fault.label(),
            Self::Fault(fault) => fault.label(),
        }
    }
}

/// The sessions of password logins.
pub(super) struct Tokens {
    cache: Cache<TokenKey, Arc<Session>>,
    fingerprints: RandomState,
    hosts: AllowedHosts,
    production: Url,
    sandbox: Url,
    client_id: Option<SecretString>,
    client_secret: Option<SecretString>,
}

/// A destination and its credentials: a changed password is another key. The password itself is not kept.
#[derive(Clone, PartialEq, Eq, Hash)]
struct TokenKey {
    destination: String,
    username: String,
    password: u64,
    sandbox: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    instance_url: Option<String>,
}

impl Tokens {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            cache: Cache::builder()
                .max_capacity(MOST_TOKENS)
                .time_to_live(config.token_ttl.max(Duration::from_nanos(1)))
                .build(),
            fingerprints: RandomState::new(),
            hosts: config.salesforce_allowed_hosts.clone(),
            production: config.salesforce_login_url.clone(),
            sandbox: config.salesforce_sandbox_login_url.clone(),
            client_id: config.salesforce_client_id.clone(),
            client_secret: config.salesforce_client_secret.clone(),
        }
    }

    /// Opens a session. Callers that need the same token at once share one request for it; a failure is not kept.
    pub(super) async fn session(
        &self,
        client: &Client,
        credentials: &Credentials,
    ) -> Result<Arc<Session>, Arc<AuthError>> {
        match credentials {
            Credentials::Secret(secret) => {
                let instance = Instance::new(&secret.instance_url, &self.hosts)
                    .map_err(|error| Arc::new(error.into()))?;
                Ok(Arc::new(Session::new(
                    instance,
                    secret.access_token.expose_secret(),
                )))
            }
            Credentials::Password { destination, login } => {
                let key = TokenKey {
                    destination: destination.clone(),
                    username: login.username.clone(),
                    password: self.fingerprints.hash_one(login.password.expose_secret()),
                    sandbox: login.sandbox,
                };
                self.cache
                    .try_get_with(key, self.log_in(client, login))
                    .await
            }
        }
    }

    /// Forgets the session of a token that Salesforce no longer accepts. Another that has taken its place is kept.
    pub(super) async fn evict(&self, authorization: &str) {
        let is_expired = |session: &Session| session.authorization() == authorization;
        let expired: Vec<_> = self
            .cache
            .iter()
            .filter(|(_, session)| is_expired(session))
            .map(|(key, _)| key)
            .collect();
        for key in expired {
            self.cache.invalidate(&*key).await;
        }
    }

    async fn log_in(&self, client: &Client, login: &Login) -> Result<Arc<Session>, AuthError> {
        let host = if login.sandbox {
            &self.sandbox
        } else {
            &self.production
        };
        let url = format!(
            "{}/services/oauth2/token",
            host.as_str().trim_end_matches('/')
        );
        let mut form = vec![
            ("grant_type", "password"),
            ("username", &login.username),
            ("password", login.password.expose_secret()),
        ];
        form.extend(
            self.client_id
                .as_ref()
                .map(|id| ("client_id", id.expose_secret())),
        );
        form.extend(
            self.client_secret
                .as_ref()
                .map(|secret| ("client_secret", secret.expose_secret())),
        );
        let request = client
            .request(Method::POST, &url)
            .header("Accept", "application/json")
            .form(&form);
        let body = client
            .send(Call::Token, None, request)
            .await
            .map_err(|fault| refused_or_fault(without_values(fault, &form)))?;
        let session = opened(&body, &self.hosts)?;
        client.logged_in(session.instance());
        Ok(Arc::new(session))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("cached", &self.cache.entry_count())
            .finish_non_exhaustive()
    }
}

/// The session that a token answer opens.
///
/// # Errors
/// [`AuthError::NoToken`] where it holds no address or no token that a header can hold, [`AuthError::Instance`] for an
/// address that may not be called.
pub fn opened(body: &[u8], hosts: &AllowedHosts) -> Result<Session, AuthError> {
    let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| AuthError::NoToken)?;
    let url = answer.instance_url.filter(|url| !url.is_empty());
    let token = answer.access_token.filter(|token| is_token(token));
    let (Some(url), Some(token)) = (url, token) else {
        return Err(AuthError::NoToken);
    };
    Ok(Session::new(Instance::new(&url, hosts)?, &token))
}

/// A refusal without its words where they repeat what was sent, which holds the password.
fn without_values(mut fault: Fault, form: &[(&str, &str)]) -> Fault {
    let secrets = form.iter().filter(|(name, _)| *name != "grant_type");
    let repeats = |words: &str| {
        secrets.clone().any(|(_, value)| {
            let encoded: String = byte_serialize(value.as_bytes()).collect();
            !value.is_empty() && (words.contains(value) || words.contains(&encoded))
        })
    };
    if let Some(refusal) = fault
        .refusal_mut()
        .filter(|refusal| repeats(&refusal.message))
    {
        refusal.message.clear();
    }
    fault
}

/// The token endpoint answers 400 and 401 for what is wrong with the credentials. `unknown_error` is its own way to say
/// "try again" (Salesforce's list of OAuth error codes), and there is no session yet that could have expired.
fn refused_or_fault(fault: Fault) -> AuthError {
    match fault {
        Fault::Refused(refusal) if refusal.code.starts_with("invalid_client") => {
            AuthError::Client(refusal)
        }
        Fault::Refused(refusal) if refusal.code == "unknown_error" => {
            AuthError::Fault(Fault::Passing(refusal))
        }
        Fault::SessionExpired(refusal) if refusal.code.is_empty() => {
            AuthError::Fault(Fault::Passing(refusal))
        }
        Fault::Refused(refusal) | Fault::SessionExpired(refusal) => AuthError::Refused(refusal),
        passing => {
            debug_assert_ne!(passing.disposition(), Disposition::Abort);
            AuthError::Fault(passing)
        }
    }
}
