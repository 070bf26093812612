//! A job of a delivery, as its metadata tell.

use crate::contract::json::Value;

/// A job for which a request is delivered.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Its metadata, to be echoed.
    pub metadata: Value<'a>,
    /// How many attempts have failed before this one.
    pub attempt: u64,
    /// Where its descriptor comes from.
    pub origin: Origin,
}

/// Where a job's descriptor comes from, as its `destInfo` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The processor path, whose descriptor rudder-server has stored and sends on each attempt, or a caller of its own: there
    /// is no `destInfo`.
    Stored,
    /// The router path, which has described it just now.
    Routed {
        /// The attempt for which its record was looked up, where the router has noted one; an event that names its record
        /// has none.
        looked_up: Option<u64>,
    },
}

impl<'a> Job<'a> {
    pub(super) fn read(metadata: Value<'a>) -> Self {
        let members = metadata.as_object().unwrap_or_default();
        let [attempt, dest_info] = members.pick(["attemptNum", "destInfo"]);
        Self {
            metadata,
            attempt: number(attempt),
            origin: dest_info
                .filter(|dest_info| !dest_info.is_null())
                .map_or(Origin::Stored, Origin::read),
        }
    }

    pub(super) fn is_coalesced(&self) -> bool {
        let members = self.metadata.as_object().unwrap_or_default();
        let coalesced = members
            .get("destInfo")
            .and_then(|info| info.at("coalesced"));
        coalesced.is_some_and(Value::is_true)
    }
}

impl Origin {
    fn read(dest_info: Value<'_>) -> Self {
        let note = dest_info.at("lookedUp").and_then(Value::as_object);
        Self::Routed {
            looked_up: note.map(|note| number(note.get("attempt"))),
        }
    }
}

/// A number of attempts; none where it is not there.
fn number(value: Option<Value<'_>>) -> u64 {
    let number = value.and_then(Value::as_text_or_number);
    number.map_or(0, |number| number.parse().unwrap_or_default())
}
