//! The changes of one request, bounded: an event may have a hundred thousand traits that no field takes.

use super::{change::Change, noted::NotedChange};

/// The maximum number of changes that are kept for a request. Of others only the reason is counted.
const MAX_KEPT: usize = 1_000;

/// The maximum number of changes of a request whose names are told where not everything is.
pub(crate) const MAX_NAMED: usize = 5;

/// The maximum number of changes that an answer lists: more than a person reads.
pub(crate) const MAX_LISTED: usize = 100;

/// The changes of one request, in order.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    kept: Vec<Change<'a>>,
    /// The number of the others by reason.
    more: Vec<(&'static str, u64)>,
}

/// How much somebody is told of the changes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeDetail {
    /// How many there are, by reason.
    Counts,
    /// Also the traits and fields of the first few.
    Names,
    /// Also what to do about each.
    Everything,
}

/// What the changes of a request say, in a form that outlives the event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotedChanges {
    /// The first ones.
    pub listed: Vec<NotedChange>,
    /// The number of the others.
    pub more: usize,
}

impl<'a> Changes<'a> {
    /// Adds a change.
    pub fn push(&mut self, change: Change<'a>) {
        if self.kept.len() < MAX_KEPT {
            self.kept.push(change);
        } else {
            self.count(change.reason(), 1);
        }
    }

    /// Whether one more change is kept, and not only counted.
    pub(crate) fn keeps(&self, detail: ChangeDetail) -> bool {
        match detail {
            ChangeDetail::Counts => false,
            ChangeDetail::Names => self.kept.len() < MAX_NAMED,
            ChangeDetail::Everything => true,
        }
    }

    /// Counts changes of which nobody is told more than the reason.
    pub(crate) fn count(&mut self, reason: &'static str, changes: u64) {
        match self.more.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += changes,
            None => self.more.push((reason, changes)),
        }
    }

    /// Adds the changes of another request that is merged with this one.
    pub fn absorb(&mut self, later: Self) {
        self.extend(later.kept);
        for (reason, changes) in later.more {
            self.count(reason, changes);
        }
    }

    /// The changes that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &Change<'a>> + Clone {
        self.kept.iter()
    }

    /// The number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        let more = self.more.iter().map(|(_, changes)| changes).sum::<u64>();
        self.kept.len() + usize::try_from(more).unwrap_or(usize::MAX)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.more.is_empty()
    }

    /// The reasons, each with a number of changes.
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let kept = self.kept.iter().map(|change| (change.reason(), 1));
        kept.chain(self.more.iter().copied())
    }

    /// Replaces each change that is kept by what `settle` makes of it, if anything.
    pub fn settle(&mut self, settle: impl FnMut(Change<'a>) -> Option<Change<'a>>) {
        let kept = std::mem::take(&mut self.kept);
        self.kept = kept.into_iter().filter_map(settle).collect();
    }

    /// What they say, in a form that outlives the event.
    #[must_use]
    pub fn noted(&self) -> NotedChanges {
        let listed: Vec<_> = self
            .iter()
            .take(MAX_LISTED)
            .map(NotedChange::from)
            .collect();
        NotedChanges {
            more: self.len() - listed.len(),
            listed,
        }
    }
}

impl<'a> Extend<Change<'a>> for Changes<'a> {
    fn extend<I: IntoIterator<Item = Change<'a>>>(&mut self, changes: I) {
        for change in changes {
            self.push(change);
        }
    }
}

impl NotedChanges {
    /// Adds a change, unless it is listed already.
    pub fn push(&mut self, change: NotedChange) {
        match self.listed.len() {
            _ if self.listed.contains(&change) => {}
            MAX_LISTED.. => self.more += 1,
            _ => self.listed.push(change),
        }
    }

    /// Adds the changes of another record of the same event.
    pub fn absorb(&mut self, other: Self) {
        self.more += other.more;
        for change in other.listed {
            self.push(change);
        }
    }

    /// The number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.len() + self.more
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn changes_beyond_a_thousand_are_only_counted_by_their_reason() {
        let mut changes = Changes::default();
        changes.extend((0..5_000).map(|n| Change::OwnId(Cow::Owned(format!("Id{n}")))));
        assert_eq!((changes.iter().count(), changes.len()), (1_000, 5_000));
        let counted: u64 = changes.reasons().map(|(_, changes)| changes).sum();
        assert_eq!(counted, 5_000);
        let noted = changes.noted();
        assert_eq!((noted.listed.len(), noted.more), (100, 4_900));
    }
}
