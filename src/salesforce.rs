//! The org: the only room that calls Salesforce.
//!
//! `auth` opens a session, `lookup` asks for records through `client`, and whatever goes wrong becomes a `fault` with
//! one of four dispositions.

pub mod auth;
pub mod client;
mod composite;
pub mod credentials;
pub mod delivery;
pub mod fault;
pub mod found;
pub mod hosts;
pub mod key;
pub mod literal;
pub mod lookup;
pub mod session;
pub mod soql;

use std::sync::Arc;

use futures_util::{StreamExt, stream};

pub use auth::AuthError;
pub use credentials::Credentials;
pub use fault::Fault;
pub use found::Found;
pub use hosts::AllowedHosts;
pub use key::Key;
pub use lookup::Row;
pub use session::Session;

use crate::{config::Config, metrics::Metrics};

/// All orgs that the service talks to: one HTTP client, one cache of tokens.
#[derive(Debug)]
pub struct Salesforce {
    client: client::Client,
    tokens: auth::Tokens,
    hosts: AllowedHosts,
    api_version: String,
}

/// An org that a batch has asked: the session to write with, and what was found.
#[derive(Debug)]
pub struct Asked {
    /// The session, renewed where the first one had expired.
    pub session: Arc<Session>,
    /// The records of the keys that were asked for.
    pub found: Found,
}

impl Salesforce {
    /// Builds the client from the settings.
    ///
    /// # Errors
    /// Where the platform's certificates cannot be loaded or a proxy setting is malformed.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client::Client::new(config, metrics)?,
            tokens: auth::Tokens::new(config),
            hosts: config.salesforce_allowed_hosts.clone(),
            api_version: config.salesforce_api_version.clone(),
        })
    }

    /// Opens a session and asks for the records of these keys, in as few queries as fit. A password login whose session
    /// has expired is renewed once and asked again; an OAuth secret is for rudder-server to refresh.
    ///
    /// # Errors
    /// [`AuthError`] where no session can be had, or Salesforce no longer accepts it: a request that carried its token
    /// would be refused, and its event dropped. Any other failed lookup is a fault of its own keys in [`Asked::found`].
    pub async fn ask(
        &self,
        credentials: &Credentials,
        keys: &[Key],
    ) -> Result<Asked, Arc<AuthError>> {
        match self.ask_once(credentials, keys).await {
            Err(error) if matches!(*error, AuthError::Expired(_)) && !credentials.are_oauth() => {
                self.ask_once(credentials, keys).await
            }
            asked => asked,
        }
    }

    async fn ask_once(
        &self,
        credentials: &Credentials,
        keys: &[Key],
    ) -> Result<Asked, Arc<AuthError>> {
        let session = self.tokens.session(&self.client, credentials).await?;
        let found = self.find(&session, keys).await;
        match found.expiry() {
            None => Ok(Asked { session, found }),
            Some(fault) => {
                self.tokens.evict(session.authorization()).await;
                Err(Arc::new(AuthError::Expired(fault)))
            }
        }
    }

    /// Asks for all keys. What must be asked otherwise comes back from [`Found::add`] and is asked again, in smaller parts.
    async fn find(&self, session: &Session, keys: &[Key]) -> Found {
        let path = format!("/services/data/v{}/query", self.api_version);
        let mut found = Found::default();
        let mut parts = vec![keys.to_vec()];
        while !parts.is_empty() {
            let queries = parts
                .iter()
                .flat_map(|keys| soql::queries(keys, path.len(), soql::LONGEST_URI));
            let answers = queries.map(|query| async {
                let answer = lookup::rows(&self.client, session, &path, &query).await;
                (query, answer)
            });
            let answers: Vec<_> = stream::iter(answers.collect::<Vec<_>>())
                .buffered(AT_ONCE)
                .collect()
                .await;
            parts = answers
                .into_iter()
                .flat_map(|(query, answer)| found.add(&query, answer))
                .collect();
        }
        found
    }
}

/// How many queries of one org are asked at a time.
const AT_ONCE: usize = 8;
