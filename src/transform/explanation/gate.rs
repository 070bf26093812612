//! What decided whether an event is meant for Salesforce.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    json::Value,
    rudderstack::{Destination, Event},
    text::shortened,
    transform::{
        gate::{Grounds, near_misses},
        rule::Rule,
    },
};

/// What decided whether an event is meant for Salesforce.
#[derive(Serialize)]
pub(crate) struct GateExplanation {
    /// The rule.
    pub rule: Rule,
    /// Whether the event passes.
    pub passes: bool,
    /// The path of the value that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The reason in words.
    pub because: String,
}

impl GateExplanation {
    /// The gate that admits an event.
    pub(crate) fn open(grounds: &Grounds<'_>) -> Self {
        let (path, value, because) = match grounds {
            Grounds::NoGate => (None, None, "COMPATIBILITY=stock has no gate".to_owned()),
            Grounds::ReverseEtl => {
                let because = "a reverse-ETL sync names its destination itself".to_owned();
                (
                    Some("context.mappedToDestination".to_owned()),
                    None,
                    because,
                )
            }
            Grounds::Integration { name, value } => {
                let because = "the event is meant for Salesforce".to_owned();
                let path = format!("integrations.{}", shortened(name));
                (Some(path), raw(*value), because)
            }
        };
        Self {
            rule: Rule::Gate,
            passes: true,
            path,
            value,
            because,
        }
    }

    /// The gate that rejects an event.
    pub(crate) fn closed(event: &Event<'_>, destination: &Destination) -> Self {
        let near = near_misses(event, destination).into_iter().next();
        let (path, value, because) = match near {
            None => (
                "integrations.Salesforce".to_owned(),
                None,
                "integrations does not name Salesforce".to_owned(),
            ),
            Some((name, value)) => (
                format!("integrations.{}", shortened(&name)),
                raw(value),
                if name.trim() == "All" {
                    "All does not count, because each call to Salesforce is metered".to_owned()
                } else {
                    "the value has to be true or an object".to_owned()
                },
            ),
        };
        Self {
            rule: Rule::Gate,
            passes: false,
            path: Some(path),
            value,
            because,
        }
    }
}

/// A value as it came.
fn raw(value: Value<'_>) -> Option<Box<RawValue>> {
    RawValue::from_string(value.json().to_owned()).ok()
}
