//! The warning that password logins end.

use std::time::{Duration, Instant};

use crate::server::telemetry::Throttle;

/// When it was logged last.
#[derive(Debug)]
pub(super) struct Warning(Throttle);

impl Default for Warning {
    /// It is logged once a day at most.
    fn default() -> Self {
        Self(Throttle::new(Duration::from_hours(24)))
    }
}

impl Warning {
    /// Warns, unless it has done so within a day.
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
