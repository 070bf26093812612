//! What became of events, and of the traits that were not sent.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::Metrics;
use crate::transform::{
    descriptor::Descriptor,
    mapping::LeftOut,
    outcome::{Outcome, Requests},
};

#[derive(Debug)]
pub(super) struct Events {
    answered: Family<EventLabels, Counter>,
    left_out: Family<LeftOutLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    status: u16,
    category: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeftOutLabels {
    reason: &'static str,
}

impl Events {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let events = Self {
            answered: Family::default(),
            left_out: Family::default(),
        };
        registry.register(
            "events",
            "Events answered, by statusCode and errorCategory (request, delivered, filtered or the category)",
            events.answered.clone(),
        );
        registry.register(
            "traits_left_out",
            "Traits that were not sent, by reason",
            events.left_out.clone(),
        );
        events
    }
}

impl EventLabels {
    fn of(outcome: &Outcome<'_>) -> Self {
        match &outcome.result {
            Ok(Requests::Delivered) => Self {
                status: 299,
                category: "delivered",
            },
            Ok(Requests::Described(_) | Requests::Transformed { .. }) => Self {
                status: 200,
                category: "request",
            },
            Err(error) => {
                let tags = error.stat_tags();
                Self {
                    status: error.status(),
                    category: tags.map_or("filtered", |tags| tags.error_category),
                }
            }
        }
    }
}

impl Metrics {
    /// Counts the events of a batch, and the traits that their requests leave out.
    pub fn outcomes(&self, outcomes: &[Outcome<'_>]) {
        let mut counts: Vec<(EventLabels, u64)> = Vec::new();
        for outcome in outcomes {
            let labels = EventLabels::of(outcome);
            let events = u64::try_from(outcome.entries.len()).unwrap_or(u64::MAX);
            match counts.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, count)) => *count += events,
                None => counts.push((labels, events)),
            }
        }
        let requests = outcomes.iter().flat_map(described);
        self.left_out(requests.flat_map(|request| &request.fields.left_out));
        for (labels, count) in counts {
            self.events.answered.get_or_create(&labels).inc_by(count);
        }
    }

    /// Counts what the fields of written records leave out.
    pub fn left_out<'l, 'a: 'l>(&self, left_out: impl Iterator<Item = &'l LeftOut<'a>>) {
        let mut counts: Vec<(&'static str, u64)> = Vec::new();
        for reason in left_out.map(LeftOut::reason) {
            match counts.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => counts.push((reason, 1)),
            }
        }
        for (reason, count) in counts {
            let labels = LeftOutLabels { reason };
            self.events.left_out.get_or_create(&labels).inc_by(count);
        }
    }
}

/// The requests that an outcome describes.
fn described<'o, 'a>(outcome: &'o Outcome<'a>) -> &'o [Descriptor<'a>] {
    match &outcome.result {
        Ok(Requests::Described(requests)) => requests,
        Ok(Requests::Transformed { .. } | Requests::Delivered) | Err(_) => &[],
    }
}
