//! HTTP requests: their number, status and duration, and why some have to be sent again.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{Metrics, seconds};

#[derive(Debug)]
pub(super) struct RequestMetrics {
    answered: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    refused: Family<ReasonLabel, Counter>,
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
struct ReasonLabel {
    reason: &'static str,
}

impl RequestMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let requests = Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            refused: Family::default(),
        };
        registry.register(
            "http_requests",
            "Requests, by route and HTTP status; 499: the caller hung up before the answer",
            requests.answered.clone(),
        );
        registry.register_with_unit(
            "http_request",
            "Time to answer a request",
            Unit::Seconds,
            requests.seconds.clone(),
        );
        registry.register(
            "http_requests_refused",
            "Requests that the caller has to send again (503, X-Rudder-Should-Retry), by X-Rudder-Error-Reason",
            requests.refused.clone(),
        );
        requests
    }
}

impl Metrics {
    /// Counts a request under the pattern of its route.
    pub fn request(&self, route: &str, status: u16, elapsed: Duration) {
        let route = || route.to_owned();
        let labels = RequestLabels {
            route: route(),
            status,
        };
        self.requests.answered.get_or_create(&labels).inc();
        let label = RouteLabel { route: route() };
        self.requests
            .seconds
            .get_or_create(&label)
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a request that the caller has to send again, by reason.
    pub fn refused(&self, reason: &'static str) {
        let label = ReasonLabel { reason };
        self.requests.refused.get_or_create(&label).inc();
    }
}
