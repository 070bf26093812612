//! Admits or rejects events: rules `event-type` and `gate` of `docs/behaviour.md`.

use std::borrow::Cow;

use crate::{
    config::rules::Rules,
    json::{Kind, Value},
    rudderstack::{Destination, Event},
    text::shortened,
    transform::error::EventError,
};

/// An identify that its author meant for this destination. Only [`admit`] creates one.
#[derive(Debug)]
pub struct Admitted<'e, 'a> {
    event: &'e Event<'a>,
    grounds: Grounds<'a>,
}

/// Why an identify is admitted.
#[derive(Clone, Debug)]
pub(crate) enum Grounds<'a> {
    /// The rules have no gate.
    NoGate,
    /// A reverse-ETL sync names its destination itself.
    ReverseEtl,
    /// This member of `integrations` opens the gate.
    Integration {
        /// Its name.
        name: Cow<'a, str>,
        /// Its value: `true` or an object.
        value: Value<'a>,
    },
}

impl<'a> Admitted<'_, 'a> {
    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event<'a> {
        self.event
    }

    /// Why it is admitted.
    #[must_use]
    pub(crate) fn grounds(&self) -> &Grounds<'a> {
        &self.grounds
    }
}

/// Admits an event.
///
/// # Errors
/// [`EventError::UnsupportedType`] for anything but an identify, [`EventError::GateClosed`] for an identify that does
/// not enable Salesforce in its `integrations`. A reverse-ETL event always passes, because its sync names the
/// destination.
pub fn admit<'e, 'a>(
    event: &'e Event<'a>,
    destination: &Destination,
    rules: &Rules,
) -> Result<Admitted<'e, 'a>, EventError> {
    let kind = event.kind();
    if kind.as_deref() != Some("identify") {
        let found = kind.map_or_else(
            || "missing".to_owned(),
            |kind| format!("\"{}\"", shortened(&kind)),
        );
        return Err(EventError::UnsupportedType { found });
    }
    let grounds = if !rules.gate {
        Grounds::NoGate
    } else if event.is_mapped() {
        Grounds::ReverseEtl
    } else {
        opening(event, destination).ok_or(EventError::GateClosed)?
    };
    Ok(Admitted { event, grounds })
}

/// What opens the gate. `All: true`, `"true"`, `1` and `null` do not count: each call to Salesforce is metered, so the author must
/// ask for it explicitly.
fn opening<'a>(event: &Event<'a>, destination: &Destination) -> Option<Grounds<'a>> {
    let integrations = event.at("integrations").and_then(Value::as_object)?;
    let members = integrations.members();
    let opens = |(name, value): &&(Cow<'a, str>, Value<'a>)| {
        is_ours(name, destination) && (value.is_true() || value.kind() == Kind::Object)
    };
    let (name, value) = members.iter().find(opens)?.clone();
    Some(Grounds::Integration { name, value })
}

/// Whether a member of `integrations` is about this destination.
fn is_ours(name: &str, destination: &Destination) -> bool {
    let name = name.trim();
    name == "Salesforce" || (!name.is_empty() && name == destination.display_name)
}

/// The members of `integrations` that would concern this destination if they had another value, for the explanation of a closed
/// gate.
pub(crate) fn near_misses<'a>(
    event: &Event<'a>,
    destination: &Destination,
) -> Vec<(Cow<'a, str>, Value<'a>)> {
    let integrations = event.at("integrations").and_then(Value::as_object);
    let members = integrations.unwrap_or_default().iter();
    let is_near =
        |(name, _): &(Cow<'a, str>, Value<'a>)| name.trim() == "All" || is_ours(name, destination);
    members.filter(is_near).collect()
}
