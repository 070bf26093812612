//! Says what a destination of another type costs where there is no upstream: rudder-server keeps a source's events in order, so
//! that those for Salesforce wait behind the one that nobody serves.

use std::time::Duration;

use moka::sync::Cache;

/// How often it is said of a type.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// How many types are told apart.
const MAX_TYPES: u64 = 1_000;

/// The types of which it was said lately.
#[derive(Clone, Debug)]
pub(super) struct UnsupportedDestinations(Cache<String, ()>);

impl Default for UnsupportedDestinations {
    fn default() -> Self {
        let said = Cache::builder().time_to_live(LOG_INTERVAL);
        Self(said.max_capacity(MAX_TYPES).build())
    }
}

impl UnsupportedDestinations {
    /// Notes that a request for a destination of this type was refused, and logs it once a minute.
    pub(super) fn report(&self, destination: &str) {
        let destination = destination.to_ascii_lowercase();
        let said = self.0.entry_by_ref(&destination).or_insert(());
        if said.is_fresh() {
            tracing::error!(
                destination,
                "rudder-server asks for a destination of a type that only a stock transformer serves, and will ask again without an \
                 end: no event of its source arrives meanwhile, those for Salesforce neither. Set UPSTREAM_URL to a stock transformer"
            );
        }
    }
}
