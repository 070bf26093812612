//! A job of a delivery, as its metadata tell.

use crate::{json::Value, rudderstack::batch::attempts};

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
    /// is no `destInfo`, or one in which the router has noted that it was handed the descriptor.
    Stored,
    /// The router path, which has described it just now.
    Routed {
        /// How its record was looked up, where the router has noted it; an event that names its record has no note.
        looked_up: Option<LookedUp>,
    },
}

/// How the router has looked a job's record up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// The attempt for which it was.
    pub attempt: u64,
    /// Whether it was by the e-mail.
    pub by_email: bool,
}

impl<'a> Job<'a> {
    pub(super) fn read(metadata: Value<'a>) -> Self {
        let members = metadata.as_object().unwrap_or_default();
        let [attempt, dest_info] = members.pick(["attemptNum", "destInfo"]);
        Self {
            metadata,
            attempt: attempts(attempt),
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
        if dest_info.at("stored").is_some_and(Value::is_true) {
            return Self::Stored;
        }
        let note = dest_info.at("lookedUp").and_then(Value::as_object);
        let looked_up = note.map(|note| {
            let field = note.get("field").and_then(Value::as_text);
            LookedUp {
                attempt: attempts(note.get("attempt")),
                by_email: field.is_some_and(|field| field.eq_ignore_ascii_case("Email")),
            }
        });
        Self::Routed { looked_up }
    }
}
