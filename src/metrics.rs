//! The Prometheus registry: each family is documented where it is declared. Labels are of small closed sets.

mod orgs;

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{
    map::LeftOut,
    outcome::{Outcome, Requests},
    salesforce::limits::Figures,
};

/// What every family's name begins with.
const PREFIX: &str = "salesforce_transformer";

/// All metrics of one service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    events: Family<EventLabels, Counter>,
    left_out: Family<LeftOutLabels, Counter>,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<CallLabel, Histogram, fn() -> Histogram>,
}

/// A kind of call to Salesforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A request for an access token.
    Token,
    /// A SOQL query, or a further page of one.
    Query,
    /// Records written by inline delivery.
    Collections,
    /// A record written for the delivery proxy.
    Write,
    /// What an org says of itself; only `check` asks.
    Describe,
}

impl Call {
    fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Query => "query",
            Self::Collections => "collections",
            Self::Write => "write",
            Self::Describe => "describe",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    call: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabel {
    call: &'static str,
}

fn seconds() -> Histogram {
    Histogram::new([
        0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    ])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests answered, by route and HTTP status",
            requests.clone(),
        );
        let request_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit(
            "http_request",
            "Time to answer a request",
            Unit::Seconds,
            request_seconds.clone(),
        );
        let events = Family::default();
        registry.register(
            "events",
            "Events answered, by statusCode and errorCategory (request, delivered, filtered or the category)",
            events.clone(),
        );
        let left_out = Family::default();
        registry.register(
            "traits_left_out",
            "Traits that were not sent, by reason",
            left_out.clone(),
        );
        let calls = Family::default();
        registry.register("salesforce_calls", "Calls to Salesforce, by kind and outcome (ok or the fault); all but token count against the org's limit; reserved: not made, to keep API_RESERVE", calls.clone());
        let call_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit(
            "salesforce_call",
            "Time that Salesforce took to answer",
            Unit::Seconds,
            call_seconds.clone(),
        );
        Self {
            registry,
            requests,
            request_seconds,
            events,
            left_out,
            calls,
            call_seconds,
        }
    }
}

impl EventLabels {
    fn of(outcome: &Outcome<'_>) -> Self {
        match &outcome.result {
            Ok(Requests::Delivered) => Self {
                status: 299,
                category: "delivered",
            },
            Ok(Requests::Described(_) | Requests::Transformed(_)) => Self {
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
    /// Counts a request by the pattern of its route.
    pub fn request(&self, route: &str, status: u16, elapsed: Duration) {
        self.requests
            .get_or_create(&RequestLabels {
                route: route.to_owned(),
                status,
            })
            .inc();
        self.request_seconds
            .get_or_create(&RouteLabel {
                route: route.to_owned(),
            })
            .observe(elapsed.as_secs_f64());
    }

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
            self.left_out(outcome);
        }
        for (labels, count) in counts {
            self.events.get_or_create(&labels).inc_by(count);
        }
    }

    fn left_out(&self, outcome: &Outcome<'_>) {
        let Ok(Requests::Described(requests)) = &outcome.result else {
            return;
        };
        for left_out in requests.iter().flat_map(|request| &request.fields.left_out) {
            let reason = match left_out {
                LeftOut::Structure(_) => "structure",
                LeftOut::SystemField(_) => "system_field",
            };
            self.left_out.get_or_create(&LeftOutLabels { reason }).inc();
        }
    }

    /// Counts a call to Salesforce. `outcome` is `ok` or the fault's label.
    pub fn salesforce_call(&self, call: Call, outcome: &'static str, elapsed: Duration) {
        let call = call.label();
        self.calls
            .get_or_create(&CallLabels { call, outcome })
            .inc();
        self.call_seconds
            .get_or_create(&CallLabel { call })
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a call that was not made. It took no time, which the histogram of those that were made must not show.
    pub fn call_held_back(&self, call: Call, outcome: &'static str) {
        let call = call.label();
        self.calls
            .get_or_create(&CallLabels { call, outcome })
            .inc();
    }

    /// The metrics as OpenMetrics text, with the figures of the orgs.
    #[must_use]
    pub fn encode(&self, orgs: &[Figures]) -> String {
        let mut text = String::new();
        let encoded = text::encode_registry(&mut text, &self.registry)
            .and_then(|()| text::encode_registry(&mut text, &orgs::registry(PREFIX, orgs)))
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
