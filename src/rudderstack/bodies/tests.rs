//! Tests of bodies in every form, and of malformed entries among others.

use super::*;
use crate::json::Document;
use crate::rudderstack::ReadError;

fn document(body: &str) -> Document<'_> {
    Document::read(body).unwrap()
}

fn kinds(bodies: RawBatch<'_>) -> Vec<String> {
    let resolved = bodies.resolved();
    let batch = bodies.read(&resolved);
    let kind = |entry: &Entry<'_>| match &entry.event {
        Ok(event) => event.kind().unwrap_or_default().into_owned(),
        Err(error) => error.to_string(),
    };
    batch.entries.iter().map(kind).collect()
}

#[test]
fn transform_takes_every_form_that_people_have_at_hand() {
    for body in [
        r#"[{"message":{"type":"identify"}}]"#,
        r#"{"input":[{"message":{"type":"identify"}}]}"#,
        r#"{"message":{"type":"identify"}}"#,
        r#"{"batch":[{"type":"identify"}]}"#,
        r#"{"type":"identify"}"#,
    ] {
        assert_eq!(
            kinds(RawBatch::any_form(document(body).root()).unwrap()),
            ["identify"],
            "{body}"
        );
    }
    assert!(matches!(
        RawBatch::any_form(document(r#"{"userId":"u"}"#).root()),
        Err(BodyError::Shape(_))
    ));
}

#[test]
fn a_bad_event_leaves_its_neighbours_unharmed() {
    let body = r#"[{"message":{"type":"identify"}},null,{"message":{"type":"identify","n":1e400}},{"message":{"type":"\ud800"}},{}]"#;
    let body = document(body);
    let bodies =
        RawBatch::processor(body.root(), Format::Plain, DestinationName::Salesforce).unwrap();
    let kinds = kinds(bodies);
    assert_eq!(kinds[0], "identify");
    assert!(
        kinds[1..].iter().all(|error| error.contains("the event")),
        "{kinds:?}"
    );
}

#[test]
fn a_router_body_names_its_destination() {
    let ours = document(r#"{"input":[],"destType":"salesforce_oauth"}"#);
    assert!(RawBatch::router(ours.root(), Format::Plain, None).is_ok());
    let other = document(r#"{"input":[],"destType":"marketo"}"#);
    let error = RawBatch::router(other.root(), Format::Plain, None).unwrap_err();
    assert!(matches!(error, BodyError::UnknownDestination { .. }));
}

#[test]
fn a_compacted_body_holds_each_destination_once() {
    let body = r#"{"input":[{"message":{},"metadata":{"destinationId":"d1"}},{"message":{},"metadata":{"destinationId":"d2"}}],
                   "destinations":{"d1":{"ID":"d1"}},"connections":{},"destType":"salesforce"}"#;
    let body = document(body);
    let body = body.root();
    for bodies in [
        RawBatch::processor(body, Format::Compacted, DestinationName::Salesforce),
        RawBatch::router(body, Format::Compacted, None),
    ] {
        let bodies = bodies.unwrap();
        let resolved = bodies.resolved();
        let batch = bodies.read(&resolved);
        let destinations: Vec<_> = batch
            .entries
            .iter()
            .map(|entry| entry.destination.map(Value::json))
            .collect();
        assert_eq!(destinations, [Some(r#"{"ID":"d1"}"#), None]);
    }
}

#[test]
fn templates_are_resolved_before_the_event_is_read() {
    let body = r#"[{"message":{"type":"identify","kind":"track"},"destination":{"Config":{"x":"{{ message.kind || d }}"}}}]"#;
    let body = document(body);
    let bodies =
        RawBatch::processor(body.root(), Format::Plain, DestinationName::Salesforce).unwrap();
    let resolved = bodies.resolved();
    let batch = bodies.read(&resolved);
    assert_eq!(
        batch.entries[0].destination.unwrap().json(),
        r#"{"Config":{"x":"track"}}"#
    );
    assert!(
        batch.entries[0]
            .event
            .as_ref()
            .unwrap()
            .at("kind")
            .is_none()
    );
}

#[test]
fn templates_are_not_resolved_in_an_entry_that_nobody_can_carry() {
    let body = r#"[{"message":{"traits":{"foo":1,"\ud800":2}},"destination":{"Config":{"x":"{{ message.traits.foo || d }}"}}}]"#;
    let body = document(body);
    let bodies =
        RawBatch::processor(body.root(), Format::Plain, DestinationName::Salesforce).unwrap();
    let resolved = bodies.resolved();
    let batch = bodies.read(&resolved);
    assert!(matches!(
        batch.entries[0].event,
        Err(ReadError::Unencodable(_))
    ));
}
