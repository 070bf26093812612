//! The memory of record ids: those that lookups have found and writes have created (`LOOKUP_CACHE_TTL`), and those that duplicate
//! rules have found (`DUPLICATES_TTL`).
//!
//! An empty result is never remembered, because the record may be created at any time. While replicas share a store, it decides:
//! another replica may have learnt that a record is gone. The memory in this process answers while the store is away.

mod local;
mod shared;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use self::{
    local::LocalRows,
    shared::{RowSource, SharedRows},
};
use crate::{
    config::SalesforceSettings,
    salesforce::{key::Key, page::Row, session::Instance},
    shared_state::SharedState,
};

/// A user of an org. Two users may see different records. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OrgUser {
    pub(super) org: Instance,
    /// A fingerprint of the user. Replicas that share a store agree on it.
    pub(super) user: u64,
}

/// How much longer it is remembered that a record is gone than records are: a lookup that began earlier may still return the
/// record.
const MAX_LOOKUP: Duration = Duration::from_mins(10);

/// The ids of records, by user and key.
#[derive(Debug)]
pub(super) struct RecordMemory {
    /// The records that were found or created; `None` if they are not remembered.
    ids: Option<LocalRows>,
    /// The records that duplicate rules found, by the key of the refused create. It exists once there is one, so that lookups
    /// that find nothing do not ask it in vain.
    duplicates: OnceLock<LocalRows>,
    duplicates_ttl: Duration,
    /// Whether a destination may update what duplicate rules find, so that a replica may have stored one.
    expects_duplicates: AtomicBool,
    shared: SharedRows,
}

/// When records were requested, and the records.
type FoundRows = (Instant, Arc<[Row]>);

/// The records of each key, in order; `None` if they are not known.
pub(super) type KnownRows = Vec<Option<Arc<[Row]>>>;

impl RecordMemory {
    /// Remembers records for the times of these settings, together with the replicas that share a store.
    pub(super) fn new(settings: &SalesforceSettings, shared_state: SharedState) -> Self {
        let (ids_ttl, duplicates_ttl) = (settings.lookup_cache_ttl, settings.duplicates_ttl);
        Self {
            ids: (!ids_ttl.is_zero()).then(|| LocalRows::new(ids_ttl)),
            duplicates: OnceLock::new(),
            duplicates_ttl,
            expects_duplicates: AtomicBool::new(false),
            shared: SharedRows::new(shared_state, ids_ttl, duplicates_ttl),
        }
    }

    /// Whether ids that were found or created are remembered.
    pub(super) fn keeps_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// Asks from now on which records duplicate rules have found at other replicas.
    pub(super) fn expect_duplicates(&self) {
        self.expects_duplicates.store(true, Ordering::Relaxed);
    }

    /// The records that were found or created for keys. The store is asked at most once.
    pub(super) async fn ids(&self, user: &OrgUser, keys: &[&Key]) -> KnownRows {
        let Some(local) = &self.ids else {
            return vec![None; keys.len()];
        };
        match self.shared.find(RowSource::Lookup, user, keys).await {
            Some(known) => there(local, user, known),
            None => keys.iter().map(|key| local.get(user, key)).collect(),
        }
    }

    /// Remembers what a lookup that started at `asked` has found, or what was created since then.
    pub(super) fn found(&self, user: &OrgUser, asked: Instant, found: &[(&Key, &[Row])]) {
        if let Some(local) = &self.ids {
            for (key, rows) in found {
                local.set(user, key, asked, rows);
            }
            self.shared.set(RowSource::Lookup, user, asked, found);
        }
    }

    /// The records that duplicate rules have found for keys. The store is asked at most once, and only if there may be any.
    pub(super) async fn duplicates(&self, user: &OrgUser, keys: &[&Key]) -> KnownRows {
        if self.expects_duplicates.load(Ordering::Relaxed)
            && let Some(known) = self.shared.find(RowSource::DuplicateRule, user, keys).await
        {
            return there(self.local_duplicates(), user, known);
        }
        let local = self.duplicates.get();
        let known = |key: &&Key| local.and_then(|local| local.get(user, key));
        keys.iter().map(known).collect()
    }

    fn local_duplicates(&self) -> &LocalRows {
        let duplicates = || LocalRows::new(self.duplicates_ttl);
        self.duplicates.get_or_init(duplicates)
    }

    /// Remembers the record that a duplicate rule has found when it refused a create for a key.
    pub(super) fn matched(&self, user: &OrgUser, key: &Key, row: &Row) {
        let (now, rows) = (Instant::now(), std::slice::from_ref(row));
        self.local_duplicates().set(user, key, now, rows);
        self.shared
            .set(RowSource::DuplicateRule, user, now, &[(key, rows)]);
    }

    /// Forgets a record of an org for all users, at all replicas.
    pub(super) fn forget(&self, org: &Instance, id: &str) {
        if self.shared.is_configured() && self.expects_duplicates.load(Ordering::Relaxed) {
            self.local_duplicates();
        }
        let mut is_remembered = false;
        for local in self.ids.iter().chain(self.duplicates.get()) {
            local.forget(org, id);
            is_remembered = true;
        }
        if is_remembered {
            self.shared.forget(org, id);
        }
    }
}

/// What the store knows, unless this process knows better: it has been told in the background which records are gone.
fn there(local: &LocalRows, user: &OrgUser, known: Vec<Option<FoundRows>>) -> KnownRows {
    let there = |found: Option<FoundRows>| local.unless_gone(&user.org, found?);
    known.into_iter().map(there).collect()
}

/// Whether records may be remembered: there are some, and none is in the recycle bin.
fn is_lasting(rows: &[Row]) -> bool {
    !rows.is_empty() && !rows.iter().any(|row| row.is_deleted)
}

/// The 15-character id of a record. The 18-character id adds a checksum.
fn short_id(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}
