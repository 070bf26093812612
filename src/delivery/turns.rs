//! What other callers create, too, as far as a worker knows it.

use std::collections::{HashMap, HashSet};

use super::job::Unit;
use crate::salesforce::{
    Key,
    creates::{CreateMemory, CreatedRecord, Held},
};

/// The records of a worker that several callers would create.
#[derive(Debug)]
pub(super) struct Turns<'f> {
    /// The leases that the worker holds.
    pub(super) held: Held<'f>,
    /// The records that other callers are creating.
    pub(super) busy: HashSet<&'f Key>,
    /// The records that other callers have created.
    pub(super) by_others: HashMap<&'f Key, CreatedRecord>,
}

impl<'f> Turns<'f> {
    /// The turns of these units, some of which had to wait before. A later unit of a user has waited for the first one.
    pub(super) fn of(units: &'f [Unit], memory: Option<&'f dyn CreateMemory>) -> Self {
        let mut users = HashSet::new();
        let mut is_first = |unit: &'f Unit| {
            let user = unit.job.user.as_deref();
            user.is_none_or(|user| users.insert(user))
        };
        let waiting = units.iter().filter(|unit| unit.waits_since.is_some());
        let firsts =
            waiting.filter_map(|unit| is_first(unit).then(|| unit.record().key()).flatten());
        Self {
            held: Held::none(memory),
            busy: firsts.collect(),
            by_others: HashMap::new(),
        }
    }

    /// Whether some units have to wait.
    pub(super) fn are_awaited(&self) -> bool {
        !self.busy.is_empty()
    }
}
