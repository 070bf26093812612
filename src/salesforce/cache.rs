//! Ids that were found lately (`LOOKUP_CACHE_TTL`). That nothing was found is never remembered.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::salesforce::{
    key::Key,
    page::Row,
    session::{Instance, Session},
};

/// How many keys are remembered.
const MAX_KEYS: u64 = 100_000;

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

/// How much longer than its records it is remembered that one is gone: a lookup that began before may still bring it.
const MAX_LOOKUP: Duration = Duration::from_mins(10);

/// The records that were found lately, by user and key.
#[derive(Debug)]
pub(super) struct Remembered(Option<Memory>);

/// When records were asked for, and which were found.
type AskedRows = (Instant, Arc<[Row]>);

struct Memory {
    /// What was found for each key.
    rows: Cache<(Viewer, String), AskedRows>,
    /// When a record was last said to be gone. To look for it among all rows would take long.
    gone: Cache<(Instance, String), Instant>,
}

/// Without the keys, which hold e-mails: a cache shows all of its own.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("keys", &self.rows.entry_count())
            .finish_non_exhaustive()
    }
}

impl Remembered {
    /// Remembers for so long; zero: never.
    pub(super) fn new(time: Duration) -> Self {
        let memory = || Memory {
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
        };
        Self((!time.is_zero()).then(memory))
    }

    /// The records of a key, unless one of them has gone since they were asked for.
    pub(super) fn get(&self, viewer: &Viewer, key: &Key) -> Option<Arc<[Row]>> {
        let memory = self.0.as_ref()?;
        let (asked, rows) = memory.rows.get(&name(viewer, key))?;
        let is_there = |row: &Row| {
            let gone = memory.gone.get(&record(&viewer.org, &row.id));
            gone.is_none_or(|gone| gone < asked)
        };
        rows.iter().all(is_there).then_some(rows)
    }

    /// Takes what a lookup has found that asked at this time. What fields hold changes too often to be remembered.
    pub(super) fn set(&self, viewer: &Viewer, key: &Key, asked: Instant, rows: &[Row]) {
        let Some(memory) = &self.0 else {
            return;
        };
        if rows.is_empty() || rows.iter().any(|row| row.is_deleted) {
            memory.rows.invalidate(&name(viewer, key));
        } else {
            let rows = rows.iter().map(Row::without_values).collect();
            memory.rows.insert(name(viewer, key), (asked, rows));
        }
    }

    /// Forgets a record of an org, whoever has found it.
    pub(super) fn forget(&self, org: &Instance, id: &str) {
        if let Some(memory) = &self.0 {
            memory.gone.insert(record(org, id), Instant::now());
        }
    }
}

fn name(viewer: &Viewer, key: &Key) -> (Viewer, String) {
    (viewer.clone(), key.folded().to_owned())
}

/// A record's name, which is the same with and without the checksum of its id.
fn record(org: &Instance, id: &str) -> (Instance, String) {
    (org.clone(), id.get(..15).unwrap_or(id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json::value, salesforce::AllowedHosts};

    const ID: &str = "00Q5g0000000001EAA";

    fn viewer() -> Viewer {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let org = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
        Viewer { org, token: 1 }
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

    fn remembering(rows: &[Row]) -> Remembered {
        let remembered = Remembered::new(Duration::from_hours(1));
        remembered.set(&viewer(), &ada(), Instant::now(), rows);
        remembered
    }

    #[test]
    fn ids_are_remembered_and_values_are_not() {
        let rows = remembering(&[row("")]).get(&viewer(), &ada()).unwrap();
        assert_eq!(rows[0].id, ID);
        assert!(rows[0].value("City").is_none());
    }

    #[test]
    fn a_deleted_record_is_not_remembered() {
        let remembered = remembering(&[row(r#","IsDeleted":true"#)]);
        assert!(remembered.get(&viewer(), &ada()).is_none());
    }

    #[test]
    fn that_nothing_was_found_makes_what_was_known_forgotten() {
        let remembered = remembering(&[row("")]);
        remembered.set(&viewer(), &ada(), Instant::now(), &[]);
        assert!(remembered.get(&viewer(), &ada()).is_none());
    }

    #[test]
    fn a_lookup_that_began_before_a_record_went_does_not_bring_it_back() {
        let remembered = Remembered::new(Duration::from_hours(1));
        let asked = Instant::now();
        remembered.forget(&viewer().org, &ID[..15]);
        remembered.set(&viewer(), &ada(), asked, &[row("")]);
        assert!(remembered.get(&viewer(), &ada()).is_none());
        let later = Instant::now() + Duration::from_secs(1);
        remembered.set(&viewer(), &ada(), later, &[row("")]);
        assert!(remembered.get(&viewer(), &ada()).is_some());
    }
}
