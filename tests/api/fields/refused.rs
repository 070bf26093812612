//! What a refusal says: the code and its words, a duplicate rule and the records that it finds, and never more than a person
//! reads.

use salesforce_simulator::{DuplicateRule, Simulator};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, path_regex},
};

use super::{ada, described};
use crate::{
    fixtures::{destination, job, known_lead, lets_in, lookup, nothing_found, org},
    inline::{AS_SENT, deliver, inline, statuses},
    service::{Service, assert_says, error},
};

/// The text of an event that is refused inline.
async fn refusal(service: &Service, traits: Value) -> String {
    let entries = deliver(service, [job(1, ada(traits), &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [400], "{entries:?}");
    error(&entries[0]).to_owned()
}

/// A Salesforce that answers this to each Collection.
async fn that_answers_collections(results: Value) -> (MockServer, Service) {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .mount(&salesforce)
        .await;
    Mock::given(path("/services/data/v50.0/composite/sobjects"))
        .respond_with(ResponseTemplate::new(200).set_body_json(results))
        .mount(&salesforce)
        .await;
    let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
    let service = Service::start(&salesforce.uri(), &flags).await;
    (salesforce, service)
}

#[tokio::test]
async fn a_refused_record_is_reported_by_its_code_and_message_not_by_the_status() {
    let service = inline(&org().build(), &AS_SENT).await;
    let text = refusal(&service, json!({"plan": "pro"})).await;
    assert_says(&text, "(INVALID_FIELD: No such column 'plan__c'");
    assert!(!text.contains("HTTP 200"), "{text}");

    for (errors, said) in [
        (json!([]), "(it gives no reason)"),
        (json!([{"statusCode": "X", "message": ""}]), "(X)"),
        (json!([{"statusCode": "X", "message": "why"}]), "(X: why)"),
    ] {
        let results = json!([{"success": false, "errors": errors}]);
        let (_salesforce, service) = that_answers_collections(results).await;
        let entries = deliver(&service, [job(1, ada(json!({})), &destination("dst-1"))]).await;
        let text = error(&entries[0]);
        assert!(!text.contains("HTTP 200"), "{text}");
        if errors != json!([]) {
            assert_says(text, said);
        }
    }
}

/// An org that blocks a second lead with one phone number, and the id of the first.
fn org_with_a_duplicate_rule() -> (Simulator, String) {
    let org = org()
        .matching(DuplicateRule::new("Lead", "Same_Phone", &["Phone"]))
        .build();
    let lead = json!({"LastName": "planted", "Company": "Acme", "Email": "planted@example.com", "Phone": "555"});
    let id = org.insert("Lead", lead).unwrap();
    (org, id)
}

#[tokio::test]
async fn a_duplicate_names_the_rule_and_the_records_that_it_finds_inline() {
    let (org, id) = org_with_a_duplicate_rule();
    let service = inline(&org, &[]).await;
    let text = refusal(&service, json!({"phone": "555"})).await;
    let found = format!("the duplicate rule Same_Phone finds Lead {id}");
    for said in ["DUPLICATES_DETECTED", "Use one of these records?", &found] {
        assert_says(&text, said);
    }
    assert!(!text.contains("planted"), "{text}");
}

/// What the proxy answers to the request that an event becomes.
async fn proxied(service: &Service, traits: Value) -> Value {
    let answer = service
        .transform(json!([job(1, ada(traits), &destination("dst-1"))]))
        .await;
    let mut request = answer[0]["output"].clone();
    request["metadata"] = json!([{"jobId": 1, "destinationId": "dst-1", "workspaceId": "ws-1"}]);
    let answer = service
        .post("/v1/destinations/salesforce/proxy", request)
        .await;
    serde_json::from_str::<Value>(&answer.text).unwrap()["output"].clone()
}

#[tokio::test]
async fn a_duplicate_names_the_rule_and_the_records_that_it_finds_at_the_proxy() {
    let (org, id) = org_with_a_duplicate_rule();
    let service = Service::unfitted(&org).await;
    let output = proxied(&service, json!({"phone": "555"})).await;
    assert_eq!(output["response"][0]["statusCode"], 400);
    let message = output["message"].as_str().unwrap();
    assert_says(
        message,
        &format!("the duplicate rule Same_Phone finds Lead {id}"),
    );
}

#[tokio::test]
async fn either_spelling_of_a_duplicates_result_is_read() {
    let found = json!({
        "duplicateRule": "Some_Rule",
        "matchResults": [{"matchRecords": [{"record": {"attributes": {"type": "Contact"}, "Id": "0035g00000AbCdEFAV"}}]}],
    });
    for name in ["duplicateResut", "duplicateResult"] {
        let error =
            json!({"statusCode": "DUPLICATES_DETECTED", "message": "m", "fields": [], name: found});
        let results = json!([{"success": false, "errors": [error]}]);
        let (_salesforce, service) = that_answers_collections(results).await;
        let text = refusal(&service, json!({})).await;
        assert_says(
            &text,
            "the duplicate rule Some_Rule finds Contact 0035g00000AbCdEFAV",
        );
    }
}

#[tokio::test]
async fn a_duplicates_result_of_another_shape_leaves_the_refusal_what_it_is() {
    for found in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"matchResults": [null]}),
        json!({"duplicateRule": {}}),
    ] {
        let error =
            json!({"statusCode": "DUPLICATES_DETECTED", "message": "m", "duplicateResult": found});
        let results = json!([{"success": false, "errors": [error]}]);
        let (_salesforce, service) = that_answers_collections(results).await;
        assert_says(
            &refusal(&service, json!({})).await,
            "(DUPLICATES_DETECTED: m;",
        );
    }
}

