//! The answer of a processor route and of `/transform`: an array with one element per request or failed event, in input
//! order.

use super::{
    FullTags, changes,
    pieces::{Outlet, Pieces},
};
use crate::{
    json::{Bracket, Kind, Value, Writer},
    rudderstack::{Batch, DestinationName, Entry, Route},
    transform::{
        descriptor::Descriptor,
        error::EventError,
        outcome::{Outcome, Requests},
    },
};

/// The explanation for a request that updates a converted lead.
const CONVERTED_LEAD: &str = "the lead is converted, and Salesforce lets few users update it then: with useContactId in the \
     destination's settings its contact is written instead";

/// Writes the answer and returns its last piece.
pub(crate) async fn answer(batch: &Batch<'_>, outcomes: &[Outcome<'_>], outlet: Outlet) -> Vec<u8> {
    let mut pieces = Pieces::new(batch.bytes, outlet);
    pieces.json.open(Bracket::Array);
    for outcome in outcomes {
        let entries = outcome.entries.iter();
        for entry in entries.filter_map(|index| batch.entries.get(*index)) {
            elements(entry, outcome, batch.route, batch.name, &mut pieces).await;
        }
    }
    pieces.json.close(Bracket::Array);
    pieces.into_last()
}

/// The elements for one event.
async fn elements(
    entry: &Entry<'_>,
    outcome: &Outcome<'_>,
    route: Route,
    name: DestinationName,
    pieces: &mut Pieces,
) {
    match &outcome.result {
        Ok(Requests::Described(requests)) => {
            for request in requests {
                request_element(entry, request, route, &mut pieces.json);
                pieces.pass().await;
            }
        }
        // Only the router receives such messages, and only there is anything delivered.
        Ok(Requests::Transformed { .. } | Requests::Delivered(_)) => {
            let found = "a request already".to_owned();
            let error = EventError::UnsupportedType { found };
            failure_element(entry, &error, route, name, &mut pieces.json);
            pieces.pass().await;
        }
        Err(error) => {
            failure_element(entry, error, route, name, &mut pieces.json);
            pieces.pass().await;
        }
    }
}

/// The metadata to echo. rudder-server decodes an object and discards the whole answer if it finds anything else; at
/// `/transform` it is whatever the caller sent.
fn echoed(entry: &Entry<'_>, route: Route, json: &mut Writer) {
    let metadata = entry
        .metadata
        .filter(|metadata| route == Route::Open || metadata.kind() == Kind::Object);
    if let Some(metadata) = metadata {
        json.value_member("metadata", metadata);
    }
}

fn request_element(
    entry: &Entry<'_>,
    descriptor: &Descriptor<'_>,
    route: Route,
    json: &mut Writer,
) {
    json.object(|json| {
        json.key("output");
        json.object(|json| {
            descriptor.write_members(json);
            json.json(r#""userId":"""#);
        });
        echoed(entry, route, json);
        json.json(r#""statusCode":200"#);
        if route == Route::Open {
            explanation(descriptor, json);
        }
    });
}

/// What differs from the traits, and what Salesforce may reject. Only `/transform` includes this, because a
/// person reads it.
fn explanation(descriptor: &Descriptor<'_>, json: &mut Writer) {
    let changes = &descriptor.fields.changes;
    if changes.is_empty() && !descriptor.to_converted_lead {
        return;
    }
    json.key("explanation");
    json.array(|json| {
        if descriptor.to_converted_lead {
            json.object(|json| json.text_member("message", CONVERTED_LEAD));
        }
        changes::write(changes, json);
    });
}

fn failure_element(
    entry: &Entry<'_>,
    error: &EventError,
    route: Route,
    name: DestinationName,
    json: &mut Writer,
) {
    let metadata = entry
        .metadata
        .and_then(Value::as_object)
        .unwrap_or_default();
    let id = |key| {
        let member = metadata.get(key).and_then(Value::as_text_or_number);
        member.filter(|id| !id.is_empty())
    };
    json.object(|json| {
        echoed(entry, route, json);
        json.key("statusCode");
        json.number(error.status());
        json.text_member("error", &error.to_string());
        if let Some(own) = error.stat_tags() {
            let tags = FullTags {
                own,
                dest_type: name.upper(),
                feature: "processor",
                destination_id: id("destinationId"),
                workspace_id: id("workspaceId"),
            };
            tags.write(json);
        }
    });
}
