//! The state that replicas share: whether it can be used, how long it takes to answer, and how it fails.

use std::{sync::atomic::AtomicI64, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::Metrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// The metrics of the shared state.
#[derive(Debug)]
pub(super) struct SharedStateMetrics {
    up: Gauge<i64, AtomicI64>,
    seconds: Histogram,
    failures: Family<Reason, Counter>,
}

impl SharedStateMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            up: Gauge::default(),
            seconds: Histogram::new([0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]),
            failures: Family::default(),
        };
        registry.register(
            "shared_state_up",
            "1 if this replica shares its state with the others, 0 if it is on its own; without SHARED_STATE_URL 0",
            metrics.up.clone(),
        );
        registry.register(
            "shared_state_request_duration_seconds",
            "Round trips to the store of SHARED_STATE_URL",
            metrics.seconds.clone(),
        );
        registry.register(
            "shared_state_failures",
            "Requests to the store of SHARED_STATE_URL that failed, by reason",
            metrics.failures.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// Notes whether this replica shares its state.
    pub(crate) fn shared_state_up(&self, is_up: bool) {
        self.shared_state.up.set(i64::from(is_up));
    }

    /// Counts a round trip to the store.
    pub(crate) fn shared_state_asked(&self, time: Duration) {
        self.shared_state.seconds.observe(time.as_secs_f64());
    }

    /// Counts a request to the store that has failed.
    pub(crate) fn shared_state_failed(&self, reason: &'static str) {
        let reason = Reason { reason };
        self.shared_state.failures.get_or_create(&reason).inc();
    }
}
