//! How many events had which verdict in each of the last 60 minutes: all events, not only those that are kept.

use serde_json::{Map, Value as JsonValue, json};
use smallvec::SmallVec;

use super::{kept::time, minutes::Minutes};

/// The verdicts of each minute.
#[derive(Debug, Default)]
pub(super) struct VerdictCounts(Minutes<OfMinute>);

/// The verdicts of one minute, and how many events had each.
pub(super) type OfMinute = SmallVec<[(&'static str, u64); 4]>;

impl VerdictCounts {
    /// Counts an event that was answered at this time.
    pub(super) fn count(&mut self, verdict: &'static str, millis: u64) {
        let verdicts = self.0.at(millis);
        match verdicts.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, count)) => *count += 1,
            None => verdicts.push((verdict, 1)),
        }
    }

    /// The last minutes until this time, the oldest first, each with its beginning.
    pub(super) fn until(&self, millis: u64) -> Vec<(u64, OfMinute)> {
        let minutes = self.0.until(millis);
        minutes
            .map(|(begin, verdicts)| (begin, verdicts.cloned().unwrap_or_default()))
            .collect()
    }
}

/// The JSON of some minutes.
pub(super) fn json(minutes: &[(u64, OfMinute)]) -> Vec<JsonValue> {
    let minutes = minutes.iter().map(|(begin, verdicts)| {
        let verdicts = verdicts.iter();
        let verdicts = verdicts.map(|(verdict, count)| ((*verdict).to_owned(), json!(count)));
        let verdicts: Map<_, _> = verdicts.collect();
        json!({ "time": time(*begin), "verdicts": verdicts })
    });
    minutes.collect()
}
