//! What counts as written: Salesforce's own form of it, and nothing that merely is a success of HTTP.

use salesforce_transformer::simulator::{Call, Fault};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{DELIVERED, Outcome, RETRYABLE, assert_outcome, salesforce_that_says, write_to};
use crate::{
    fixtures::{lead_job, org},
    service::{Service, assert_says},
};

/// The forms in which a write may be answered, and what the answer to each operation makes of it.
const RESULT: &str = r#"{"id":"00Q5g0000000001EAA","success":true,"errors":[]}"#;
const UPSERTED: &str = r#"{"id":"00Q5g0000000001EAA","success":true,"errors":[],"created":true}"#;
const RESULTS: &str = r#"[{"id":"00Q5g0000000001EAA","success":true,"errors":[]}]"#;

/// A write of each operation, as method and resource.
const CREATE: (&str, &str) = ("POST", "/sobjects/Lead");
const UPDATE: (&str, &str) = ("PATCH", "/sobjects/Lead/00Q5g0000000001EAA");
const UPDATE_BY_POST: (&str, &str) = ("POST", "/sobjects/Lead/00Q5g0000000001?_HttpMethod=PATCH");
const UPSERT: (&str, &str) = ("PATCH", "/sobjects/Lead/Ext__c/a1");
const DELETE: (&str, &str) = ("DELETE", "/sobjects/Lead/00Q5g0000000001EAA");
const COLLECTION: (&str, &str) = ("POST", "/composite/sobjects");

fn write((method, resource): (&str, &str), salesforce: &str) -> Value {
    let mut write = write_to(salesforce);
    write["method"] = json!(method);
    write["endpoint"] = json!(format!("{salesforce}/services/data/v50.0{resource}"));
    write
}

#[tokio::test]
async fn a_write_is_done_where_salesforce_says_so_in_the_form_of_its_operation() {
    #[rustfmt::skip]
    let cases: [((&str, &str), u16, &str, Outcome); 38] = [
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
const NO_KEY: &str = "no key to look it up by";

#[tokio::test]
async fn a_create_without_a_key_that_is_left_open_says_that_it_may_be_repeated() {
    let org = org().build();
    let service = Service::of(&org).await;
    let contact = super::session::contact_job(1);
    let lead = lead_job(2, "ada@example.com");
    let entries = service.router([contact, lead]).await;
    for fault in [Fault::Says(204, ""), Fault::Says(201, "{}"), Fault::Dropped] {
        org.fail_next(Call::Create, fault, 2);
        let contact = super::deliver(&service, &entries[0]).await;
        assert_eq!(super::outcome(&contact), RETRYABLE, "{fault:?}");
        assert_says(contact["message"].as_str().unwrap(), NO_KEY);
        let lead = super::deliver(&service, &entries[1]).await;
        assert_eq!(super::outcome(&lead), RETRYABLE, "{fault:?}");
        assert!(!lead["message"].as_str().unwrap().contains(NO_KEY));
    }
}
