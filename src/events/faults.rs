//! What goes wrong now: failures and fields that are not sent as they came, counted by code, object and field. What has not been
//! seen for a day is forgotten.

use std::sync::Arc;

use serde_json::{Value as JsonValue, json};

use super::{
    change_sets::{ChangeSet, Seen},
    kept::{KeptEvent, time},
    minutes::Minutes,
    names::Names,
};
use crate::transform::{
    change::ChangeKind,
    remedy::{Reason, remedy},
};

/// The maximum number of groups. One that has not been seen for longest makes room.
const MAX_GROUPS: usize = 300;

/// How long a group is kept after it was seen last, in milliseconds.
const KEPT: u64 = 24 * 60 * 60 * 1_000;

/// The failures with one code, at one object and field.
#[derive(Clone, Debug)]
pub(crate) struct FaultGroup {
    reason: Reason,
    /// Salesforce's code.
    code: Option<Arc<str>>,
    object: Option<Arc<str>>,
    /// The field, else the trait.
    field: Option<Arc<str>>,
    /// What became of the field; `None` if the event failed.
    kind: Option<ChangeKind>,
    /// The status of the last event.
    status: u16,
    count: u64,
    /// How many of them were counted within the last hour, as of when the groups were listed.
    recent: u64,
    first: u64,
    last: u64,
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct FaultTable {
    groups: Vec<Counted>,
    names: Names,
}

/// A group, and how many events of it were seen in each of the last minutes.
#[derive(Debug)]
struct Counted {
    group: FaultGroup,
    minutes: Minutes<u64>,
}

/// What a group has in common.
struct Place<'e> {
    reason: Reason,
    code: Option<&'e str>,
    field: &'e str,
    kind: Option<ChangeKind>,
}

impl FaultTable {
    /// Counts why an event was not sent.
    pub(super) fn count(&mut self, event: &KeptEvent) {
        if let Some(failed) = event.reason.as_ref().filter(|_| event.status >= 400) {
            let mut place = Place {
                reason: failed.reason,
                code: failed.code.as_deref(),
                field: "",
                kind: None,
            };
            let seen = event.seen();
            let once = (1, event.millis);
            if failed.fields.is_empty() {
                self.add(&place, &seen, once);
            }
            for field in &failed.fields {
                place.field = field;
                self.add(&place, &seen, once);
            }
        }
    }

    /// Counts changes to events, all of them seen in one minute.
    pub(super) fn count_changes(&mut self, set: &ChangeSet) {
        for change in set.changes.iter().filter(|change| is_wrong(change.kind)) {
            let place = Place {
                reason: change.reason,
                code: None,
                field: change.place(),
                kind: Some(change.kind),
            };
            self.add(&place, &set.seen, (set.count, set.first));
        }
    }

    /// Adds a number of events of one minute, the first of them at this time.
    fn add(&mut self, place: &Place<'_>, seen: &Seen, (count, first): (u64, u64)) {
        let is_same = |Counted { group, .. }: &Counted| {
            group.reason == place.reason
                && group.kind == place.kind
                && is_same_name(group.field.as_deref().unwrap_or_default(), place.field)
                && group.code.as_deref() == place.code
                && is_same_name(
                    group.object.as_deref().unwrap_or_default(),
                    seen.object.as_deref().unwrap_or_default(),
                )
        };
        let at = self.groups.iter().position(is_same);
        let at = at.unwrap_or_else(|| self.begin(place, seen, first));
        let Counted { group, minutes } = &mut self.groups[at];
        if is_old(group, first) {
            (group.count, group.first) = (0, first);
        }
        group.count += count;
        if seen.millis >= group.last {
            (group.last, group.status) = (seen.millis, seen.status);
        }
        *minutes.at(seen.millis) += count;
    }

    /// Adds an empty group, and returns its position.
    fn begin(&mut self, place: &Place<'_>, seen: &Seen, first: u64) -> usize {
        let field = Some(place.field).filter(|field| !field.is_empty());
        let group = FaultGroup {
            reason: place.reason,
            code: place.code.map(|code| self.names.shared(code)),
            object: seen.object.clone(),
            field: field.map(|field| self.names.shared(field)),
            kind: place.kind,
            status: seen.status,
            count: 0,
            recent: 0,
            first,
            last: seen.millis,
        };
        let minutes = Minutes::default();
        let counted = Counted { group, minutes };
        if self.groups.len() < MAX_GROUPS {
            self.groups.push(counted);
            return self.groups.len() - 1;
        }
        let groups = self.groups.iter().enumerate();
        let oldest = groups.min_by_key(|(_, counted)| counted.group.last);
        let at = oldest.map_or(0, |(at, _)| at);
        self.groups[at] = counted;
        at
    }

    /// The groups that are kept at this time, the latest first.
    pub(super) fn latest_first(&mut self, now: u64) -> Vec<FaultGroup> {
        self.groups.retain(|counted| !is_old(&counted.group, now));
        let groups = self.groups.iter().map(|Counted { group, minutes }| {
            let counts = minutes.until(now).filter_map(|(_, count)| count);
            FaultGroup {
                recent: counts.sum(),
                ..group.clone()
            }
        });
        let mut groups: Vec<_> = groups.collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.last, group.count)));
        groups
    }
}

/// Whether Salesforce takes two names for one: letter case does not matter in the names of objects and fields.
fn is_same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether a group has not been seen for so long before this time that it is kept no more.
fn is_old(group: &FaultGroup, now: u64) -> bool {
    now.saturating_sub(group.last) >= KEPT
}

/// Whether a person may want to do something about a change.
fn is_wrong(kind: ChangeKind) -> bool {
    match kind {
        ChangeKind::LeftOut | ChangeKind::Shortened | ChangeKind::Named => true,
        ChangeKind::Renamed | ChangeKind::Converted => false,
    }
}

impl FaultGroup {
    /// The JSON of the group.
    #[must_use]
    pub(crate) fn json(&self) -> JsonValue {
        json!({
            "code": self.code.as_deref().unwrap_or(self.reason.label()),
            "reason": self.reason.label(),
            "object": self.object.as_deref(),
            "field": self.field.as_deref(),
            "effect": self.kind.map_or("not_sent", ChangeKind::as_str),
            "status": self.status,
            "count": self.count,
            "recent": self.recent,
            "first": time(self.first),
            "last": time(self.last),
            "remedy": remedy(self.reason, self.code.as_deref()),
        })
    }
}
