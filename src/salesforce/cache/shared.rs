//! The records found recently, in the store that replicas share.
//!
//! An entry holds the format's version, when its records were asked for by the store's clock, and a line for each record. When a record was
//! last reported to be gone is kept beside it for the whole org, because the reporter does not know which entries name the record.

mod row;

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use super::{FoundRows, MAX_LOOKUP, OrgUser, is_lasting, short_id};
use crate::{
    salesforce::{key::Key, page::Row, session::Instance},
    shared_state::{Arg, Call, EntryKind, EntryName, Names, Script, SharedState},
};

static FIND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shared/find.lua")));

static SET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shared/set.lua")));

static FORGET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shared/forget.lua")));

/// Who has found the records of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowSource {
    /// A lookup, or the create that followed when it found none.
    Lookup,
    /// A duplicate rule that has refused a create.
    DuplicateRule,
}

/// By how much a lookup counts as older than it is: the store learns what it has found somewhat later. A record that has gone within
/// this time before a lookup is looked up once more.
const DELAY: Duration = Duration::from_secs(1);

/// The records of all replicas.
#[derive(Debug)]
pub(super) struct SharedRows {
    state: SharedState,
    ids_ttl: Duration,
    matches_ttl: Duration,
}

impl SharedRows {
    /// The records in this store, if there is one, each kept for the time of its kind.
    pub(super) fn new(state: SharedState, ids_ttl: Duration, matches_ttl: Duration) -> Self {
        Self {
            state,
            ids_ttl,
            matches_ttl,
        }
    }

    /// The records of keys, unless one of them has been reported gone since they were asked for. `None` if there is no store, or if
    /// it is away.
    pub(super) async fn find(
        &self,
        source: RowSource,
        user: &OrgUser,
        keys: &[&Key],
    ) -> Option<Vec<Option<FoundRows>>> {
        let names = self.names(&user.org)?;
        if keys.is_empty() {
            return Some(Vec::new());
        }
        let entries = keys.iter().map(|key| entry(&names, source, user, key));
        let call = Call {
            script: &FIND,
            keys: std::iter::once(gone(&names)).chain(entries).collect(),
            args: Vec::new(),
        };
        let replies = self.state.ask(&[call]).await?;
        let rows = replies.first()?.answer().list();
        let now = Instant::now();
        let mut rows: Vec<_> = rows.map(|rows| found_rows(rows.text()?, now)).collect();
        rows.resize(keys.len(), None);
        Some(rows)
    }

    /// Tells the store which records a lookup that started at `asked` has found.
    pub(super) fn set(
        &self,
        source: RowSource,
        user: &OrgUser,
        asked: Instant,
        found: &[(&Key, &[Row])],
    ) {
        let Some(names) = self.names(&user.org) else {
            return;
        };
        if found.is_empty() {
            return;
        }
        let mut args = vec![
            Arg::from(self.time(source)),
            Arg::from(asked.elapsed() + DELAY),
        ];
        let lines = |rows: &[Row]| is_lasting(rows).then(|| row::write(rows)).flatten();
        let rows = found.iter().map(|(_, rows)| lines(rows));
        args.extend(rows.map(|rows| Arg::from(rows.unwrap_or_default())));
        let entries = found
            .iter()
            .map(|(key, _)| entry(&names, source, user, key));
        self.state.tell(vec![Call {
            script: &SET,
            keys: entries.collect(),
            args,
        }]);
    }

    /// Tells the store that a record of an org is gone.
    pub(super) fn forget(&self, org: &Instance, id: &str) {
        if let Some(names) = self.names(org) {
            let time = self.ids_ttl.max(self.matches_ttl);
            self.state.tell(vec![Call {
                script: &FORGET,
                keys: vec![gone(&names)],
                args: vec![
                    Arg::from(time.saturating_add(MAX_LOOKUP)),
                    Arg::from(short_id(id)),
                ],
            }]);
        }
    }

    /// Whether there is a store.
    pub(super) fn is_configured(&self) -> bool {
        self.state.is_configured()
    }

    fn names(&self, org: &Instance) -> Option<Names> {
        self.state.names(org.as_str())
    }

    /// How long an entry is kept.
    fn time(&self, source: RowSource) -> Duration {
        match source {
            RowSource::Lookup => self.ids_ttl,
            RowSource::DuplicateRule => self.matches_ttl,
        }
    }
}

fn entry(names: &Names, source: RowSource, user: &OrgUser, key: &Key) -> EntryName {
    let kind = match source {
        RowSource::Lookup => EntryKind::Id,
        RowSource::DuplicateRule => EntryKind::Match,
    };
    let user = user.user.to_be_bytes();
    names.entry(kind, &[&user, key.folded().as_bytes()])
}

/// What an entry says, which is `None` if another version of this service has written it.
fn found_rows(text: &str, now: Instant) -> Option<FoundRows> {
    let (age, rows) = text.split_once('\n')?;
    let asked = now.checked_sub(Duration::from_millis(age.parse().ok()?))?;
    Some((asked, Arc::from(row::read(rows)?)))
}

/// The entry that tells when the records of an org were last reported to be gone.
fn gone(names: &Names) -> EntryName {
    names.entry(EntryKind::Gone, &[])
}
