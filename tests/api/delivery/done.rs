//! What counts as written: Salesforce's own form of it, and nothing that merely is a success of HTTP.

use salesforce_simulator::{Call, Fault, FieldType};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    ABORTED, DELIVERED, Outcome, RETRYABLE, assert_outcome, salesforce_that_says, write_to,
};
use crate::{
    fixtures::{destination, job, lead_job, org},
    service::{Service, serve},
};

/// The forms in which a write may be answered, and what the answer to each operation makes of it.
const RESULT: &str = r#"{"id":"00Q5g0000000001EAA","success":true,"errors":[]}"#;
const UPSERTED: &str = r#"{"id":"00Q5g0000000001EAA","success":true,"errors":[],"created":true}"#;
const RESULTS: &str = r#"[{"id":"00Q5g0000000001EAA","success":true,"errors":[]}]"#;

/// A write of each operation, as method and resource.
const CREATE: (&str, &str) = ("POST", "/sobjects/Lead");
const UPDATE: (&str, &str) = ("PATCH", "/sobjects/Lead/00Q5g0000000001EAA");
const UPDATE_BY_POST: (&str, &str) = ("POST", "/sobjects/Lead/00Q5g0000000001?_HttpMethod=PATCH");
const UPSERT: (&str, &str) = ("PATCH", "/sobjects/Contact/Ext__c/a1");
const DELETE: (&str, &str) = ("DELETE", "/sobjects/Lead/00Q5g0000000001EAA");
const COLLECTION: (&str, &str) = ("POST", "/composite/sobjects");
const COMPOSITE: (&str, &str) = ("POST", "/composite");

/// The answers of a Composite's parts.
const PARTS: &str = r#"{"compositeResponse":[{"referenceId":"a","httpStatusCode":201,"body":{"id":"00Q1","success":true}},
    {"referenceId":"b","httpStatusCode":204,"body":null}]}"#;
const REFUSED_PART: &str = r#"{"compositeResponse":[{"referenceId":"a","httpStatusCode":204,"body":null},
    {"referenceId":"b","httpStatusCode":400,"body":[{"errorCode":"STRING_TOO_LONG","message":"m"}]}]}"#;
const LOCKED_PART: &str = r#"{"compositeResponse":[{"referenceId":"a","httpStatusCode":400,"body":[{"errorCode":"STRING_TOO_LONG"}]},
    {"referenceId":"b","httpStatusCode":400,"body":[{"errorCode":"UNABLE_TO_LOCK_ROW"}]}]}"#;
const REFUSED_RECORD: &str = r#"{"compositeResponse":[{"referenceId":"a","httpStatusCode":200,
    "body":[{"success":true,"id":"00Q1"},{"success":false,"errors":[{"statusCode":"STRING_TOO_LONG"}]}]}]}"#;

fn write((method, resource): (&str, &str), salesforce: &str) -> Value {
    let mut write = write_to(salesforce);
    write["method"] = json!(method);
    write["endpoint"] = json!(format!("{salesforce}/services/data/v50.0{resource}"));
    write
}

