//! How many events had which verdict in each of the last 60 minutes: all events, not only those that are kept.

use serde_json::{Map, Value as JsonValue, json};
use smallvec::SmallVec;

use super::{kept::time, minutes::Minutes};

/// The verdicts of each minute.
#[derive(Debug, Default)]
pub(super) struct VerdictCounts(Minutes<OfMinute>);

/// The verdicts of one minute, and how many events had each.
type OfMinute = SmallVec<[(&'static str, u64); 4]>;

impl VerdictCounts {
    /// Counts an event that was answered at this time.
    pub(super) fn count(&mut self, verdict: &'static str, millis: u64) {
        let verdicts = self.0.at(millis);
        match verdicts.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, count)) => *count += 1,
            None => verdicts.push((verdict, 1)),
        }
    }

    /// The JSON of the last minutes until this time, the oldest first.
    pub(super) fn json(&self, millis: u64) -> Vec<JsonValue> {
        let minutes = self.0.until(millis).map(|(begin, verdicts)| {
            let verdicts = verdicts.into_iter().flatten();
            let verdicts = verdicts.map(|(verdict, count)| ((*verdict).to_owned(), json!(count)));
            let verdicts: Map<_, _> = verdicts.collect();
            json!({ "time": time(begin), "verdicts": verdicts })
        });
        minutes.collect()
    }
}
