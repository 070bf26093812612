//! The ledger of one org: what its calls were spent on, what they achieved, and how many were saved.

use serde::Serialize;

use super::quota::{Governor, Quota};
use crate::{
    metrics::{Call, OrgFigures},
    salesforce::session::Instance,
};

/// Calls by kind, since the start of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Queries and their further pages.
    pub query: u64,
    /// Several records written in one call.
    pub collections: u64,
    /// Records written for the delivery proxy.
    pub write: u64,
    /// Access tokens, which do not count against the limit.
    pub token: u64,
}

impl Calls {
    pub(super) fn count(&mut self, call: Call) {
        *match call {
            Call::Token => &mut self.token,
            Call::Query => &mut self.query,
            Call::Collections => &mut self.collections,
            Call::Write => &mut self.write,
            // Only the command `check` makes this call, and nobody reads its ledger.
            Call::Describe => return,
        } += 1;
    }
}

/// The events of an org that were handled: a record was written, a request to write one was described, or there was
/// nothing to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// The number of events.
    pub events: u64,
    /// The calls that the events would take one by one: a lookup of each record, and a write.
    pub calls_alone: u64,
    /// Requests described in the answers. Each is one call, whoever sends it.
    pub described: u64,
}

impl Handled {
    pub(super) fn add(&mut self, more: Self) {
        self.events += more.events;
        self.calls_alone += more.calls_alone;
        self.described += more.described;
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) calls: Calls,
    pub(super) handled: Handled,
}

impl Ledger {
    /// The number of calls saved, compared with one lookup and one write for each event. A delivered write is a
    /// described request, which is counted already.
    fn saved(&self) -> i64 {
        let spent = self.calls.query + self.calls.collections + self.handled.described;
        signed(self.handled.calls_alone).saturating_sub(signed(spent))
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An org's entry in `GET /limits`. A figure that the org has not stated yet is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The org's address.
    pub org: String,
    /// Calls of the last 24 hours, by all systems of the org.
    pub used: Option<u64>,
    /// Calls that the org allows in 24 hours.
    pub allowed: Option<u64>,
    /// Calls that are left.
    pub remaining: Option<u64>,
    /// Calls that are reserved for the org's other systems.
    pub reserve: Option<u64>,
    /// Calls that are left for this service.
    pub spendable: Option<u64>,
    /// When the org last stated its usage, as RFC 3339.
    pub observed_at: Option<String>,
    /// Calls of this service by kind, since its start.
    pub calls: Calls,
    /// Events handled since the start.
    pub events: u64,
    /// Requests described for others to send.
    pub described: u64,
    /// Calls saved, compared with one lookup and one write for each event.
    pub calls_saved: i64,
    /// Whether events are answered 429 at present. This may concern updates only, which are held back first.
    pub throttling: bool,
}

impl Figures {
    pub(super) fn new(org: &Instance, quota: &Quota, ledger: &Ledger, governor: Governor) -> Self {
        let balance = quota.balance(governor.reserve);
        let left = |kept: u64| {
            let balance = balance?;
            let allowed = balance.allowed.saturating_sub(kept);
            Some(allowed.saturating_sub(balance.used))
        };
        let reserve = balance.map(|balance| balance.reserve);
        Self {
            org: org.as_str().to_owned(),
            used: balance.map(|balance| balance.used),
            allowed: balance.map(|balance| balance.allowed),
            remaining: left(0),
            reserve,
            spendable: reserve.and_then(left),
            observed_at: balance
                .map(|balance| humantime::format_rfc3339_seconds(balance.observed).to_string()),
            calls: ledger.calls,
            events: ledger.handled.events,
            described: ledger.handled.described,
            calls_saved: ledger.saved(),
            throttling: balance.is_some_and(|balance| balance.throttling),
        }
    }

    /// The figures in the form of metrics.
    #[must_use]
    pub fn metrics(&self) -> OrgFigures<'_> {
        let Calls {
            query,
            collections,
            write,
            token,
        } = self.calls;
        OrgFigures {
            host: self.host(),
            used: self.used,
            allowed: self.allowed,
            reserve: self.reserve,
            calls_saved: self.calls_saved,
            events: self.events,
            calls: [
                ("query", query),
                ("collections", collections),
                ("write", write),
                ("token", token),
            ],
        }
    }

    fn host(&self) -> &str {
        self.org
            .split_once("://")
            .map_or(self.org.as_str(), |(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_events_in_one_query_and_half_the_requests_save_149_calls() {
        let mut ledger = Ledger::default();
        ledger.calls.count(Call::Query);
        ledger.handled.add(Handled {
            events: 100,
            calls_alone: 200,
            described: 50,
        });
        // Delivering a described request does not count as a further call.
        ledger.calls.count(Call::Write);
        ledger.calls.count(Call::Token);
        assert_eq!(ledger.saved(), 149);
    }

    #[test]
    fn calls_that_came_to_nothing_are_a_loss() {
        let mut ledger = Ledger::default();
        ledger.calls.count(Call::Query);
        ledger.calls.count(Call::Collections);
        assert_eq!(ledger.saved(), -2);
    }
}
