//! The API of an org. Only this module calls Salesforce.
//!
//! `auth` opens sessions, and `lookup` finds records through `client`. Every failure becomes a `fault`, which states
//! what to do next: its disposition.

mod accepted;
pub(crate) mod address;
pub(crate) mod auth;
pub(crate) mod batcher;
mod body;
pub(crate) mod by_key;
mod cache;
pub(crate) mod client;
pub(crate) mod collections;
pub(crate) mod composite;
pub(crate) mod creates;
pub(crate) mod credentials;
pub(crate) mod delivery;
pub(crate) mod describe;
mod external_id;
pub(crate) mod fault;
pub(crate) mod field_types;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod id;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod literal;
mod lookup;
pub(crate) mod operation;
mod org_view;
pub(crate) mod page;
pub(crate) mod results;
pub(crate) mod sent;
pub(crate) mod session;
mod single_flight;
pub(crate) mod soql;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

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
pub(crate) use results::{Found, Supposition};
pub use session::{Instance, Session};
pub use soql::Wanted;

use self::{
    cache::{LookupCache, OrgUser, OrgUsers},
    creates::{CreateKey, Creates},
    describe::Describes,
    field_types::FieldTypes,
    single_flight::SingleFlight,
};
use crate::{
    config::{AllowedHosts, SalesforceSettings, SettingError},
    metrics::{LookupSource, Metrics},
    server::memory::InFlight,
    shared_state::SharedState,
};

/// The reason why the Salesforce client cannot be built.
#[derive(Debug, Error)]
pub enum SalesforceError {
    /// A login setting is invalid.
    #[error("{0}")]
    Setting(#[from] SettingError),
    /// The platform's certificates cannot be loaded, or a proxy setting is malformed.
    #[error("cannot create the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// All orgs that the service calls. They share one HTTP client and one token cache.
#[derive(Debug)]
pub struct Salesforce {
    client: client::Client,
    tokens: auth::Tokens,
    hosts: AllowedHosts,
    api_version: String,
    users: OrgUsers,
    lookups: SingleFlight,
    cache: LookupCache,
    /// The records that duplicate rules found, by the key of the refused create (`DUPLICATES_TTL`).
    ///
    /// It exists once there is one, so that lookups that find nothing do not ask it in vain.
    duplicates: OnceLock<LookupCache>,
    duplicates_ttl: Duration,
    creates: Creates,
    field_types: FieldTypes,
    describes: Describes,
    /// How recently Salesforce must have accepted a session for requests that others send without being able to renew it.
    accepted_within: Duration,
    limits: Arc<Limits>,
    /// What the memories above share with other replicas.
    shared_state: SharedState,
}

/// The answer of an org to a batch: the session to write with, and the records that were found.
#[derive(Debug)]
pub struct Asked {
    /// The session. It is a new one if the first had expired.
    pub session: Arc<Session>,
    /// The records found for the requested keys.
    pub found: Found,
    /// The keys that Salesforce was asked for. What was found for the others is remembered, or they need no lookup.
    pub looked_up: Vec<Wanted>,
}

impl Salesforce {
    /// Builds the client from the settings. The memory of the responses that it reads counts towards the memory of
    /// requests in flight. What it remembers is shared with the replicas that have the same `shared_state`.
    ///
    /// # Errors
    /// [`SalesforceError`].
    pub(crate) fn new(
        settings: &SalesforceSettings,
        shared_state: SharedState,
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
            lookups: SingleFlight::new(settings.lookup_window),
            cache: LookupCache::new(settings.lookup_cache_ttl),
            duplicates: OnceLock::new(),
            duplicates_ttl: settings.duplicates_ttl,
            creates: Creates::new(settings.create_window),
            field_types: FieldTypes::default(),
            describes: Describes::new(settings.describe_ttl, settings.describe_wait),
            accepted_within: settings.accepted_within,
            limits,
            shared_state,
        })
    }