#[tokio::test]
async fn an_error_text_is_no_longer_than_a_person_reads_whatever_salesforce_answers() {
    let long = "x".repeat(100_000);
    let many: Vec<Value> = (0..1_000)
        .map(|n| json!({"record": {"Id": format!("0035g0000000{n:03}")}}))
        .collect();
    let error_body = |code: &str| {
        json!({
            code: &long, "message": &long, "fields": vec![&long; 5],
            "duplicateResut": {"duplicateRule": &long, "matchResults": [{"matchRecords": many}]},
        })
    };
    let results = json!([{"success": false, "errors": [error_body("statusCode")]}]);
    let (_salesforce, service) = that_answers_collections(results).await;
    let entries = deliver(&service, [job(1, ada(json!({})), &destination("dst-1"))]).await;
    assert!(error(&entries[0]).len() < 4_000);

    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .mount(&salesforce)
        .await;
    let refused = ResponseTemplate::new(400).set_body_json(json!([error_body("errorCode")]));
    Mock::given(method("POST"))
        .and(path_regex("/sobjects/Lead$"))
        .respond_with(refused)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let output = proxied(&service, json!({})).await;
    assert!(output["message"].as_str().unwrap().len() < 4_000);
    let error = output["response"][0]["error"].as_str().unwrap();
    assert!(error.len() < 10_100, "{} bytes", error.len());
    assert!(error.starts_with("\"[{"), "{error}");
    assert_says(error, "bytes)");
}

#[tokio::test]
async fn the_refusal_of_a_converted_lead_says_at_the_proxy_what_the_setting_would_do() {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    org.convert(&lead).unwrap();
    let service = Service::unfitted(&org).await;
    let output = proxied(&service, json!({})).await;
    for text in [&output["message"], &output["response"][0]["error"]] {
        assert_says(text.as_str().unwrap(), "CANNOT_UPDATE_CONVERTED_LEAD");
        assert_says(text.as_str().unwrap(), "useContactId");
    }
}

#[tokio::test]
async fn a_name_that_no_query_can_hold_is_shortened_where_it_is_told() {
    let service = Service::unfitted(&org().build()).await;
    let long = "a".repeat(100_000);
    for (object, field) in [("Contact", long.as_str()), (&long, "Ext__c")] {
        let event = super::sync(object, field, &json!("e1"), json!({}));
        let answer = service.router([job(1, event, &destination("dst-1"))]).await;
        assert!(error(&answer[0]).len() < 1_000);
    }
    let answer = service
        .post(&format!("/{}", "a".repeat(10_000)), "{}")
        .await;
    assert!(answer.text.len() < 1_000);
    let left_out = described(&service, &ada(json!({long: {"a": 1}}))).await;
    assert!(left_out.explanation[0].len() < 1_000);
}
