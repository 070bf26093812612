//! What is kept of deliveries, inline and through the proxy.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path_regex},
};

use super::{ON, events, message, watched};
use crate::{
    fixtures::{destination, job, lets_in, org},
    inline::deliver,
    planted::BEARER,
    service::Service,
};

/// A Salesforce that refuses each write for a field.
async fn refusing() -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let refusal = json!([{"message": "Required fields are missing: [LastName]", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["LastName"]}]);
    let write = Mock::given(method("PATCH")).and(path_regex("/sobjects/"));
    let refusal = write.respond_with(ResponseTemplate::new(400).set_body_json(refusal));
    refusal.mount(&salesforce).await;
    salesforce
}

/// Posts a delivery of the job to the proxy.
async fn proxied(service: &Service, salesforce: &str, job: u64) {
    let endpoint = format!("{salesforce}/services/data/v50.0/sobjects/Contact/0035g0000000001AAA");
    let body = json!({
        "type": "REST", "method": "PATCH", "endpoint": endpoint, "userId": "",
        "headers": {"Content-Type": "application/json", "Authorization": BEARER},
        "params": {}, "files": {}, "destinationConfig": {},
        "body": {"JSON": {"LastName": ""}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}},
        "metadata": [{"jobId": job, "attemptNum": 0, "destinationId": "dst-1", "destInfo": {"authKey": "dst-1"}}],
    });
    service
        .post("/v1/destinations/salesforce/proxy", body)
        .await;
}

fn contact(id: &str) -> Value {
    let mut contact = message(id, json!({"LastName": "Gibbs"}));
    contact["context"] =
        json!({"externalId": [{"type": "Salesforce-Contact", "id": "0035g0000000001AAA"}]});
    contact
}

#[tokio::test]
async fn a_refused_delivery_is_kept_with_code_fields_and_remedy_and_found_by_its_message() {
    let salesforce = refusing().await;
    let service = Service::start(&salesforce.uri(), &ON).await;
    let jobs = [job(7, contact("m-7"), &destination("dst-1"))];
    service.router(jobs).await;
    proxied(&service, &salesforce.uri(), 7).await;
    proxied(&service, &salesforce.uri(), 8).await;
    let found = service.admin("/events/m-7").await.json();
    let found = found["events"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    let delivery = &found[0];
    assert_eq!(found[1]["status"], 200);
    for (member, expected) in [
        ("route", json!("proxy")),
        ("status", json!(400)),
        ("verdict", json!("network")),
        ("destination", json!("dst-1")),
        ("job", json!(7)),
        ("objects", json!(["Contact"])),
        ("reason", json!("refused")),
        ("code", json!("REQUIRED_FIELD_MISSING")),
        ("fields", json!(["LastName"])),
    ] {
        assert_eq!(delivery[member], expected, "{member}");
    }
    assert_eq!(delivery["key"], found[1]["key"]);
    let remedy = delivery["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("Send a trait for the field"), "{remedy}");
    let by_code = events(&service, "?reason=REQUIRED_FIELD_MISSING").await;
    assert_eq!(by_code.len(), 2);
}

#[tokio::test]
async fn an_inline_delivery_is_kept_as_written() {
    let inline = ["--delivery", "inline", "--delivery-window", "1ms"];
    let service = watched(&org().build(), &inline).await;
    let lead = message("m-1", json!({"email": "ada@example.com", "lastName": "L"}));
    deliver(&service, [job(1, lead, &destination("dst-1"))]).await;
    let event = events(&service, "").await.remove(0);
    let shown = ["status", "verdict", "objects", "message"].map(|name| event[name].clone());
    assert_eq!(
        shown,
        [
            json!(299),
            json!("delivered"),
            json!(["Lead"]),
            json!("m-1")
        ]
    );
}

#[tokio::test]
async fn a_delivery_is_counted_beside_its_event() {
    let salesforce = refusing().await;
    let service = Service::start(&salesforce.uri(), &ON).await;
    let jobs = [job(7, contact("m-7"), &destination("dst-1"))];
    service.router(jobs).await;
    proxied(&service, &salesforce.uri(), 7).await;
    let counts = service.admin("/events/counts").await.json();
    let minutes = counts["minutes"].as_array().unwrap().iter();
    let verdicts = minutes.flat_map(|minute| minute["verdicts"].as_object().unwrap());
    // A minute may have ended in between.
    let counted: BTreeMap<_, _> = verdicts.collect();
    let expected = json!({"request": 1, "network": 1});
    assert_eq!(json!(counted), expected);
}
