//! Merges the outcomes of events that would create one record (rule `one-create`).

use std::collections::HashMap;

use super::{Writing, lookups::OrgIndex};
use crate::{
    rudderstack::Entry,
    salesforce::Key,
    transform::{error::EventError, outcome::Outcome},
};

/// The outcomes of a batch, in the order of their first events.
#[derive(Debug, Default)]
pub(super) struct Outcomes<'a> {
    outcomes: Vec<Outcome<'a>>,
    /// The outcome that creates each record, and the events that may share it.
    creating: HashMap<Creation, (usize, Sharing)>,
}

/// What two events have in common that would create one record.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Creation {
    org: OrgIndex,
    /// The destination's id.
    destination: String,
    /// The key by which the record was looked up.
    key: Key,
}

/// How an event may share the request that creates its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// With events whose traits are mapped.
    Mapped,
    /// With events whose traits are fields already.
    Fields,
    /// With none: an earlier answer asked for it to be sent alone.
    Alone,
}

impl Creation {
    /// The record that an event creates, and the events that may share the request; `None` if another event could not
    /// mean the same record.
    pub(super) fn of(writing: &Writing<'_>, entry: &Entry<'_>) -> Option<(Self, Sharing)> {
        let [record] = writing.plan.records.as_slice() else {
            return None;
        };
        let sharing = match writing.plan.traits.has_field_names {
            _ if entry.is_alone() => Sharing::Alone,
            true => Sharing::Fields,
            false => Sharing::Mapped,
        };
        let creation = Self {
            org: writing.org,
            destination: writing.destination.id.clone(),
            key: record.key()?.clone(),
        };
        Some((creation, sharing))
    }
}

impl<'a> Outcomes<'a> {
    /// Adds the outcome of an event that shares no request.
    pub(super) fn add(&mut self, outcome: Outcome<'a>) {
        self.outcomes.push(outcome);
    }

    /// Adds an outcome that is one request to create a record. If an earlier outcome creates the same record, the two
    /// become one. If they may not share a request, the later event has to wait until the record can be found, because
    /// two requests would create it twice.
    pub(super) fn add_creation(
        &mut self,
        outcome: Outcome<'a>,
        (creation, sharing): (Creation, Sharing),
    ) {
        let next = self.outcomes.len();
        let (first, shared_with) = *self.creating.entry(creation).or_insert((next, sharing));
        match self.outcomes.get_mut(first) {
            None => self.outcomes.push(outcome),
            Some(first) if sharing == shared_with && sharing != Sharing::Alone => {
                first.absorb(outcome);
            }
            Some(_) => self.outcomes.push(Outcome {
                result: Err(EventError::BeingCreated),
                ..outcome
            }),
        }
    }

    /// The outcomes.
    #[must_use]
    pub(super) fn finish(self) -> Vec<Outcome<'a>> {
        self.outcomes
    }
}
