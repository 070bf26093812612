//! Splits an answer into its events. Router entries are matched by job id, in any order.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};

/// An answer, split into its events.
#[derive(Debug)]
pub(super) struct ComparedAnswer {
    pub(super) events: BTreeMap<EventKey, Value>,
}

/// What a part of an answer refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EventKey {
    /// The request as a whole: its HTTP status, or an answer that has no events.
    Whole,
    /// A job and the index of its output.
    Job(u64, usize),
    /// An event without a job id, by its position.
    Place(usize),
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the answer"),
            Self::Job(job, 0) => write!(f, "job {job}"),
            Self::Job(job, output) => write!(f, "job {job}, output {}", output + 1),
            Self::Place(place) => write!(f, "element {place}"),
        }
    }
}

impl ComparedAnswer {
    /// Splits an answer. An answer that is not JSON is compared as text.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        let mut answer = Self {
            events: BTreeMap::new(),
        };
        let entries = match &body {
            Value::Array(entries) => Some(entries),
            other => other["output"].as_array(),
        };
        let whole = match entries {
            None => json!({"status": status, "body": body}),
            Some(entries) => {
                for (place, entry) in entries.iter().enumerate() {
                    answer.add(place, entry);
                }
                json!({"status": status})
            }
        };
        answer.events.insert(EventKey::Whole, whole);
        answer
    }

    fn add(&mut self, place: usize, entry: &Value) {
        let jobs = match &entry["metadata"] {
            Value::Array(jobs) => jobs.clone(),
            one => vec![one.clone()],
        };
        for metadata in jobs {
            let event = match metadata["jobId"].as_u64() {
                Some(job) => self.next_output(job),
                None => EventKey::Place(place),
            };
            let mut entry = entry.clone();
            entry["metadata"] = metadata;
            self.events.insert(event, entry);
        }
    }

    fn next_output(&self, job: u64) -> EventKey {
        let taken = self
            .events
            .range(EventKey::Job(job, 0)..=EventKey::Job(job, usize::MAX));
        EventKey::Job(job, taken.count())
    }

    /// The number of events.
    pub(super) fn count(&self) -> usize {
        self.events.len() - 1
    }
}
