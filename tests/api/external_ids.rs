//! Rule `external-id`: records of a sync are upserted by a unique external id, without a lookup.
//!
//! | file | what it specifies |
//! |---|---|
//! | `describes` | when an object is described, and what happens if it cannot be |
//! | `delivered` | inline delivery |
//! | `proxied` | the delivery proxy |
//! | `processes` | two processes of the service, and a hang-up |
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its traits where it needs them: lead(…, json!({…}))"
)]

mod delivered;
mod describes;
mod processes;
mod proxied;

use salesforce_simulator::{Builder, FieldSpec, FieldType, LoggedCall, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, job, org},
    service::{Service, assert_says, serve},
};

/// Settings under which an upsert may serve leads: no assignment rule depends on whether the lead is new.
pub(crate) const UPSERTS: [&str; 2] = ["--assignment-rules", "always"];

/// An org whose leads have a unique external id, `Key__c`, and another one that is not unique, `Shared__c`.
pub(crate) fn keyed_org() -> Builder {
    org()
        .external_id("Lead", "Key__c", true)
        .external_id("Lead", "Shared__c", false)
}

/// A service under [`UPSERTS`] and these flags.
async fn service(org: &Simulator, flags: &[&str]) -> Service {
    let salesforce = serve(org.router()).await;
    Service::start(&salesforce, &[&UPSERTS, flags].concat()).await
}

/// A job of a sync that identifies a record of this object by a field.
pub(crate) fn record(id: u64, (object, field): (&str, &str), value: Value, traits: Value) -> Value {
    let identifier =
        json!({"type": format!("Salesforce-{object}"), "id": value, "identifierType": field});
    let message = json!({
        "type": "identify",
        "userId": format!("u{id}"),
        "channel": "sources",
        "context": {"mappedToDestination": "true", "externalId": [identifier]},
        "traits": traits,
    });
    let mut job = job(id, message, &destination("dst-1"));
    job["metadata"]["userId"] = json!(format!("u{id}"));
    job
}

/// A job of a sync for the lead with this key.
pub(crate) fn lead(id: u64, key: &str, traits: Value) -> Value {
    record(id, ("Lead", "Key__c"), json!(key), traits)
}

/// Traits with which a lead can be created.
pub(crate) fn doe() -> Value {
    json!({"LastName": "Doe", "Company": "Acme"})
}

/// How often leads were described without a condition.
fn described_whole(org: &Simulator) -> usize {
    let is_whole = |call: &LoggedCall| {
        call.path.ends_with("/sobjects/Lead/describe") && call.status == Some(200)
    };
    org.log().iter().filter(|call| is_whole(call)).count()
}

/// The method, the resource below `sobjects` and the fields of an entry's only request.
fn request(entry: &Value) -> (String, String, Value) {
    let request = &entry["batchedRequest"][0];
    let endpoint = request["endpoint"]
        .as_str()
        .unwrap_or_else(|| panic!("{entry}"));
    let (_, resource) = endpoint.split_once("/sobjects/").unwrap();
    let method = request["method"].as_str().unwrap().to_owned();
    (method, resource.to_owned(), request["body"]["JSON"].clone())
}

/// The method and the resource of the request for one job.
async fn routed(service: &Service, job: Value) -> (String, String) {
    let (method, resource, _) = request(&service.router([job]).await[0]);
    (method, resource)
}

fn patch(resource: &str) -> (String, String) {
    ("PATCH".to_owned(), resource.to_owned())
}

fn post(resource: &str) -> (String, String) {
    ("POST".to_owned(), resource.to_owned())
}

#[tokio::test]
async fn a_sync_by_a_unique_external_id_is_described_as_an_upsert_without_a_lookup() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let traits =
        json!({"LastName": "Doe", "Id": "not written", "KEY__C": "neither", "City": "Rome"});
    let entries = service
        .router([lead(1, "a/b c+ü", traits), lead(2, "k2", json!({}))])
        .await;
    let body = json!({"LastName": "Doe", "City": "Rome"});
    let expected = (
        "PATCH".into(),
        "Lead/Key__c/a%2Fb%20c%2B%C3%BC".into(),
        body,
    );
    assert_eq!(request(&entries[0]), expected);
    assert_eq!(
        request(&entries[1]),
        ("PATCH".into(), "Lead/Key__c/k2".into(), json!({}))
    );
    let calls = org.calls();
    assert_eq!((calls.describe, calls.query), (1, 0));
}

#[tokio::test]
async fn a_thousand_events_of_a_sync_take_no_lookup_on_either_path() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let jobs: Vec<_> = (0..1_000)
        .map(|n| lead(n, &format!("k{n}"), doe()))
        .collect();
    let entries = service.router(&jobs).await;
    assert_eq!(entries.as_array().unwrap().len(), 1_000);
    let entries = service.processor(&jobs).await;
    let is_upsert = |entry: &Value| entry["output"]["method"] == "PATCH";
    assert!(entries.as_array().unwrap().iter().all(is_upsert));
    let calls = org.calls();
    assert_eq!((calls.describe, calls.query), (1, 0));
}