#[tokio::test]
async fn a_write_is_done_where_salesforce_says_so_in_the_form_of_its_operation() {
    #[rustfmt::skip]
    let cases: [((&str, &str), u16, &str, Outcome); 45] = [
        (CREATE, 201, RESULT, DELIVERED),
        (CREATE, 201, UPSERTED, DELIVERED),
        (CREATE, 200, RESULT, DELIVERED),
        (CREATE, 202, RESULT, RETRYABLE),
        (CREATE, 204, "", RETRYABLE),
        (CREATE, 200, "", RETRYABLE),
        (CREATE, 201, "", RETRYABLE),
        (CREATE, 201, "null", RETRYABLE),
        (CREATE, 201, "{}", RETRYABLE),
        (CREATE, 201, "[]", RETRYABLE),
        (CREATE, 201, r#"{"id":"x"}"#, RETRYABLE),
        (CREATE, 201, r#"{"success":true}"#, RETRYABLE),
        (CREATE, 201, r#"{"id":"../x","success":true}"#, RETRYABLE),
        (CREATE, 201, r#"{"id":null,"success":true}"#, RETRYABLE),
        (CREATE, 201, r#"{"id":"00Q1","success":"true"}"#, RETRYABLE),
        (CREATE, 201, RESULTS, RETRYABLE),
        (UPDATE, 204, "", DELIVERED),
        (UPDATE, 200, RESULT, DELIVERED),
        (UPDATE, 200, "", RETRYABLE),
        (UPDATE, 200, "null", RETRYABLE),
        (UPDATE, 200, "{}", RETRYABLE),
        (UPDATE, 200, "[]", RETRYABLE),
        (UPDATE, 200, r#"{"id":"x"}"#, RETRYABLE),
        (UPDATE, 202, "", RETRYABLE),
        (UPDATE_BY_POST, 204, "", DELIVERED),
        (UPDATE_BY_POST, 200, "{}", RETRYABLE),
        (UPSERT, 201, UPSERTED, DELIVERED),
        (UPSERT, 200, RESULT, DELIVERED),
        (UPSERT, 204, "", DELIVERED),
        (UPSERT, 201, "", RETRYABLE),
        (UPSERT, 200, "null", RETRYABLE),
        (DELETE, 204, "", DELIVERED),
        (COLLECTION, 200, RESULTS, DELIVERED),
        (COLLECTION, 200, "[]", RETRYABLE),
        (COLLECTION, 200, "null", RETRYABLE),
        (COLLECTION, 200, r#"[{"id":"00Q1"}]"#, RETRYABLE),
        (COLLECTION, 200, "[null]", RETRYABLE),
        (COLLECTION, 204, "", RETRYABLE),
        (COMPOSITE, 200, PARTS, DELIVERED),
        (COMPOSITE, 200, REFUSED_PART, ABORTED),
        (COMPOSITE, 200, LOCKED_PART, RETRYABLE),
        (COMPOSITE, 200, REFUSED_RECORD, ABORTED),
        (COMPOSITE, 200, r#"{"compositeResponse":[]}"#, RETRYABLE),
        (COMPOSITE, 200, "{}", RETRYABLE),
        (COMPOSITE, 204, "", RETRYABLE),
    ];
    for (operation, status, body, expected) in cases {
        let answer = ResponseTemplate::new(status);
        let answer = match body {
            "" => answer,
            body => answer.set_body_raw(body, "application/json"),
        };
        let salesforce = salesforce_that_says(answer).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        let case = format!("{operation:?} {status} {body}");
        let write = write(operation, &salesforce.uri());
        assert_outcome(&service, &write, expected, &case).await;
    }
}

#[tokio::test]
async fn a_created_record_whose_answer_breaks_off_is_created() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
    org.fail_next(Call::Create, Fault::CutOff, 1);
    let output = super::deliver(&service, &entry).await;
    assert_eq!(super::outcome(&output), DELIVERED);
    assert_eq!(org.records("Lead").len(), 1);
}

/// What a create says that may be repeated.
const NO_KEY: &str = "no key by which to look it up";

/// The creation of a record that the event names by its object alone.
fn named(id: u64, object: &str, traits: &Value) -> Value {
    let message = json!({
        "type": "identify",
        "traits": traits,
        "context": {"externalId": [{"type": format!("Salesforce-{object}")}]},
        "integrations": {"Salesforce": true},
    });
    job(id, message, &destination("dst-1"))
}

/// A record of a reverse-ETL sync, found by an identifier.
fn synced(id: u64) -> Value {
    let message = json!({
        "type": "identify",
        "traits": {"Name": "Gibbs"},
        "context": {
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Badge__c", "id": "b1", "identifierType": "Ext__c"}],
        },
    });
    job(id, message, &destination("dst-1"))
}

#[tokio::test]
async fn a_create_without_a_key_that_is_left_open_says_that_it_may_be_repeated() {
    let fields = [("Name", FieldType::Text), ("Ext__c", FieldType::Text)];
    let org = org().custom_object("Badge__c", &fields).build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--create-window", "0s"]).await;
    let jobs = [
        (named(1, "Contact", &json!({"LastName": "Gibbs"})), true),
        (
            named(2, "Lead", &json!({"email": "gibbs@example.com"})),
            true,
        ),
        (lead_job(3, "ada@example.com"), false),
        (synced(4), false),
    ];
    for (job, is_said) in jobs {
        let entry = service.router([job]).await[0].take();
        for fault in [Fault::Says(204, ""), Fault::Says(201, "{}"), Fault::Dropped] {
            org.fail_next(Call::Create, fault, 1);
            let output = super::deliver(&service, &entry).await;
            let case = format!("{fault:?} {}", entry["metadata"][0]["jobId"]);
            assert_eq!(super::outcome(&output), RETRYABLE, "{case}");
            let message = output["message"].as_str().unwrap();
            assert_eq!(message.contains(NO_KEY), is_said, "{case}");
        }
    }
}

#[tokio::test]
async fn a_refused_create_without_a_key_says_nothing_of_a_repetition() {
    let org = org().build();
    let service = Service::of(&org).await;
    let contact = named(1, "Contact", &json!({"LastName": "Gibbs"}));
    let entry = service.router([contact]).await[0].take();
    org.fail_next(Call::Create, Fault::RowLocked, 1);
    let output = super::deliver(&service, &entry).await;
    assert_eq!(super::outcome(&output), RETRYABLE);
    assert!(!output["message"].as_str().unwrap().contains(NO_KEY));
}
