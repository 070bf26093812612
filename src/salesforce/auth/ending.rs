//! The warning that Salesforce will end password logins.

use std::time::{Duration, Instant};

use crate::server::telemetry::Throttle;

/// Remembers when the warning was last logged.
#[derive(Debug)]
pub(super) struct Warning(Throttle);

impl Default for Warning {
    /// The warning is logged at most once a day.
    fn default() -> Self {
        Self(Throttle::new(Duration::from_hours(24)))
    }
}

impl Warning {
    /// Logs the warning, unless it was logged within the last day.
    pub(super) fn password_login(&self, destination: &str) {
        if self.0.is_due(Instant::now()) {
            tracing::warn!(
                destination,
                "this destination logs in by password, which Salesforce ends on 2027-02-20; its events fail from then on: set \
                 SALESFORCE_AUTH to client-credentials or jwt-bearer (docs/salesforce-login.md has the steps)"
            );
        }
    }
}
