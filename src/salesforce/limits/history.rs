//! The API calls of one org over the last hours, as samples.

use std::{collections::VecDeque, time::SystemTime};

use serde::{Serialize, Serializer};

use super::ledger::Figures;

/// The maximum number of samples of an org: 12 hours of one a minute, at most 50 kB.
const MAX_SAMPLES: usize = 720;

/// The figures of an org at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sample {
    /// When it was taken.
    #[serde(serialize_with = "rfc3339")]
    time: SystemTime,
    /// Calls of the last 24 hours, by all systems of the org; `None` if the org has not stated them yet.
    used: Option<u64>,
    /// Calls that are left for this service; `None` if the org has not stated its limit yet.
    spendable: Option<u64>,
    /// Calls saved since the start.
    saved: i64,
    /// Calls of this service that count against the limit, since its start.
    calls: u64,
}

/// The last samples of an org, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Sample>);

impl History {
    /// Adds a sample of these figures. The oldest one makes room.
    pub(super) fn add(&mut self, figures: &Figures, time: SystemTime) {
        if self.0.len() == MAX_SAMPLES {
            self.0.pop_front();
        }
        let calls = figures.calls;
        self.0.push_back(Sample {
            time,
            used: figures.used,
            spendable: figures.spendable,
            saved: figures.calls_saved,
            calls: calls.query + calls.collections + calls.write,
        });
    }

    /// The number of samples.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The last sample and each `step`th before it, the oldest first.
    pub(super) fn thinned(&self, step: usize) -> Vec<Sample> {
        let mut samples: Vec<_> = self.0.iter().rev().step_by(step).cloned().collect();
        samples.reverse();
        samples
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_seconds(*time))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// A history with a sample in each of so many minutes.
    fn history(minutes: u64) -> History {
        let figures = super::super::tests::limits_of_one_org().figures().remove(0);
        let mut history = History::default();
        for minute in 1..=minutes {
            history.add(&figures, UNIX_EPOCH + Duration::from_mins(minute));
        }
        history
    }

    fn minutes(samples: &[Sample]) -> Vec<u64> {
        let since = |sample: &Sample| sample.time.duration_since(UNIX_EPOCH).unwrap();
        let minutes = samples.iter().map(|sample| since(sample).as_secs() / 60);
        minutes.collect()
    }

    #[test]
    fn the_samples_of_12_hours_are_kept() {
        let kept = history(1_000).thinned(1);
        assert_eq!(minutes(&kept), (281..=1_000).collect::<Vec<_>>());
        assert!(size_of::<Sample>() * MAX_SAMPLES <= 50_000);
    }

    #[test]
    fn a_thinned_history_has_the_last_sample_and_even_steps() {
        let history = history(10);
        assert_eq!(minutes(&history.thinned(4)), [2, 6, 10]);
        assert_eq!(minutes(&history.thinned(20)), [10]);
    }
}
