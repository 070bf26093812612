//! Limits a repeated log line to at most one per period.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lets something through at most once per period.
#[derive(Debug)]
pub(crate) struct Throttle {
    period: Duration,
    last: Mutex<Option<Instant>>,
}

impl Throttle {
    /// Lets something through now, and then once per `period`.
    pub(crate) const fn new(period: Duration) -> Self {
        Self {
            period,
            last: Mutex::new(None),
        }
    }

    /// Whether it may pass now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= self.period);
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
    fn it_is_due_once_in_each_period() {
        let day = Duration::from_hours(24);
        let (throttle, start) = (Throttle::new(day), Instant::now());
        let due = [0, 1, 23, 24, 25, 47, 48]
            .map(|hour| throttle.is_due(start + Duration::from_hours(hour)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }
}
