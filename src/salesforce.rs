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
mod learnt;
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
    sync::Arc,
    time::{Duration, Instant},
};

use thiserror::Error;

pub use auth::AuthError;
pub(crate) use collections::RecordWrite;
pub use credentials::Credentials;
pub(crate) use credentials::SecretFlaw;
pub use fault::Fault;
pub use key::Key;
pub(crate) use learnt::exchange;
pub use limits::Limits;
pub(crate) use limits::Spares;
pub use page::Row;
pub(crate) use results::{Found, Supposition};
pub use session::{Instance, Session};
pub use soql::Wanted;

use self::{
    cache::{OrgUser, RecordMemory},
    creates::{CreateKey, Creates},
    describe::{Describes, MaxAge},
    field_types::FieldTypes,
    single_flight::SingleFlight,
};
use crate::{
    config::{AllowedHosts, SalesforceSettings, SettingError},
    metrics::{LookupSource, Metrics},
    server::memory::InFlight,
    shared_state::{KeyedHash, SharedState},
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
    /// Tells users and jobs apart, as all replicas that share a store do.
    identities: KeyedHash,
    lookups: SingleFlight,
    records: RecordMemory,
    creates: Creates,
    field_types: FieldTypes,
    describes: Describes,
    /// How recently Salesforce must have accepted a session for requests that others send without being able to renew it.
    accepted_within: Duration,
    limits: Arc<Limits>,
    /// What is exchanged with other replicas.
    learning: learnt::Learning,
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
        let limits = Arc::new(Limits::shared(settings, shared_state.clone()));
        let identities = shared_state.identities();
        Ok(Self {
            client: client::Client::new(settings, metrics, Arc::clone(&limits), in_flight)?,
            tokens: auth::Tokens::new(settings, identities)?,
            hosts: settings.allowed_hosts.clone(),
            api_version: settings.api_version.clone(),
            identities,
            lookups: SingleFlight::new(settings.lookup_window),
            records: RecordMemory::new(settings, shared_state.clone()),
            creates: Creates::new(settings, &shared_state),
            field_types: FieldTypes::default(),
            describes: Describes::new(settings.describe_ttl, settings.describe_wait),
            accepted_within: settings.accepted_within,
            limits,
            learning: learnt::Learning::default(),
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

    /// How long a call takes at most.
    pub(crate) fn timeout(&self) -> Duration {
        self.client.timeout()
    }

    /// What is shared with other replicas.
    pub(crate) fn shared_state(&self) -> &SharedState {
        &self.shared_state
    }

    /// The hash by which users and jobs are recognised, the same for all replicas that share a store.
    pub(crate) fn identities(&self) -> KeyedHash {
        self.identities
    }

    /// Expects that duplicate rules find records that are then updated, here or at another replica.
    pub(crate) fn expect_duplicates(&self) {
        self.records.expect_duplicates();
    }

    /// Remembers the record that a duplicate rule found when it refused a create for a key.
    pub(crate) fn remember_duplicate(
        &self,
        credentials: Option<&Credentials>,
        session: &Session,
        key: &Key,
        row: &Row,
    ) {
        let user = self.creator(credentials, session);
        self.records.matched(&user, key, row);
    }

    /// Remembers the records that were created for keys which no record had.
    pub(crate) fn remember_created(
        &self,
        credentials: &Credentials,
        session: &Session,
        created: &[(&Key, String)],
    ) {
        if created.is_empty() || !self.records.keeps_ids() {
            return;
        }
        let user = self.creator(Some(credentials), session);
        let rows = created.iter().map(|(_, id)| [Row::created(id.clone())]);
        let rows: Vec<_> = rows.collect();
        let keys = created.iter().map(|(key, _)| *key);
        let found: Vec<_> = keys.zip(rows.iter().map(<[Row; 1]>::as_slice)).collect();
        self.records.found(&user, Instant::now(), &found);
    }

    /// The creates under way.
    pub(crate) fn creates(&self) -> &Creates {
        &self.creates
    }

    /// The user who creates records with these credentials. A login stays the same user when its session is renewed, and
    /// at each destination that it serves.
    #[must_use]
    pub(crate) fn creator(&self, credentials: Option<&Credentials>, session: &Session) -> OrgUser {
        OrgUser {
            org: session.instance().clone(),
            user: self.tokens.user(credentials, session),
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
            MaxAge::Accepted(self.accepted_within)
        } else {
            MaxAge::Any
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
        max_age: MaxAge,
    ) -> Result<Asked, Arc<AuthError>> {
        let user = self.creator(Some(credentials), &session);
        let external_ids = self.external_ids(credentials, &session, wanted, max_age);
        let external_ids = external_ids.await;
        let cached = self.cached(&user, external_ids.without(wanted), may_be_cached);
        let (mut found, unknown) = cached.await;
        let asked = self.lookups.find(self, &session, &user, &unknown, false);
        found.extend(asked.await);
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
        let user = self.creator(Some(credentials), session);
        // The writes that follow would find out that the session has expired.
        let external_ids = self.external_ids(credentials, session, wanted, MaxAge::Any);
        let external_ids = external_ids.await;
        let cached = self.cached(&user, external_ids.without(wanted), may_be_cached);
        let (mut found, unknown) = cached.await;
        if !unknown.is_empty() {
            found.extend(self.find(session, &user, unknown).await);
        }
        found.identified_by(external_ids);
        found
    }

    /// Opens a session, and catches up on what other replicas know of its org.
    ///
    /// # Errors
    /// [`AuthError`] if no session can be opened.
    pub(crate) async fn session(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<Session>, Arc<AuthError>> {
        let session = self.tokens.session(&self.client, credentials).await?;
        self.catch_up(session.instance()).await;
        Ok(session)
    }

    /// Forgets a session that Salesforce no longer accepts, so that the next call opens a new one.
    pub(crate) async fn renew(&self, session: &Session) {
        self.tokens
            .evict(&self.client, session.authorization())
            .await;
    }

    /// Looks up the records of a key now, and bypasses the cache: a lookup that was sent before may have missed a record that was
    /// created since. Concurrent calls for the same org share queries.
    pub(crate) async fn look_up(
        self: &Arc<Self>,
        credentials: Option<&Credentials>,
        session: &Arc<Session>,
        key: &Key,
    ) -> Found {
        let wanted = Wanted {
            key: key.clone(),
            fields: Vec::new(),
            needs_record: true,
        };
        let user = self.creator(credentials, session);
        self.lookups
            .find(self, session, &user, &[wanted], true)
            .await
    }

    /// Forgets a record, at all replicas, because Salesforce reports that it is gone or has become another.
    pub(crate) fn forget(&self, org: &Instance, id: &str) {
        self.records.forget(org, id);
    }
}
