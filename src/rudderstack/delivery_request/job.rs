//! A job of a delivery, as its metadata describes it.

use crate::{json::Value, rudderstack::batch::attempts};

/// A job for which a request is delivered.
#[derive(Clone, Copy, Debug)]
pub struct ProxyJob<'a> {
    /// The metadata, to be echoed.
    pub metadata: Value<'a>,
    /// How many attempts have failed before this one.
    pub attempt: u64,
    /// The source of its descriptor.
    pub origin: Origin,
    /// The field and the value by which the router has looked up the record that is created, if it has noted them.
    pub key: Option<(Value<'a>, Value<'a>)>,
}

/// The source of a job's descriptor, as its `destInfo` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The descriptor comes from the processor path, where rudder-server stores it and sends it on each attempt, or
    /// from another caller. There is no `destInfo`, or the router has noted in it that it received a finished
    /// descriptor.
    Stored,
    /// The descriptor comes from the router path, which has just created it.
    Routed {
        /// How its record was looked up, if the router has noted it; an event that names its record has no note.
        looked_up: Option<LookedUp>,
    },
}

/// How the router has looked up a job's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// The attempt in which the lookup was made.
    pub attempt: u64,
    /// Whether the record was looked up by e-mail.
    pub by_email: bool,
}

impl<'a> ProxyJob<'a> {
    pub(super) fn read(metadata: Value<'a>) -> Self {
        let members = metadata.as_object().unwrap_or_default();
        let [attempt, dest_info] = members.pick(["attemptNum", "destInfo"]);
        let dest_info = dest_info.filter(|dest_info| !dest_info.is_null());
        let note = dest_info.and_then(|dest_info| dest_info.at("lookedUp"));
        let key = note.and_then(Value::as_object);
        Self {
            metadata,
            attempt: attempts(attempt),
            origin: dest_info.map_or(Origin::Stored, Origin::read),
            key: key.and_then(|key| key.get("field").zip(key.get("value"))),
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
