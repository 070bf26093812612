//! The API calls of each org. The figures are read from the ledger at each scrape.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The current figures of one org.
#[derive(Clone, Copy, Debug)]
pub struct OrgFigures<'a> {
    /// The org's host, which is the label.
    pub host: &'a str,
    /// Calls that all systems have made to the org in the last 24 hours; `None` until the org has reported them.
    pub used: Option<u64>,
    /// Calls that the org allows in 24 hours.
    pub allowed: Option<u64>,
    /// Calls that are reserved for the org's other systems.
    pub reserve: Option<u64>,
    /// Calls saved, compared with one lookup and one write for each event.
    pub calls_saved: i64,
    /// Events handled since the service started.
    pub events: u64,
    /// Calls that this service has made since it started, by kind.
    pub calls: [(&'static str, u64); 4],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HostLabel {
    host: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HostCallLabels {
    host: String,
    call: &'static str,
}

/// Name, help text and value of a gauge. The value is `None` until the org has reported it.
type GaugeOf = (
    &'static str,
    &'static str,
    fn(&OrgFigures<'_>) -> Option<i64>,
);

const GAUGES: [GaugeOf; 4] = [
    (
        "org_calls_used",
        "API calls that all systems have made to the org in the last 24 hours, from Sforce-Limit-Info",
        |org| org.used.map(signed),
    ),
    (
        "org_calls_allowed",
        "API calls that the org allows in 24 hours",
        |org| org.allowed.map(signed),
    ),
    (
        "org_calls_reserve",
        "API calls that are reserved for the org's other systems (API_RESERVE)",
        |org| org.reserve.map(signed),
    ),
    (
        "org_calls_saved",
        "API calls saved, compared with one lookup and one write for each event",
        |org| Some(org.calls_saved),
    ),
];

/// A registry of the orgs' current figures.
pub(super) fn registry(prefix: &str, orgs: &[OrgFigures<'_>]) -> Registry {
    let mut registry = Registry::with_prefix(prefix);
    for (name, help, value) in GAUGES {
        let gauges = Family::<HostLabel, Gauge>::default();
        for org in orgs {
            if let Some(value) = value(org) {
                gauges.get_or_create(&label(org)).set(value);
            }
        }
        registry.register(name, help, gauges);
    }
    let events = Family::<HostLabel, Counter>::default();
    for org in orgs {
        events.get_or_create(&label(org)).inc_by(org.events);
    }
    registry.register("org_events", "Events handled, by org", events);
    registry.register(
        "org_calls",
        "Calls to the org, by kind; all kinds except token count against its limit",
        calls(orgs),
    );
    registry
}

fn calls(orgs: &[OrgFigures<'_>]) -> Family<HostCallLabels, Counter> {
    let calls = Family::<HostCallLabels, Counter>::default();
    for org in orgs {
        for (call, count) in org.calls {
            let host = org.host.to_owned();
            calls
                .get_or_create(&HostCallLabels { host, call })
                .inc_by(count);
        }
    }
    calls
}

fn label(org: &OrgFigures<'_>) -> HostLabel {
    HostLabel {
        host: org.host.to_owned(),
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
