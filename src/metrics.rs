//! The Prometheus registry. Each metric family is documented where it is declared and in docs/operations.md. Labels have few
//! values, none of which comes from an event.
//!
//! | module | subject |
//! |---|---|
//! | `requests` | HTTP requests: rate, errors, duration, refusals |
//! | `events` | the outcomes of events, and traits that were left out |
//! | `calls` | calls to Salesforce, and calls that were saved |
//! | `orgs` | the API calls of each org |
//! | `service` | the service itself: memory, readiness, the process |
//! | `shared_state` | the store that replicas share |

mod calls;
mod events;
mod orgs;
mod requests;
mod service;
mod shared_state;

use std::sync::Arc;

use prometheus_client::{encoding::text, metrics::histogram::Histogram, registry::Registry};

pub(crate) use self::events::counted;
use self::{
    calls::CallMetrics, events::EventMetrics, requests::RequestMetrics,
    shared_state::SharedStateMetrics,
};
pub(crate) use self::{
    calls::{Call, LookupSource},
    orgs::OrgFigures,
    service::ServiceFigures,
};

/// The prefix of all names, except those of the process.
const PREFIX: &str = "salesforce_transformer";

/// All metrics of one service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: RequestMetrics,
    events: EventMetrics,
    calls: CallMetrics,
    shared_state: SharedStateMetrics,
}

fn seconds() -> Histogram {
    Histogram::new([
        0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    ])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        Self {
            requests: RequestMetrics::register(&mut registry),
            events: EventMetrics::register(&mut registry),
            calls: CallMetrics::register(&mut registry),
            shared_state: SharedStateMetrics::register(&mut registry),
            registry,
        }
    }
}

impl Metrics {
    /// The metrics as OpenMetrics text, with the current figures of the orgs and of the service.
    #[must_use]
    pub fn encode(&self, orgs: &[OrgFigures<'_>], now: &ServiceFigures) -> String {
        let mut text = String::new();
        let registries = [
            &self.registry,
            &orgs::registry(PREFIX, orgs),
            &service::registry(PREFIX, now),
            &service::process(),
        ];
        let encoded = registries
            .into_iter()
            .try_for_each(|registry| text::encode_registry(&mut text, registry))
            .and_then(|()| text::encode_eof(&mut text));
        match encoded {
            Ok(()) => text,
            Err(error) => format!("# the metrics could not be written: {error}\n"),
        }
    }
}

/// The metrics of a new service.
#[must_use]
pub fn new() -> Arc<Metrics> {
    Arc::default()
}
