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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::{
        config::Login,
        config::rules::{Compatibility, Placeholders},
        json::value,
    };

    fn verdict(message: &str, compatibility: Compatibility) -> u16 {
        let login = Login {
            username: String::new(),
            password: SecretString::default(),
            sandbox: false,
        };
        let destination = Destination {
            display_name: "Salesforce V2".to_owned(),
            ..Destination::own(login)
        };
        let event = Event::read(Some(value(message))).unwrap();
        let rules = Rules::new(compatibility, Placeholders::Always);
        admit(&event, &destination, &rules).map_or_else(|error| error.status(), |_| 200)
    }

    #[test]
    fn true_or_an_object_under_salesforce_or_the_display_name_opens_the_gate() {
        for integrations in [
            r#"{"Salesforce":true}"#,
            r#"{"Salesforce":{}}"#,
            r#"{"Salesforce V2":true}"#,
            r#"{"All":false,"Salesforce V2 ":{"a":1}}"#,
        ] {
            let message = format!(r#"{{"type":"identify","integrations":{integrations}}}"#);
            assert_eq!(
                verdict(&message, Compatibility::Documented),
                200,
                "{integrations}"
            );
        }
    }

    #[test]
    fn nothing_else_opens_the_gate() {
        for integrations in [
            r#"{"All":true}"#,
            r#"{"Salesforce":"true"}"#,
            r#"{"Salesforce":1}"#,
            r#"{"Salesforce":null}"#,
            r#"{"Salesforce":false}"#,
            r#"{"salesforce":true}"#,
            r#"{"SALESFORCE":true}"#,
            r#"{"":true}"#,
            r#"["Salesforce"]"#,
            "true",
            "null",
        ] {
            let message = format!(r#"{{"type":"identify","integrations":{integrations}}}"#);
            assert_eq!(
                verdict(&message, Compatibility::Documented),
                298,
                "{integrations}"
            );
        }
        assert_eq!(
            verdict(r#"{"type":"identify"}"#, Compatibility::Documented),
            298
        );
    }

    #[test]
    fn a_reverse_etl_event_passes() {
        let message = r#"{"type":"identify","context":{"mappedToDestination":true}}"#;
        assert_eq!(verdict(message, Compatibility::Documented), 200);
    }

    #[test]
    fn the_stock_set_has_no_gate() {
        assert_eq!(
            verdict(
                r#"{"type":"identify","integrations":{"Salesforce":false}}"#,
                Compatibility::Stock
            ),
            200
        );
    }

    #[test]
    fn only_an_identify_is_admitted() {
        for message in [
            r#"{"type":"track"}"#,
            r#"{"type":"Identify"}"#,
            r#"{"type":null}"#,
            "{}",
        ] {
            assert_eq!(
                verdict(message, Compatibility::Documented),
                400,
                "{message}"
            );
        }
    }
}
