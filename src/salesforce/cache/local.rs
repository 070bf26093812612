//! The records found recently, in this process.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{FoundRows, MAX_LOOKUP, OrgUser, short_id};
use crate::salesforce::{key::Key, page::Row, session::Instance};

/// The maximum number of cached keys.
const MAX_KEYS: u64 = 100_000;

/// The recently found records, by user and key.
pub(super) struct LocalRows {
    /// The records found for each key.
    rows: Cache<(OrgUser, String), FoundRows>,
    /// When each record was last reported to be gone. Searching all cached records for it would take too long.
    gone: Cache<(Instance, String), Instant>,
}

impl LocalRows {
    /// Caches records for `time`.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            rows: Cache::builder()
                .max_capacity(MAX_KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(time)
                .build(),
            gone: Cache::builder()
                .max_capacity(MAX_KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(time.saturating_add(MAX_LOOKUP))
                .build(),
        }
    }

    /// The cached records of a key, unless one of them has been reported gone since they were requested.
    pub(super) fn get(&self, user: &OrgUser, key: &Key) -> Option<Arc<[Row]>> {
        let found = self.rows.get(&name(user, key))?;
        self.unless_gone(&user.org, found)
    }

    /// Records of an org, unless one of them has been reported gone since they were requested.
    pub(super) fn unless_gone(
        &self,
        org: &Instance,
        (asked, rows): FoundRows,
    ) -> Option<Arc<[Row]>> {
        let is_there = |row: &Row| {
            let gone = self.gone.get(&record(org, &row.id));
            gone.is_none_or(|gone| gone < asked)
        };
        rows.iter().all(is_there).then_some(rows)
    }

    /// Stores the records found by a lookup that started at `asked`. Field values are not stored, because they change
    /// too often.
    pub(super) fn set(&self, user: &OrgUser, key: &Key, asked: Instant, rows: &[Row]) {
        if super::is_lasting(rows) {
            let rows = rows.iter().map(Row::without_values).collect();
            self.rows.insert(name(user, key), (asked, rows));
        } else {
            self.rows.invalidate(&name(user, key));
        }
    }

    /// Forgets a record of an org for all users.
    pub(super) fn forget(&self, org: &Instance, id: &str) {
        self.gone.insert(record(org, id), Instant::now());
    }
}

/// Omits the keys, which contain e-mail addresses: the `Debug` of a moka cache prints its entries.
impl fmt::Debug for LocalRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRows")
            .field("keys", &self.rows.entry_count())
            .finish_non_exhaustive()
    }
}

fn name(user: &OrgUser, key: &Key) -> (OrgUser, String) {
    (user.clone(), key.folded().to_owned())
}

fn record(org: &Instance, id: &str) -> (Instance, String) {
    (org.clone(), short_id(id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::AllowedHosts, json::value};

    const ID: &str = "00Q5g0000000001EAA";

    fn user() -> OrgUser {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let org = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
        OrgUser { org, user: 1 }
    }

    fn ada() -> Key {
        Key::lead("ada@example.com").unwrap()
    }

    fn row(more: &str) -> Row {
        let record = format!(r#"{{"Id":"{ID}","City":"London"{more}}}"#);
        let record = value(record).as_object().unwrap();
        let row = Row::read(record, "Email").unwrap();
        row.with_values(record)
    }

    fn cache_of(rows: &[Row]) -> LocalRows {
        let cache = LocalRows::new(Duration::from_hours(1));
        cache.set(&user(), &ada(), Instant::now(), rows);
        cache
    }

    #[test]
    fn ids_are_remembered_and_values_are_not() {
        let rows = cache_of(&[row("")]).get(&user(), &ada()).unwrap();
        assert_eq!(rows[0].id, ID);
        assert!(rows[0].value("City").is_none());
    }

    #[test]
    fn a_deleted_record_is_not_remembered() {
        let cache = cache_of(&[row(r#","IsDeleted":true"#)]);
        assert!(cache.get(&user(), &ada()).is_none());
    }

    #[test]
    fn that_nothing_was_found_makes_what_was_known_forgotten() {
        let cache = cache_of(&[row("")]);
        cache.set(&user(), &ada(), Instant::now(), &[]);
        assert!(cache.get(&user(), &ada()).is_none());
    }

    #[test]
    fn a_lookup_that_began_before_a_record_went_does_not_bring_it_back() {
        let cache = LocalRows::new(Duration::from_hours(1));
        let asked = Instant::now();
        cache.forget(&user().org, &ID[..15]);
        cache.set(&user(), &ada(), asked, &[row("")]);
        assert!(cache.get(&user(), &ada()).is_none());
        let later = Instant::now() + Duration::from_secs(1);
        cache.set(&user(), &ada(), later, &[row("")]);
        assert!(cache.get(&user(), &ada()).is_some());
    }
}
