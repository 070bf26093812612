//! The answer of a processor route and of `/transform`: an array, one element a request or a failed event, in input order.

use serde::Serialize;

use super::{FullTags, buffer};
use crate::{
    contract::{
        Batch, DestinationName, Entry, Route,
        json::{Kind, Value},
    },
    descriptor::Descriptor,
    error::{EventError, RequestError},
    outcome::{Outcome, Requests},
};

/// An element of the answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Element<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value<'a>>,
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_tags: Option<FullTags<'a>>,
    /// What was left out of the request: only at `/transform`, where a person reads it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explanation: Vec<String>,
}

/// A descriptor with the `userId` that this route has at its end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    #[serde(flatten)]
    descriptor: &'a Descriptor<'a>,
    user_id: &'static str,
}

/// Writes the answer; `name` is the destination that the tags of a failure name.
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn answer(
    batch: &Batch<'_>,
    outcomes: &[Outcome<'_>],
    name: DestinationName,
) -> Result<Vec<u8>, RequestError> {
    let mut elements = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        for entry in outcome
            .entries
            .iter()
            .filter_map(|index| batch.entries.get(*index))
        {
            match &outcome.result {
                Ok(Requests::Described(requests)) => {
                    elements.extend(
                        requests
                            .iter()
                            .map(|request| request_element(entry, request, batch.route)),
                    );
                }
                // Only the router is handed such messages, and only there is anything delivered.
                Ok(Requests::Transformed(_) | Requests::Delivered) => {
                    let found = "a request already".to_owned();
                    elements.push(failure_element(
                        entry,
                        &EventError::UnsupportedType { found },
                        batch.route,
                        name,
                    ));
                }
                Err(error) => elements.push(failure_element(entry, error, batch.route, name)),
            }
        }
    }
    buffer(&elements)
}

/// The metadata to echo. rudder-server decodes an object and throws a whole answer away for anything else; at `/transform`
/// it is whatever the caller sent.
fn echoed<'a>(entry: &Entry<'a>, route: Route) -> Option<Value<'a>> {
    entry
        .metadata
        .filter(|metadata| route == Route::Open || metadata.kind() == Kind::Object)
}

fn request_element<'a>(
    entry: &Entry<'a>,
    descriptor: &'a Descriptor<'a>,
    route: Route,
) -> Element<'a> {
    let left_out = descriptor
        .fields
        .left_out
        .iter()
        .filter(|_| route == Route::Open);
    Element {
        output: Some(Output {
            descriptor,
            user_id: "",
        }),
        metadata: echoed(entry, route),
        status_code: 200,
        error: None,
        stat_tags: None,
        explanation: left_out.map(ToString::to_string).collect(),
    }
}

fn failure_element<'a>(
    entry: &Entry<'a>,
    error: &EventError,
    route: Route,
    name: DestinationName,
) -> Element<'a> {
    let metadata = entry
        .metadata
        .and_then(Value::as_object)
        .unwrap_or_default();
    let id = |key| {
        metadata
            .get(key)
            .and_then(Value::as_text_or_number)
            .filter(|id| !id.is_empty())
    };
    let stat_tags = error.stat_tags().map(|own| FullTags {
        own,
        dest_type: name.upper(),
        module: "destination",
        implementation: "native",
        feature: "processor",
        destination_id: id("destinationId"),
        workspace_id: id("workspaceId"),
    });
    Element {
        output: None,
        metadata: echoed(entry, route),
        status_code: error.status(),
        error: Some(error.to_string()),
        stat_tags,
        explanation: Vec::new(),
    }
}