#[tokio::test]
async fn a_number_may_be_the_external_id() {
    let number = FieldSpec::new("Number__c", FieldType::Number).digits(18, 0);
    let org = org().field("Lead", number.external_id().unique()).build();
    let service = service(&org, &[]).await;
    let number = |value| record(1, ("Lead", "Number__c"), value, doe());
    let upsert = patch("Lead/Number__c/42");
    assert_eq!(routed(&service, number(json!(42))).await, upsert);
}

#[tokio::test]
async fn any_other_field_is_looked_up() {
    let org = keyed_org()
        .unique_field("Lead", "Unique__c", FieldType::Text)
        .build();
    let service = service(&org, &[]).await;
    for field in ["Shared__c", "Unique__c", "Email"] {
        let value = json!("jane@x.com");
        let sync = record(1, ("Lead", field), value, doe());
        assert_eq!(routed(&service, sync).await, post("Lead"), "{field}");
    }
    assert_eq!(org.calls().query, 3);
}

#[tokio::test]
async fn values_that_cannot_stand_in_a_path_are_looked_up() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    for key in ["acme.inc", "Acme.INC", ".", ".."] {
        assert_eq!(
            routed(&service, lead(1, key, doe())).await,
            post("Lead"),
            "{key}"
        );
    }
    for key in ["acme.inc.", "inc", "...a"] {
        let upsert = patch(&format!("Lead/Key__c/{key}"));
        assert_eq!(routed(&service, lead(1, key, doe())).await, upsert);
    }
}

#[tokio::test]
async fn what_needs_the_record_looks_it_up() {
    for flags in [
        ["--assignment-rules", "create"],
        ["--assignment-rules", "01Q5g000000AbCdEAK"],
        ["--duplicates", "update"],
        ["--skip-unchanged", "true"],
        ["--compatibility", "stock"],
        ["--salesforce-api-version", "45.0"],
    ] {
        let org = keyed_org().build();
        let known = json!({"LastName": "Doe", "Key__c": "k1"});
        org.insert("Lead", known).unwrap();
        let service = service(&org, &flags).await;
        service
            .router([lead(1, "k1", json!({"City": "Rome"}))])
            .await;
        assert_eq!(org.calls().query, 1, "{flags:?}");
    }
}

#[tokio::test]
async fn an_assignment_rule_concerns_only_the_objects_that_have_one() {
    let org = org().external_id("Contact", "Key__c", true).build();
    let service = service(&org, &["--assignment-rules", "create"]).await;
    let contact = record(
        1,
        ("Contact", "Key__c"),
        json!("k1"),
        json!({"LastName": "Doe"}),
    );
    assert_eq!(routed(&service, contact).await, patch("Contact/Key__c/k1"));
}

#[tokio::test]
async fn an_upsert_carries_the_headers_that_hold_for_creates_and_updates_alike() {
    for (flags, name, value) in [
        (
            ["--assignment-rules", "never"],
            "Sforce-Auto-Assign",
            json!("FALSE"),
        ),
        (
            ["--assignment-rules", "always"],
            "Sforce-Auto-Assign",
            Value::Null,
        ),
        (
            ["--duplicates", "save"],
            "Sforce-Duplicate-Rule-Header",
            json!("allowSave=true"),
        ),
    ] {
        let service = service(&keyed_org().build(), &flags).await;
        let entries = service.router([lead(1, "k1", doe())]).await;
        assert_eq!(
            entries[0]["batchedRequest"][0]["headers"][name], value,
            "{flags:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_no_field_can_hold_fails_its_event_alone() {
    let service = service(&keyed_org().build(), &[]).await;
    let long = "k".repeat(256);
    let entries = service
        .router([
            lead(1, &long, doe()),
            lead(2, "a\nb", doe()),
            lead(3, &long[..255], doe()),
        ])
        .await;
    for (entry, words) in [(&entries[0], "256 characters"), (&entries[1], "line break")] {
        assert_eq!(entry["statusCode"], 400);
        assert_says(entry["error"].as_str().unwrap(), words);
    }
    assert_eq!(entries[2]["statusCode"], 200);
}

#[tokio::test]
async fn a_key_that_no_field_can_hold_fails_its_event_alone_on_the_processor_path() {
    let service = service(&keyed_org().build(), &[]).await;
    let long = "k".repeat(256);
    let jobs = [
        lead(1, "a\r\nb", doe()),
        lead(2, "k2", doe()),
        lead(3, &long, doe()),
    ];
    let entries = service.processor(jobs).await;
    let statuses = [0, 1, 2].map(|n| entries[n]["statusCode"].clone());
    assert_eq!(statuses, [400, 200, 400]);
}
