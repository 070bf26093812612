//! The warning that password logins end.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often it is logged.
const EVERY: Duration = Duration::from_hours(24);

/// When it was logged last.
#[derive(Debug, Default)]
pub(super) struct Warning(Mutex<Option<Instant>>);

impl Warning {
    /// Warns, unless it has done so within a day.
    pub(super) fn password_login(&self, destination: &str) {
        if self.is_due(Instant::now()) {
            tracing::warn!(
                destination,
                "this destination logs in by password, which Salesforce ends on 2027-02-20; its events fail from then on: set \
                 SALESFORCE_AUTH to client-credentials or jwt-bearer (README, \"Before 2027-02-20\", has the steps)"
            );
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_once_a_day() {
        let (warning, start) = (Warning::default(), Instant::now());
        let due = [0, 1, 23, 24, 25, 47, 48]
            .map(|hour| warning.is_due(start + Duration::from_hours(hour)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }
}
