//! What this process knows of the marks by which the store tells whether it has lost entries.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::salesforce::session::Instance;

/// The maximum number of orgs whose marks are known.
const MAX_ORGS: usize = 1_000;

/// The marks of orgs, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<HashMap<Instance, Mark>>);

/// What is known of an org's mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    /// The time since which the store has lost no entry, as the store names it.
    pub(super) epoch: Option<String>,
    /// Whether this process has created records without the store since it was last there.
    is_alone: bool,
    /// How often this replica had begun to share its state when the mark was noted ([`SharedState::beginnings`]).
    ///
    /// [`SharedState::beginnings`]: crate::shared_state::SharedState::beginnings
    beginnings: u64,
}

impl Mark {
    /// Whether records may have been created without the store since the mark was noted, here or at a replica that was on its own at
    /// the same time.
    pub(super) fn is_alone(&self, beginnings: u64) -> bool {
        self.is_alone || (beginnings > 1 && self.beginnings != beginnings)
    }
}

impl Marks {
    /// What is known of an org.
    pub(super) fn of(&self, org: &Instance) -> Mark {
        self.marks().get(org).cloned().unwrap_or_default()
    }

    /// Notes that records are created without the store.
    pub(super) fn note_alone(&self, org: &Instance) {
        let mark = Mark {
            is_alone: true,
            ..self.of(org)
        };
        self.set(org, mark);
    }

    /// Notes what the store has answered, which was told how often this replica has begun to share its state.
    pub(super) fn is_shared(&self, org: &Instance, epoch: String, beginnings: u64) {
        let mark = Mark {
            epoch: Some(epoch),
            is_alone: false,
            beginnings,
        };
        self.set(org, mark);
    }

    fn set(&self, org: &Instance, mark: Mark) {
        let mut marks = self.marks();
        if marks.len() >= MAX_ORGS && !marks.contains_key(org) {
            marks.clear();
        }
        marks.insert(org.clone(), mark);
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<Instance, Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AllowedHosts;

    #[test]
    fn a_replica_that_was_on_its_own_says_so_once_even_if_it_has_created_nothing() {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let org = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
        let marks = Marks::default();
        assert!(!marks.of(&org).is_alone(1));
        marks.is_shared(&org, "1".to_owned(), 1);
        assert!(!marks.of(&org).is_alone(1));
        assert!(marks.of(&org).is_alone(2));
        marks.is_shared(&org, "1".to_owned(), 2);
        assert!(!marks.of(&org).is_alone(2));
        marks.note_alone(&org);
        assert!(marks.of(&org).is_alone(2));
    }
}
