//! An event that is kept: what became of it, and why.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Map, Value as JsonValue, json};
use smallvec::SmallVec;

use super::names::{MAX_MESSAGE, shortened};
use crate::transform::{
    change::ChangeKind,
    remedy::{Reason, remedy},
};

/// How many changes, fields and objects of an event are kept.
pub(super) const MAX_CHANGES: usize = 5;
pub(super) const MAX_FIELDS: usize = 3;
pub(super) const MAX_OBJECTS: usize = 3;

/// An event that is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptEvent {
    /// Its number, from 1 on since the start of the process.
    pub(super) sequence: u64,
    /// When it was answered, in milliseconds since 1970.
    pub(super) millis: u64,
    pub(super) route: KeptRoute,
    pub(super) status: u16,
    /// The category under which metrics count it.
    pub(super) verdict: &'static str,
    /// The destination's id.
    pub(super) destination: Option<Arc<str>>,
    /// The id of the message in JSON; empty if there is none.
    pub(super) message: String,
    /// rudder-server's number of the job.
    pub(super) job: Option<u64>,
    /// The objects that it writes.
    pub(super) objects: SmallVec<[Arc<str>; 1]>,
    /// Identifies its record without telling the key.
    pub(super) key: Option<u64>,
    pub(super) reason: Option<KeptReason>,
    pub(super) changes: Option<Arc<[KeptChange]>>,
    /// The event itself, in JSON (`ADMIN_SHOW_VALUES`).
    pub(super) event: Option<Arc<str>>,
}

/// The way on which an event has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum KeptRoute {
    /// `/transform`.
    #[default]
    Transform,
    /// rudder-server's processor.
    Processor,
    /// rudder-server's router.
    Router,
    /// The delivery proxy.
    Proxy,
}

impl KeptRoute {
    fn label(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Processor => "processor",
            Self::Router => "router",
            Self::Proxy => "proxy",
        }
    }
}

/// Why an event was not sent, or not yet.
#[derive(Clone, Debug)]
pub(super) struct KeptReason {
    pub(super) reason: Reason,
    /// Salesforce's code.
    pub(super) code: Option<Arc<str>>,
    /// The fields that Salesforce names.
    pub(super) fields: SmallVec<[Arc<str>; 1]>,
}

/// What differs between the event and what is sent for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptChange {
    pub(super) reason: Reason,
    pub(super) kind: ChangeKind,
    pub(super) trait_name: Option<Arc<str>>,
    pub(super) field: Option<Arc<str>>,
}

impl KeptReason {
    /// Salesforce's code, else the reason.
    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or(self.reason.label())
    }

    fn remedy(&self) -> &'static str {
        remedy(self.reason, self.code.as_deref())
    }
}

impl KeptChange {
    /// The field, else the trait.
    pub(super) fn place(&self) -> &str {
        let place = self.field.as_deref().or(self.trait_name.as_deref());
        place.unwrap_or_default()
    }

    fn json(&self) -> JsonValue {
        json!({
            "reason": self.reason.label(),
            "kind": self.kind.as_str(),
            "trait": self.trait_name.as_deref(),
            "field": self.field.as_deref(),
            "remedy": self.reason.remedy(),
        })
    }
}

impl KeptEvent {
    /// The id of the message, if it has one that is a text.
    pub(super) fn message(&self) -> Option<String> {
        let message: String = serde_json::from_str(&self.message).ok()?;
        let message = shortened(&message, MAX_MESSAGE).into_owned();
        Some(message).filter(|message| !message.is_empty())
    }

    /// What differs between the event and what is sent for it.
    fn changes(&self) -> &[KeptChange] {
        self.changes.as_deref().unwrap_or_default()
    }

    /// Whether it is a delivery for rudder-server, which names jobs and no messages.
    pub(super) fn is_delivery(&self) -> bool {
        self.route == KeptRoute::Proxy
    }

    /// The reasons and Salesforce's codes.
    pub(super) fn reasons(&self) -> impl Iterator<Item = &str> {
        let reason = self.reason.iter();
        let reason = reason.flat_map(|reason| [reason.reason.label(), reason.code()]);
        reason.chain(self.changes().iter().map(|change| change.reason.label()))
    }

