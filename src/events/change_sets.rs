//! Lists of changes that many events have in common: the events of one source are changed alike. An event that has the list of an
//! earlier one shares it, and only the list is counted.

use std::sync::Arc;

use super::{
    kept::{KeptChange, MAX_CHANGES},
    names::{MAX_NAME, Names, shortened},
};
use crate::transform::{change::Change, remedy::Reason};

/// The number of lists that are remembered.
const MAX_SETS: usize = 32;

/// The lists of the last events.
#[derive(Debug, Default)]
pub(super) struct ChangeSets {
    sets: Vec<ChangeSet>,
    /// The list that was used last.
    last: usize,
    /// The list to be replaced next.
    oldest: usize,
    /// The lists that were replaced and are not counted yet.
    replaced: Vec<ChangeSet>,
}

/// A list of changes to events that write one object, and how often it was seen since it was counted.
#[derive(Clone, Debug)]
pub(super) struct ChangeSet {
    pub(super) changes: Arc<[KeptChange]>,
    pub(super) seen: Seen,
    pub(super) count: u64,
    /// When it was first seen since then.
    pub(super) first: u64,
}

/// Where and when a list is seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) object: Option<Arc<str>>,
    pub(super) millis: u64,
    pub(super) status: u16,
}

impl ChangeSets {
    /// The list of these changes, as many as are kept; `None` if there are none.
    pub(super) fn shared<'c, 'a: 'c>(
        &mut self,
        changes: impl Iterator<Item = &'c Change<'a>> + Clone,
        seen: &Seen,
        names: &mut Names,
    ) -> Option<Arc<[KeptChange]>> {
        let changes = changes.take(MAX_CHANGES);
        changes.clone().next()?;
        let is_same = |set: &ChangeSet| {
            let mut changes = changes.clone();
            let is_one = |kept: &KeptChange| changes.next().is_some_and(|it| kept.is(it));
            set.changes.iter().all(is_one) && changes.next().is_none()
        };
        let kept = || changes.clone().map(|change| kept(change, names)).collect();
        Some(self.seen(is_same, kept, seen))
    }

    /// The list of changes that are kept already; `None` if there are none.
    pub(super) fn of_kept(
        &mut self,
        changes: &[KeptChange],
        seen: &Seen,
    ) -> Option<Arc<[KeptChange]>> {
        changes.first()?;
        let is_same = |set: &ChangeSet| *set.changes == *changes;
        Some(self.seen(is_same, || changes.into(), seen))
    }

    fn seen(
        &mut self,
        is_same: impl Fn(&ChangeSet) -> bool,
        kept: impl FnOnce() -> Arc<[KeptChange]>,
        seen: &Seen,
    ) -> Arc<[KeptChange]> {
        let is_same = |set: &ChangeSet| set.seen.object == seen.object && is_same(set);
        let is_last = self.sets.get(self.last).is_some_and(is_same);
        if !is_last {
            let known = self.sets.iter().position(is_same);
            self.last = known.unwrap_or_else(|| self.add(kept(), seen));
        }
        let set = &mut self.sets[self.last];
        if set.count == 0 {
            set.first = seen.millis;
        }
        set.count += 1;
        set.seen.millis = seen.millis;
        set.seen.status = seen.status;
        Arc::clone(&set.changes)
    }

    /// Adds a list, and returns its position.
    fn add(&mut self, changes: Arc<[KeptChange]>, seen: &Seen) -> usize {
        let set = ChangeSet {
            changes,
            first: seen.millis,
            seen: seen.clone(),
            count: 0,
        };
        if self.sets.len() < MAX_SETS {
            self.sets.push(set);
            return self.sets.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % MAX_SETS;
        let replaced = std::mem::replace(&mut self.sets[at], set);
        if replaced.count > 0 {
            self.replaced.push(replaced);
        }
        at
    }

    /// The lists that were replaced, to be counted.
    pub(super) fn replaced(&mut self) -> impl Iterator<Item = ChangeSet> {
        self.replaced.drain(..)
    }

    /// All lists that were seen since they were counted; they count as counted from now on.
    pub(super) fn counted(&mut self) -> Vec<ChangeSet> {
        let seen = self.sets.iter_mut().filter(|set| set.count > 0);
        let seen = seen.map(|set| {
            let copy = set.clone();
            set.count = 0;
            copy
        });
        seen.collect()
    }
}

impl KeptChange {
    /// Whether it is what is kept of a change.
    fn is(&self, change: &Change<'_>) -> bool {
        self.reason == Reason::from(change)
            && match change {
                Change::Field { name, .. } => {
                    is_name(self.field.as_ref(), Some(&*name.text()))
                        && is_name(self.trait_name.as_ref(), name.trait_name().as_deref())
                }
                other => {
                    is_name(self.field.as_ref(), other.field().as_deref())
                        && is_name(self.trait_name.as_ref(), other.trait_name().as_deref())
                }
            }
            && self.kind == change.kind()
    }
}

/// Whether a name is kept like this.
fn is_name(kept: Option<&Arc<str>>, name: Option<&str>) -> bool {
    match (kept, name) {
        (None, None) => true,
        (Some(kept), Some(name)) => **kept == *name || *shortened(name, MAX_NAME) == **kept,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn kept(change: &Change<'_>, names: &mut Names) -> KeptChange {
    let mut shared = |name: Option<String>| name.map(|name| names.shared(&name));
    KeptChange {
        reason: change.into(),
        kind: change.kind(),
        trait_name: shared(change.trait_name()),
        field: shared(change.field()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(millis: u64) -> Seen {
        Seen {
            object: Some("Lead".into()),
            millis,
            status: 200,
        }
    }

    #[test]
    fn events_that_are_changed_alike_share_a_list_which_is_counted() {
        let (mut sets, mut names) = (ChangeSets::default(), Names::default());
        let long = "n".repeat(99);
        let alike = [Change::OwnId(long.as_str().into()), Change::MiddleOfName];
        let first = sets.shared(alike.iter(), &seen(1), &mut names).unwrap();
        let second = sets.shared(alike.iter(), &seen(2), &mut names).unwrap();
        let other = sets
            .shared(alike[..1].iter(), &seen(3), &mut names)
            .unwrap();
        assert!(Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &other));
        assert_eq!((first.len(), other.len()), (2, 1));
        assert!(sets.shared([].iter(), &seen(4), &mut names).is_none());
        let counts = |sets: Vec<ChangeSet>| -> Vec<_> {
            let sets = sets.into_iter();
            sets.map(|set| (set.count, set.first, set.seen.millis))
                .collect()
        };
        assert_eq!(counts(sets.counted()), [(2, 1, 2), (1, 3, 3)]);
        assert_eq!(counts(sets.counted()), []);
        let _ = sets.shared(alike.iter(), &seen(5), &mut names);
        assert_eq!(counts(sets.counted()), [(1, 5, 5)]);
    }

    #[test]
    fn a_list_that_makes_room_is_counted() {
        let (mut sets, mut names) = (ChangeSets::default(), Names::default());
        for number in 0..=MAX_SETS {
            let change = [Change::OwnId(number.to_string().into())];
            let _ = sets.shared(change.iter(), &seen(1), &mut names);
        }
        assert_eq!(sets.replaced().count(), 1);
        assert_eq!(sets.counted().len(), MAX_SETS);
        let _ = sets.shared([Change::MiddleOfName].iter(), &seen(2), &mut names);
        assert_eq!(sets.replaced().count(), 0, "it is counted already");
    }
}