    /// The API calls of the orgs: how many are left, and how many were spent.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The metrics that count the writes.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.client.metrics()
    }

    /// Reads the files of the login settings again, and logs the result. Objects are described anew when they are used next.
    pub fn reread(&self) {
        self.describes.reread();
        self.tokens.reread();
    }

    /// Remembers the record that a duplicate rule found when it refused a create for a key.
    pub(crate) fn remember_duplicate(&self, session: &Session, key: &Key, row: &Row) {
        let user = self.users.of(session);
        let rows = std::slice::from_ref(row);
        let duplicates = (self.duplicates).get_or_init(|| LookupCache::new(self.duplicates_ttl));
        duplicates.set(&user, key, Instant::now(), rows);
    }

    /// The creates under way.
    pub(crate) fn creates(&self) -> &Creates {
        &self.creates
    }

    /// The user who creates records with these credentials. A login stays the same user when its session is renewed, and
    /// at each destination that it serves.
    #[must_use]
    pub(crate) fn creator(&self, credentials: Option<&Credentials>, session: &Session) -> OrgUser {
        let user = credentials.and_then(|credentials| self.tokens.user(credentials));
        match user {
            Some(user) => OrgUser {
                org: session.instance().clone(),
                user,
            },
            None => self.users.of(session),
        }
    }

    /// Lets records be created again, once they are gone, that were found with these credentials.
    pub(crate) async fn found(&self, credentials: &Credentials, asked: &Asked, wanted: &[Wanted]) {
        if self.creates.awaits_lookups() {
            let keys = wanted.iter().map(|wanted| &wanted.key);
            let is_found = |key: &&Key| asked.found.rows(key).is_ok_and(|rows| !rows.is_empty());
            let user = self.creator(Some(credentials), &asked.session);
            let name = |key: &Key| CreateKey::new(user.clone(), key.clone());
            let keys = keys.filter(is_found).map(name);
            self.creates.found(keys.collect()).await;
        }
    }

    /// Counts keys that need no query of their own because another event of the same request has the same key.
    pub fn repeated(&self, keys: usize) {
        self.client.metrics().lookups(LookupSource::Repeated, keys);
    }

    /// Opens a session and looks up the records of these keys. Concurrent calls for the same org share queries. If the
    /// session of a login has expired, it is renewed once and the lookup repeated. An expired OAuth secret is left to
    /// rudder-server, which refreshes it. Keys that are external ids need no lookup; `must_accept` then makes sure that Salesforce has
    /// accepted the session recently, because whoever gets the described requests cannot renew it. `objects` are described.
    ///
    /// # Errors
    /// [`AuthError`] if no session can be opened, or if Salesforce no longer accepts it: a described request with its
    /// token would be refused, and its event dropped. Any other failed lookup affects only its own keys, in
    /// [`Asked::found`].
    pub async fn ask(
        self: &Arc<Self>,
        credentials: &Credentials,
        wanted: &[Wanted],
        objects: &[String],
        must_accept: bool,
    ) -> Result<Asked, Arc<AuthError>> {
        let max_age = if must_accept {
            self.accepted_within
        } else {
            Duration::MAX
        };
        let session = self.session(credentials).await?;
        let asked = self.ask_with(credentials, session, wanted, true, max_age);
        let mut asked = match asked.await {
            Err(error) if matches!(*error, AuthError::Expired(_)) && !credentials.is_oauth() => {
                // Discard what the old session has found: the new session may belong to another user, who sees other
                // records.
                let session = self.session(credentials).await?;
                self.ask_with(credentials, session, wanted, false, max_age)
                    .await
            }
            asked => asked,
        }?;
        let objects = objects.iter().map(String::as_str);
        let descriptions = self.describe_all(credentials, &asked.session, objects);
        asked.found.describe(descriptions.await);
        Ok(asked)
    }

    async fn ask_with(
        self: &Arc<Self>,
        credentials: &Credentials,
        session: Arc<Session>,
        wanted: &[Wanted],
        may_be_cached: bool,
        max_age: Duration,
    ) -> Result<Asked, Arc<AuthError>> {
        let user = self.users.of(&session);
        let external_ids = self.external_ids(credentials, &session, wanted, max_age);
        let external_ids = external_ids.await;
        let (mut found, unknown) = self.cached(&user, external_ids.without(wanted), may_be_cached);
        found.extend(self.lookups.find(self, &session, &user, &unknown).await);
        found.identified_by(external_ids);
        match found.expiry() {
            None => Ok(Asked {
                session,
                found,
                looked_up: unknown,
            }),
            Some(fault) => {
                self.renew(&session).await;
                Err(Arc::new(AuthError::Expired(fault)))
            }
        }
    }

    /// Looks up keys immediately, without waiting for concurrent requests. The cache is used only if `may_be_cached` is
    /// set.
    pub(crate) async fn find_now(
        self: &Arc<Self>,
        credentials: &Credentials,
        session: &Arc<Session>,
        wanted: &[Wanted],
        may_be_cached: bool,
    ) -> Found {
        let user = self.users.of(session);
        // The writes that follow would find out that the session has expired.
        let external_ids = self.external_ids(credentials, session, wanted, Duration::MAX);
        let external_ids = external_ids.await;
        let (mut found, unknown) = self.cached(&user, external_ids.without(wanted), may_be_cached);
        if !unknown.is_empty() {
            found.extend(self.find(session, &user, unknown).await);
        }
        found.identified_by(external_ids);
        found
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`AuthError`] if no session can be opened.
    pub(crate) async fn session(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<Session>, Arc<AuthError>> {
        self.tokens.session(&self.client, credentials).await
    }

    /// Forgets a session that Salesforce no longer accepts, so that the next call opens a new one.
    pub(crate) async fn renew(&self, session: &Session) {
        self.tokens
            .evict(&self.client, session.authorization())
            .await;
    }

    /// Looks up the records of a key and bypasses the cache. Concurrent calls for the same org share queries.
    pub(crate) async fn look_up(self: &Arc<Self>, session: &Arc<Session>, key: &Key) -> Found {
        let wanted = Wanted {
            key: key.clone(),
            fields: Vec::new(),
            needs_record: true,
        };
        let user = self.users.of(session);
        self.lookups.find(self, session, &user, &[wanted]).await
    }

    /// Removes a record id from the cache, because Salesforce reports that the record is gone or has become another.
    pub(crate) fn forget(&self, org: &Instance, id: &str) {
        self.cache.forget(org, id);
        if let Some(duplicates) = self.duplicates.get() {
            duplicates.forget(org, id);
        }
    }
}
