//! Limits how often the log reports that the upstream fails: immediately, and then at growing intervals.

use std::time::{Duration, Instant};

use super::UpstreamError;

/// The interval before the second line. It doubles after each line, up to [`MAX_QUIET`].
const QUIET: Duration = Duration::from_secs(10);
const MAX_QUIET: Duration = Duration::from_mins(10);

/// A period in which the upstream fails.
pub(super) struct Outage {
    since: Instant,
    next: Instant,
    quiet: Duration,
}

impl Outage {
    /// An outage that begins now.
    pub(super) fn begun() -> Self {
        Self::begun_at(Instant::now())
    }

    fn begun_at(now: Instant) -> Self {
        Self {
            since: now,
            next: now,
            quiet: QUIET,
        }
    }

    /// Logs the outage, if a line is due.
    pub(super) fn tell(&mut self, error: UpstreamError) {
        if self.is_due(Instant::now()) {
            tracing::warn!(
                %error,
                "the upstream's features cannot be read: check UPSTREAM_URL, and whether a NetworkPolicy lets this service \
                 reach it. It is asked again five times a second, and this line comes ever more seldom"
            );
        }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + self.quiet;
        self.quiet = (self.quiet * 2).min(MAX_QUIET);
        true
    }

    /// How long the outage has lasted.
    pub(super) fn lasted(&self) -> Duration {
        self.since.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_fails_is_told_at_once_and_then_ever_more_seldom() {
        let start = Instant::now();
        let mut outage = Outage::begun_at(start);
        let told = (0..3_600).filter(|second| outage.is_due(start + Duration::from_secs(*second)));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030]
        );
    }
}
