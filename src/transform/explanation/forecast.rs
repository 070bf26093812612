//! What events would cost: requests, and calls in each way of delivery.

use std::collections::BTreeSet;

use serde::Serialize;

/// What a batch, or several, would cost.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Forecast {
    /// The events.
    pub(crate) events: usize,
    /// Those for which a request is sent.
    pub(crate) sent: usize,
    /// Those that need no request.
    pub(crate) filtered: usize,
    /// Those that are given up.
    pub(crate) refused: usize,
    /// Those that come again.
    pub(crate) retried: usize,
    /// The requests.
    pub(crate) requests: usize,
    /// The calls.
    pub(crate) calls: ForecastCalls,
    /// The limit of the org with the most calls, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<ForecastLimit>,
    /// The objects that were counted as described.
    #[serde(skip)]
    pub(crate) described: BTreeSet<(String, String)>,
}

/// The calls of a forecast.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForecastCalls {
    /// Lookups.
    pub(crate) lookup: usize,
    /// Descriptions of objects, which a service asks for once in `DESCRIBE_TTL`.
    pub(crate) describe: usize,
    /// All calls if rudder-server sends the requests (`DELIVERY=descriptor`).
    pub(crate) descriptor: usize,
    /// All calls if this service writes (`DELIVERY=inline`).
    pub(crate) inline: usize,
}

/// The limit of an org.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForecastLimit {
    /// The org.
    pub(crate) org: String,
    /// The calls that it allows in 24 hours.
    pub(crate) allowed: u64,
    /// The calls of the last 24 hours.
    pub(crate) used: u64,
    /// The share of all calls that the events would take, in percent, if rudder-server sends the requests.
    pub(crate) descriptor_percent: f64,
    /// The same if this service writes.
    pub(crate) inline_percent: f64,
}

impl Forecast {
    /// Adds the forecast of another batch.
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.sent += other.sent;
        self.filtered += other.filtered;
        self.refused += other.refused;
        self.retried += other.retried;
        self.requests += other.requests;
        self.calls.lookup += other.calls.lookup;
        self.calls.descriptor += other.calls.descriptor;
        self.calls.inline += other.calls.inline;
        self.described.extend(other.described);
        self.calls.describe = self.described.len();
        self.limit = other.limit.or(self.limit.take());
    }

    /// The forecast with the descriptions in each sum, and the shares of the limit.
    #[must_use]
    pub(crate) fn summed(mut self) -> Self {
        self.calls.descriptor += self.calls.describe;
        self.calls.inline += self.calls.describe;
        if let Some(limit) = &mut self.limit {
            limit.descriptor_percent = percent(self.calls.descriptor, limit.allowed);
            limit.inline_percent = percent(self.calls.inline, limit.allowed);
        }
        self
    }
}

/// A share in percent, to four digits after the point.
fn percent(calls: usize, allowed: u64) -> f64 {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    let allowed = u32::try_from(allowed.max(1)).unwrap_or(u32::MAX);
    (f64::from(calls) / f64::from(allowed) * 1_000_000.0).round() / 10_000.0
}
