//! Ids that were found lately (`LOOKUP_CACHE_TTL`). That nothing was found is never remembered.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::salesforce::{
    key::Key,
    lookup::Row,
    session::{Instance, Session},
};

/// How many keys are remembered.
const MOST_KEYS: u64 = 100_000;

/// A user of an org: two of them see different records. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Viewer {
    pub(super) org: Instance,
    token: u64,
}

/// Tells the users of orgs apart.
#[derive(Debug, Default)]
pub(super) struct Viewers(RandomState);

impl Viewers {
    pub(super) fn of(&self, session: &Session) -> Viewer {
        Viewer {
            org: session.instance().clone(),
            token: self.0.hash_one(session.authorization()),
        }
    }
}

/// The records that were found lately, by user and key.
#[derive(Debug)]
pub(super) struct Remembered(Option<Rows>);

type Rows = Cache<(Viewer, String), Arc<[Row]>>;

impl Remembered {
    /// Remembers for so long; zero: never.
    pub(super) fn new(time: Duration) -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(MOST_KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(time)
                .build()
        };
        Self((!time.is_zero()).then(cache))
    }

    pub(super) fn get(&self, viewer: &Viewer, key: &Key) -> Option<Arc<[Row]>> {
        self.0
            .as_ref()?
            .get(&(viewer.clone(), key.folded().to_owned()))
    }

    pub(super) fn set(&self, viewer: &Viewer, key: &Key, rows: &Arc<[Row]>) {
        if let Some(cache) = self.0.as_ref().filter(|_| !rows.is_empty()) {
            cache.insert((viewer.clone(), key.folded().to_owned()), Arc::clone(rows));
        }
    }

    /// Forgets a record of an org, whoever has found it.
    pub(super) fn forget(&self, org: &Instance, id: &str) {
        let stem = |id: &str| id.get(..15).unwrap_or(id).to_owned();
        let is_meant = |rows: &[Row]| rows.iter().any(|row| stem(&row.id) == stem(id));
        let Some(cache) = &self.0 else {
            return;
        };
        let of_record = cache
            .iter()
            .filter(|(of, rows)| of.0.org == *org && is_meant(rows));
        for (of, _) in of_record {
            cache.invalidate(&*of);
        }
    }
}