    /// The JSON of the event, with this id. What is not known is left out.
    #[must_use]
    pub(crate) fn json(&self, id: &str) -> String {
        let mut json = self.members(id).to_string();
        if let Some(event) = &self.event {
            // Its text is not parsed, so that numbers keep their digits.
            json.pop();
            json.extend([r#","event":"#, event, "}"]);
        }
        json
    }

    fn members(&self, id: &str) -> JsonValue {
        let objects: Vec<&str> = self.objects.iter().map(|object| &**object).collect();
        let changes: Vec<_> = self.changes().iter().map(KeptChange::json).collect();
        let reason = self.reason.as_ref();
        let fields = reason.iter().flat_map(|reason| &reason.fields);
        let fields: Vec<&str> = fields.map(|field| &**field).collect();
        let members = [
            ("id", id.into()),
            ("time", time(self.millis).into()),
            ("route", self.route.label().into()),
            ("status", self.status.into()),
            ("verdict", self.verdict.into()),
            ("destination", json!(self.destination.as_deref())),
            ("message", json!(self.message())),
            ("job", json!(self.job)),
            ("objects", json!(objects)),
            ("key", json!(self.key.map(hex))),
            ("reason", json!(reason.map(|reason| reason.reason.label()))),
            (
                "code",
                json!(reason.and_then(|reason| reason.code.as_deref())),
            ),
            ("fields", json!(fields)),
            ("remedy", json!(reason.map(KeptReason::remedy))),
            ("changes", changes.into()),
        ];
        let known = |(_, value): &(&str, JsonValue)| match value {
            JsonValue::Null => false,
            JsonValue::Array(values) => !values.is_empty(),
            JsonValue::Bool(_)
            | JsonValue::Number(_)
            | JsonValue::String(_)
            | JsonValue::Object(_) => true,
        };
        let members = members.into_iter().filter(known);
        let members: Map<_, _> = members
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        JsonValue::Object(members)
    }
}

/// A key as it is shown.
pub(super) fn hex(key: u64) -> String {
    format!("{key:016x}")
}

/// A time in RFC 3339.
pub(super) fn time(millis: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The memory that an event takes, without what it shares with others.
    fn bytes(event: &KeptEvent) -> usize {
        const OF_A_NAME: usize = 2 * size_of::<usize>();
        let of = |name: &Option<Arc<str>>| name.as_ref().map_or(0, |name| name.len() + OF_A_NAME);
        let changes = event.changes().iter();
        let changes =
            changes.map(|it| size_of::<KeptChange>() + of(&it.trait_name) + of(&it.field));
        let reason = event.reason.as_ref();
        let fields = reason.iter().flat_map(|reason| &reason.fields);
        let names = fields.chain(&event.objects);
        let names = names.map(|name| size_of::<Arc<str>>() + name.len() + OF_A_NAME);
        let code = reason.map_or(0, |reason| of(&reason.code));
        size_of::<KeptEvent>()
            + changes.chain(names).sum::<usize>()
            + event.message.len()
            + code
            + of(&event.destination)
    }

    #[test]
    fn an_event_takes_at_most_2_kib_if_nothing_is_shared() {
        let name: Arc<str> = "n".repeat(crate::events::names::MAX_NAME).into();
        let change = KeptChange {
            reason: Reason::Structure,
            kind: ChangeKind::LeftOut,
            trait_name: Some(Arc::clone(&name)),
            field: Some(Arc::clone(&name)),
        };
        let names = |count: usize| std::iter::repeat_n(Arc::clone(&name), count).collect();
        let event = KeptEvent {
            message: "m".repeat(MAX_MESSAGE),
            destination: Some(Arc::clone(&name)),
            objects: names(MAX_OBJECTS),
            reason: Some(KeptReason {
                reason: Reason::Refused,
                code: Some(Arc::clone(&name)),
                fields: names(MAX_FIELDS),
            }),
            changes: Some(vec![change; MAX_CHANGES].into()),
            ..KeptEvent::default()
        };
        assert!(bytes(&event) <= 2 << 10, "{}", bytes(&event));
    }
}
