//! The outcomes of events, and the traits that were not sent.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::Metrics;

#[derive(Debug)]
pub(super) struct EventMetrics {
    answered: Family<EventLabels, Counter>,
    traits_changed: Family<ChangeLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    status: u16,
    category: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    reason: &'static str,
}

impl EventMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let events = Self {
            answered: Family::default(),
            traits_changed: Family::default(),
        };
        registry.register(
            "events",
            "Events answered, by statusCode and by errorCategory (or request, delivered, filtered for events that did not fail)",
            events.answered.clone(),
        );
        registry.register(
            "traits_changed",
            "Fields that were left out or changed, by reason",
            events.traits_changed.clone(),
        );
        events
    }
}

impl Metrics {
    /// Counts events that were answered with this status. `category` is `request`, `delivered`, `filtered` or, for a failure,
    /// its `errorCategory`.
    pub fn events(&self, status: u16, category: &'static str, events: u64) {
        let labels = EventLabels { status, category };
        self.events.answered.get_or_create(&labels).inc_by(events);
    }

    /// Counts changes by reason.
    pub fn traits_changed(&self, reasons: impl Iterator<Item = (&'static str, u64)>) {
        for (reason, count) in counted(reasons) {
            let labels = ChangeLabels { reason };
            self.events
                .traits_changed
                .get_or_create(&labels)
                .inc_by(count);
        }
    }
}

/// Sums the counts of equal labels. A linear search suffices, because there are few labels.
pub(crate) fn counted<L: PartialEq>(counts: impl Iterator<Item = (L, u64)>) -> Vec<(L, u64)> {
    let mut sums: Vec<(L, u64)> = Vec::new();
    for (label, count) in counts {
        match sums.iter_mut().find(|(known, _)| *known == label) {
            Some((_, sum)) => *sum += count,
            None => sums.push((label, count)),
        }
    }
    sums
}
