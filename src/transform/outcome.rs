//! The outcomes of a batch. Each event is in exactly one; rule `one-create` lets two events share an outcome.

use smallvec::SmallVec;

use crate::{
    config::rules::Rules,
    metrics::{Metrics, counted},
    rudderstack::Event,
    transform::{changes::NotedChanges, descriptor::Descriptor, error::EventError},
};

/// The outcome of an event, or of several events that share a request.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// The positions of the events in their batch.
    pub entries: SmallVec<[usize; 2]>,
    /// What to send, or why nothing is sent.
    pub result: Result<Requests<'a>, EventError>,
    /// What the answer says about a failed authorisation.
    pub auth_category: Option<&'static str>,
}

/// What to send for an event.
#[derive(Debug)]
pub(crate) enum Requests<'a> {
    /// At least one request, in order.
    Described(DescribedRequests<'a>),
    /// The message itself, which was transformed before it was queued.
    Transformed {
        /// The message.
        event: Event<'a>,
        /// Whether the delivery proxy is told about this.
        is_noted: bool,
    },
    /// Nothing: this service has already written the event. What was changed or left out of it is named.
    Delivered(NotedChanges),
}

/// The requests of one event: nearly always one.
pub(crate) type DescribedRequests<'a> = SmallVec<[Descriptor<'a>; 1]>;

/// The status of an event that this service has written: 299, or 296 if anything was left out or changed.
#[must_use]
pub(crate) fn delivered_status(changes: &NotedChanges) -> u16 {
    if changes.is_empty() { 299 } else { 296 }
}

/// The failure because of which a processor route asks rudder-server to repeat the whole request. Nothing has been
/// written yet, so it may be repeated, whereas an event that fails there on its own is dropped
/// (`docs/rudder-server.md#processor-path`). A missing OAuth secret is excluded: rudder-server never sends one on that
/// route, so repeating would not help.
#[must_use]
pub(crate) fn first_retryable_error<'o>(
    outcomes: &'o [Outcome<'_>],
    rules: &Rules,
) -> Option<&'o EventError> {
    let hindered = outcomes
        .iter()
        .filter(|_| rules.processor_asks_again)
        .filter(|outcome| outcome.auth_category.is_none());
    let mut errors = hindered.filter_map(|outcome| outcome.result.as_ref().err());
    errors.find(|error| error.is_retryable() && !matches!(error, EventError::Secret(_)))
}

impl<'a> Outcome<'a> {
    /// The requests that are described.
    pub(crate) fn described(&self) -> &[Descriptor<'a>] {
        match &self.result {
            Ok(Requests::Described(requests)) => requests,
            Ok(Requests::Transformed { .. } | Requests::Delivered(_)) | Err(_) => &[],
        }
    }
}

impl Outcome<'_> {
    /// The status and category under which metrics count the event.
    pub(crate) fn labels(&self) -> (u16, &'static str) {
        match &self.result {
            Ok(Requests::Delivered(changes)) => (delivered_status(changes), "delivered"),
            Ok(Requests::Described(_) | Requests::Transformed { .. }) => (200, "request"),
            Err(error) => {
                let category = error.stat_tags().map(|tags| tags.error_category);
                (error.status(), category.unwrap_or("filtered"))
            }
        }
    }

    /// Whether the event resulted in a request, or needs none.
    #[must_use]
    pub(crate) fn is_handled(&self) -> bool {
        matches!(self.result, Ok(_) | Err(EventError::Unchanged))
    }

    /// How many requests are to be sent.
    #[must_use]
    pub(crate) fn requests(&self) -> u64 {
        match &self.result {
            Ok(Requests::Described(requests)) => requests.len() as u64,
            Ok(Requests::Transformed { .. } | Requests::Delivered(_)) | Err(_) => 0,
        }
    }

    /// Whether the outcome is one request that creates a record.
    #[must_use]
    pub(crate) fn creates(&self) -> bool {
        let Ok(Requests::Described(requests)) = &self.result else {
            return false;
        };
        matches!(requests.as_slice(), [request] if request.creates)
    }

    /// Merges a later event for the same new record, whose fields take precedence. Both outcomes must be a single
    /// request that creates it.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.entries.extend(later.entries);
        if let (Ok(Requests::Described(requests)), Ok(Requests::Described(others))) =
            (&mut self.result, later.result)
        {
            for (request, other) in requests.iter_mut().zip(others) {
                request.fields.absorb(other.fields);
            }
        }
    }
}

/// Counts the events of a batch by outcome, and the traits that their requests leave out.
pub(crate) fn count(outcomes: &[Outcome<'_>], metrics: &Metrics) {
    let labelled = outcomes.iter().map(|outcome| {
        let events = u64::try_from(outcome.entries.len()).unwrap_or(u64::MAX);
        (outcome.labels(), events)
    });
    for ((status, category), events) in counted(labelled) {
        metrics.events(status, category, events);
    }
    let requests = outcomes.iter().flat_map(Outcome::described);
    let reasons = requests.flat_map(|request| request.fields.changes.reasons());
    metrics.traits_changed(reasons);
}
