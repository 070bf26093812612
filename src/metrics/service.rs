//! The state of the service and of its process, read at each scrape.

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};

use crate::process::{self, Usage};

/// The current state of the service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceFigures {
    /// The number of requests in flight.
    pub requests_in_flight: u64,
    /// The bytes of memory that are accounted to them.
    pub in_flight_bytes: u64,
    /// The maximum number of bytes for all requests in flight.
    pub in_flight_limit: u64,
    /// Whether the service accepts new requests.
    pub is_ready: bool,
    /// Whether the upstream answered the last time; `None` if there is no upstream.
    pub upstream_answers: Option<bool>,
    /// The number of log lines that were lost.
    pub lost_lines: u64,
}

/// A registry of the service's current state.
pub(super) fn registry(prefix: &str, now: &ServiceFigures) -> Registry {
    let mut registry = Registry::with_prefix(prefix);
    registry.register(
        "build",
        "The running version",
        Info::new([("version", env!("CARGO_PKG_VERSION"))]),
    );
    registry.register(
        "ready",
        "1 if /ready answers 200; 0 while the service stops or waits for the upstream's /features response",
        ConstGauge::new(i64::from(now.is_ready)),
    );
    if let Some(answers) = now.upstream_answers {
        registry.register(
            "upstream_up",
            "1 if the transformer at UPSTREAM_URL answered when it was last asked, otherwise 0",
            ConstGauge::new(i64::from(answers)),
        );
    }
    registry.register(
        "log_lines_lost",
        "Log lines that were lost because standard error was closed or too slow",
        ConstCounter::new(now.lost_lines),
    );
    registry.register(
        "http_requests_in_flight",
        "Requests in flight, including this one",
        ConstGauge::new(signed(now.requests_in_flight)),
    );
    registry.register(
        "in_flight_bytes",
        "Memory accounted to requests in flight: three times the received bytes of their bodies, or what was made of them, accepted jobs, responses of Salesforce and incomplete headers",
        ConstGauge::new(signed(now.in_flight_bytes)),
    );
    registry.register(
        "in_flight_bytes_limit",
        "MAX_IN_FLIGHT_BYTES; requests beyond it are answered 503",
        ConstGauge::new(signed(now.in_flight_limit)),
    );
    registry
}

/// A registry of the process's resources, with the names that Prometheus client libraries use. It is empty if the system
/// does not report them.
pub(super) fn process() -> Registry {
    let mut registry = Registry::with_prefix("process");
    if let Some(usage) = process::usage() {
        register(&mut registry, usage);
    }
    registry
}

fn register(registry: &mut Registry, usage: Usage) {
    registry.register_with_unit(
        "cpu",
        "User and system CPU time",
        Unit::Seconds,
        ConstCounter::new(usage.cpu_seconds),
    );
    let mut gauge = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            registry.register(name, help, ConstGauge::new(signed(value)));
        }
    };
    let resident = Some(usage.resident_bytes);
    gauge("resident_memory_bytes", "Resident memory", resident);
    let address_space = Some(usage.virtual_bytes);
    gauge("virtual_memory_bytes", "Address space", address_space);
    let count = |fds: Option<usize>| fds.and_then(|fds| u64::try_from(fds).ok());
    gauge(
        "open_fds",
        "Open file descriptors, including connections",
        count(usage.open_fds),
    );
    gauge(
        "max_fds",
        "Maximum number of open file descriptors",
        count(usage.max_fds),
    );
    gauge(
        "start_time_seconds",
        "When the process started, in seconds since 1970",
        Some(usage.started),
    );
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
