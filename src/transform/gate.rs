//! Admits or rejects events: rules `event-type` and `gate` of `docs/behaviour.md`.

use crate::{
    config::rules::Rules,
    json::{Kind, Value},
    rudderstack::{Destination, Event},
    text::shortened,
    transform::error::EventError,
};

/// An identify that its author meant for this destination. Only [`admit`] creates one.
#[derive(Debug)]
pub struct Admitted<'e, 'a>(&'e Event<'a>);

impl<'a> Admitted<'_, 'a> {
    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event<'a> {
        self.0
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
    if rules.gate && !event.is_mapped() && !is_open(event, destination) {
        return Err(EventError::GateClosed);
    }
    Ok(Admitted(event))
}

/// `All: true`, `"true"`, `1` and `null` do not count: each call to Salesforce is metered, so the author must ask for
/// it explicitly.
fn is_open(event: &Event<'_>, destination: &Destination) -> bool {
    let Some(integrations) = event.at("integrations").and_then(Value::as_object) else {
        return false;
    };
    integrations.members().iter().any(|(name, value)| {
        let name = name.trim();
        let ours = name == "Salesforce" || (!name.is_empty() && name == destination.display_name);
        ours && (value.is_true() || value.kind() == Kind::Object)
    })
}
