//! The API of an org. Only this module calls Salesforce.
//!
//! `auth` opens a session, `lookup` asks for records through `client`, and whatever goes wrong becomes a `fault` with
//! one of four dispositions.

mod accepted;
pub(crate) mod auth;
pub(crate) mod batcher;
pub(crate) mod by_key;
mod cache;
pub(crate) mod client;
pub(crate) mod collections;
pub(crate) mod composite;
pub(crate) mod credentials;
pub(crate) mod delivery;
pub(crate) mod fault;
pub(crate) mod field_types;
pub(crate) mod form;
mod id;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod literal;
mod lookup;
pub(crate) mod operation;
pub(crate) mod page;
pub(crate) mod results;
pub(crate) mod session;
mod single_flight;
pub(crate) mod soql;

use std::sync::Arc;

use thiserror::Error;

pub use auth::AuthError;
pub(crate) use collections::RecordWrite;
pub use credentials::Credentials;
pub(crate) use credentials::SecretFlaw;
pub use fault::Fault;
pub use key::Key;
pub use limits::Limits;
pub(crate) use limits::Spares;
pub use page::Row;
pub(crate) use results::Found;
pub use session::{Instance, Session};
pub use soql::Wanted;

use self::{
    cache::{LookupCache, OrgUsers},
    field_types::FieldTypes,
    single_flight::Lookups,
};
use crate::{
    config::{AllowedHosts, SalesforceSettings, SettingError},
    metrics::{LookupSource, Metrics},
    server::memory::InFlight,
};

/// Why the client of Salesforce cannot be built.
#[derive(Debug, Error)]
pub enum SalesforceError {
    /// The settings of logins are invalid.
    #[error("{0}")]
    Setting(#[from] SettingError),
    /// No certificates, or a malformed proxy setting.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// All orgs that the service talks to: one HTTP client, one cache of tokens.
#[derive(Debug)]
pub struct Salesforce {
    client: client::Client,
    tokens: auth::Tokens,
    hosts: AllowedHosts,
    api_version: String,
    users: OrgUsers,
    lookups: Lookups,
    cache: LookupCache,
    field_types: FieldTypes,
    limits: Arc<Limits>,
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
    /// Builds the client from the settings. The answers that it reads count in the memory of requests in flight.
    ///
    /// # Errors
    /// [`SalesforceError`].
    pub fn new(
        settings: &SalesforceSettings,
        metrics: Arc<Metrics>,
        in_flight: InFlight,
    ) -> Result<Self, SalesforceError> {
        let limits = Arc::new(Limits::new(settings));
        Ok(Self {
            client: client::Client::new(settings, metrics, Arc::clone(&limits), in_flight)?,
            tokens: auth::Tokens::new(settings)?,
            hosts: settings.allowed_hosts.clone(),
            api_version: settings.api_version.clone(),
            users: OrgUsers::default(),
            lookups: Lookups::new(settings.lookup_window),
            cache: LookupCache::new(settings.lookup_cache_ttl),
            field_types: FieldTypes::default(),
            limits,
        })
    }

    /// The API calls of the orgs: what is left, and what was spent.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Where what is written is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.client.metrics()
    }

    /// Reads the files of the settings of logins again, and logs what came of it.
    pub fn reread(&self) {
        self.tokens.reread();
    }

    /// Counts keys that need not be asked for because another event of the same request wants them too.
    pub fn repeated(&self, keys: usize) {
        self.client.metrics().lookups(LookupSource::Repeated, keys);
    }

    /// Opens a session and asks for the records of these keys, together with whoever asks the same org at the same time. A
    /// login whose session has expired is renewed once and asked again; an OAuth secret is for rudder-server to refresh.
    ///
    /// # Errors
    /// [`AuthError`] where no session can be had, or Salesforce no longer accepts it: a request that carried its token
    /// would be refused, and its event dropped. Any other failed lookup is a fault of its own keys in [`Asked::found`].
    pub async fn ask(
        self: &Arc<Self>,
        credentials: &Credentials,
        wanted: &[Wanted],
    ) -> Result<Asked, Arc<AuthError>> {
        let session = self.session(credentials).await?;
        let (cached, unknown) = self.cached(&self.users.of(&session), wanted);
        match self.ask_with(session, cached, &unknown).await {
            Err(error) if matches!(*error, AuthError::Expired(_)) && !credentials.is_oauth() => {
                // What was found with the old session is not known of the new one, which may be another user's.
                let session = self.session(credentials).await?;
                self.ask_with(session, Found::default(), wanted).await
            }
            asked => asked,
        }
    }

    async fn ask_with(
        self: &Arc<Self>,
        session: Arc<Session>,
        mut found: Found,
        unknown: &[Wanted],
    ) -> Result<Asked, Arc<AuthError>> {
        let user = self.users.of(&session);
        found.extend(self.lookups.find(self, &session, &user, unknown).await);
        match found.expiry() {
            None => Ok(Asked { session, found }),
            Some(fault) => {
                self.renew(&session).await;
                Err(Arc::new(AuthError::Expired(fault)))
            }
        }
    }

    /// Asks for the records of keys at once, without waiting for others; of those that the cache holds only where
    /// `may_be_cached`.
    pub(crate) async fn find_now(
        &self,
        session: &Session,
        wanted: Vec<Wanted>,
        may_be_cached: bool,
    ) -> Found {
        let user = self.users.of(session);
        let (mut found, unknown) = if may_be_cached {
            self.cached(&user, &wanted)
        } else {
            (Found::default(), wanted)
        };
        found.extend(self.find(session, &user, unknown).await);
        found
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`AuthError`] where none can be had.
    pub(crate) async fn session(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<Session>, Arc<AuthError>> {
        self.tokens.session(&self.client, credentials).await
    }

    /// Forgets a session that Salesforce no longer accepts: the next one is new.
    pub(crate) async fn renew(&self, session: &Session) {
        self.tokens
            .evict(&self.client, session.authorization())
            .await;
    }

    /// Asks for the records of a key, together with whoever asks the same org at the same time, and never answers with what
    /// is cached.
    pub(crate) async fn look_up(self: &Arc<Self>, session: &Arc<Session>, key: &Key) -> Found {
        let wanted = Wanted {
            key: key.clone(),
            fields: Vec::new(),
        };
        let user = self.users.of(session);
        self.lookups.find(self, session, &user, &[wanted]).await
    }

    /// Forgets an id that a lookup has found, because Salesforce says that it is no longer what it was.
    pub(crate) fn forget(&self, org: &Instance, id: &str) {
        self.cache.forget(org, id);
    }
}
