//! The service itself. Its figures are read at each scrape.

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};

use crate::process::{self, Usage};

/// The service at the moment that it is asked.
#[derive(Clone, Copy, Debug)]
pub struct ServiceFigures {
    /// How many requests have begun and are not over.
    pub requests_in_flight: u64,
    /// How many bytes of memory they take, as it is counted.
    pub in_flight_bytes: u64,
    /// How many bytes they may take.
    pub in_flight_limit: u64,
    /// Whether new requests are welcome.
    pub is_ready: bool,
    /// Whether the upstream answers; `None` where there is none.
    pub upstream_answers: Option<bool>,
    /// How many lines of the log were lost.
    pub lost_lines: u64,
}

/// A registry of the service as it is now.
pub(super) fn registry(prefix: &str, now: &ServiceFigures) -> Registry {
    let mut registry = Registry::with_prefix(prefix);
    registry.register(
        "build",
        "The version that runs",
        Info::new([("version", env!("CARGO_PKG_VERSION"))]),
    );
    registry.register(
        "ready",
        "Whether /ready says yes: 1, or 0 while the service stops or has not heard its upstream yet",
        ConstGauge::new(i64::from(now.is_ready)),
    );
    if let Some(answers) = now.upstream_answers {
        registry.register(
            "upstream_up",
            "Whether the transformer of UPSTREAM_URL has answered last time",
            ConstGauge::new(i64::from(answers)),
        );
    }
    registry.register(
        "log_lines_lost",
        "Lines of the log that nobody took from standard error, or not in time",
        ConstCounter::new(now.lost_lines),
    );
    registry.register(
        "http_requests_in_flight",
        "Requests that have begun and are not over, this one included",
        ConstGauge::new(signed(now.requests_in_flight)),
    );
    registry.register(
        "in_flight_bytes",
        "Memory of the requests in flight, as it is counted: three times the bytes of their bodies that have arrived or what is made of them, jobs taken over, answers of Salesforce, headers that have not ended",
        ConstGauge::new(signed(now.in_flight_bytes)),
    );
    registry.register(
        "in_flight_bytes_limit",
        "MAX_IN_FLIGHT_BYTES: past it requests are answered 503",
        ConstGauge::new(signed(now.in_flight_limit)),
    );
    registry
}

/// A registry of the process's resources, by the names that the Prometheus clients use. It is empty if the system does
/// not report them.
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
        "User and system time",
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
        "Open file descriptors, connections among them",
        count(usage.open_fds),
    );
    gauge("max_fds", "How many there may be", count(usage.max_fds));
    gauge(
        "start_time_seconds",
        "When the process started, in seconds since 1970",
        Some(usage.started),
    );
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
