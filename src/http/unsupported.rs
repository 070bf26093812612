//! Warns about requests for other destination types when there is no upstream. rudder-server keeps a source's events in
//! order, so events for Salesforce wait behind an event that no transformer handles.

use std::time::Duration;

use moka::sync::Cache;

/// The minimum interval between two warnings about the same type.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// How many types are tracked.
const MAX_TYPES: u64 = 1_000;

/// The types that were reported recently.
#[derive(Clone, Debug)]
pub(super) struct UnsupportedDestinations(Cache<String, ()>);

impl Default for UnsupportedDestinations {
    fn default() -> Self {
        let said = Cache::builder().time_to_live(LOG_INTERVAL);
        Self(said.max_capacity(MAX_TYPES).build())
    }
}

impl UnsupportedDestinations {
    /// Records that a request for a destination of this type was rejected, and logs it at most once a minute.
    pub(super) fn report(&self, destination: &str) {
        let destination = destination.to_ascii_lowercase();
        let said = self.0.entry_by_ref(&destination).or_insert(());
        if said.is_fresh() {
            tracing::error!(
                destination,
                "rudder-server has sent events for a destination type that only a stock transformer serves, and will repeat them without an \
                 end: no event of its source arrives meanwhile, those for Salesforce neither. Set UPSTREAM_URL to a stock transformer"
            );
        }
    }
}
