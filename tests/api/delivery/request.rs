//! What is sent to Salesforce: the descriptor as it stands, or nothing at all.

use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use super::{
    ABORTED, DELIVERED, asking, assert_outcome, created, metadata, salesforce_that_is_left_alone,
    salesforce_that_says, v0, write_to,
};
use crate::{
    planted::BEARER,
    service::{Service, assert_says, send},
};

/// The one request that has arrived.
async fn only_request(salesforce: &MockServer) -> wiremock::Request {
    let mut requests = salesforce.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

/// Has v0 deliver a write that is the usual one but for some members, and returns what Salesforce got.
async fn sent(change: impl FnOnce(&mut Value)) -> wiremock::Request {
    let salesforce = salesforce_that_says(created()).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let mut write = write_to(&salesforce.uri());
    change(&mut write);
    assert_eq!(send(v0(&service, &write)).await.status, 200);
    only_request(&salesforce).await
}

#[tokio::test]
async fn method_path_headers_and_json_are_the_descriptors() {
    let request = sent(|write| {
        write["method"] = json!("PATCH");
        write["headers"]["Sforce-Duplicate-Rule-Header"] = json!("allowSave=true");
        write["headers"]["X-Count"] = json!(5);
        write["headers"]["X-None"] = Value::Null;
    })
    .await;
    assert_eq!(request.method.as_str(), "PATCH");
    assert_eq!(request.url.path(), "/services/data/v50.0/sobjects/Lead");
    assert_eq!(request.headers["authorization"], BEARER);
    assert_eq!(request.headers["content-type"], "application/json");
    let rule = &request.headers["sforce-duplicate-rule-header"];
    assert_eq!(rule, "allowSave=true");
    assert_eq!(request.headers["x-count"], "5");
    assert_eq!(request.headers.get("x-none"), None);
    let lead = json!({"LastName": "Lovelace", "Company": "n/a"});
    assert_eq!(request.body_json::<Value>().unwrap(), lead);
}

#[tokio::test]
async fn params_are_appended_to_the_query_of_the_endpoint() {
    for (query, expected) in [
        ("", "a=1&b=x+y%26&c=true"),
        (
            "?_HttpMethod=PATCH",
            "_HttpMethod=PATCH&a=1&b=x+y%26&c=true",
        ),
    ] {
        let request = sent(|write| {
            let endpoint = write["endpoint"].as_str().unwrap();
            write["endpoint"] = json!(format!("{endpoint}{query}"));
            write["params"] = json!({"a": 1, "b": "x y&", "none": null, "c": true});
        })
        .await;
        assert_eq!(request.url.query(), Some(expected));
    }
}

#[tokio::test]
async fn an_endpoint_without_params_keeps_its_query_as_it_is() {
    let request = sent(|write| {
        let endpoint = write["endpoint"].as_str().unwrap();
        write["endpoint"] = json!(format!("{endpoint}?_HttpMethod=PATCH"));
        write["params"] = Value::Null;
    })
    .await;
    assert_eq!(request.url.query(), Some("_HttpMethod=PATCH"));
}

#[tokio::test]
async fn json_is_sent_byte_for_byte_with_all_digits_of_its_numbers() {
    let salesforce = salesforce_that_says(created()).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let json = r#"{"Id__c":12345678901234567890.10, "b":1.0,"a":1e2,"LastName":"\u003cé>"}"#;
    let endpoint = format!("{}/services/data/v50.0/sobjects/Lead", salesforce.uri());
    let body = format!(
        r#"{{"method":"POST","endpoint":"{endpoint}","body":{{"JSON":{json}}},"metadata":{{"jobId":1}}}}"#
    );
    let path = "/v0/destinations/salesforce/proxy";
    assert_eq!(service.post(path, body).await.status, 200);
    let request = only_request(&salesforce).await;
    assert_eq!(String::from_utf8(request.body).unwrap(), json);
}

#[tokio::test]
async fn each_format_of_a_body_is_sent_with_its_content_type() {
    for (body, content_type, expected) in [
        (
            json!({"JSON_ARRAY": {"batch": r#"[{"n":1.0}]"#}}),
            "application/json",
            r#"[{"n":1.0}]"#,
        ),
        (
            json!({"FORM": {"a": 1, "b": "x y&", "c": null}}),
            "application/x-www-form-urlencoded",
            "a=1&b=x+y%26",
        ),
        (
            json!({"XML": {"payload": "<a/>"}}),
            "application/xml",
            "<a/>",
        ),
    ] {
        let request = sent(|write| {
            write["headers"] = json!({});
            write["body"] = body;
        })
        .await;
        assert_eq!(request.headers["content-type"], content_type);
        assert_eq!(String::from_utf8(request.body).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_request_without_a_body_is_sent_without_one() {
    for body in [
        json!({}),
        json!({"JSON": {}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}}),
        Value::Null,
    ] {
        let request = sent(|write| write["body"] = body).await;
        assert_eq!(request.body, b"");
        assert_eq!(request.headers["content-length"], "0");
    }
}

#[tokio::test]
async fn a_malformed_descriptor_is_aborted_and_nothing_is_sent() {
    let salesforce = salesforce_that_is_left_alone().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for (member, value) in [
        ("endpoint", Value::Null),
        ("endpoint", json!("")),
        ("endpoint", json!(5)),
        ("endpoint", json!("/services/data/v50.0/sobjects/Lead")),
        ("endpoint", json!("http://")),
        ("method", Value::Null),
        ("method", json!("")),
        ("method", json!(["POST"])),
        ("method", json!("PO ST")),
        ("headers", json!([])),
        ("headers", json!("Authorization: Bearer planted-token")),
        ("headers", json!({"no header name": "x"})),
        ("headers", json!({"X": "one\r\nY: two"})),
        ("params", json!("a=1")),
        ("body", json!("{}")),
        ("body", json!({"JSON_ARRAY": {"no batch": 1}})),
        ("body", json!({"GZIP": {"payload": "x"}})),
        ("body", json!({"XML": {"payload": 1}})),
    ] {
        let mut write = write_to(&salesforce.uri());
        let case = format!("{member}: {value}");
        write[member] = value;
        let (v0, _) = assert_outcome(&service, &write, ABORTED, &case).await;
        assert_ne!(v0["message"], "", "{case}");
    }
}

#[tokio::test]
async fn a_request_without_metadata_of_its_versions_shape_is_refused_and_nothing_is_sent() {
    let salesforce = salesforce_that_is_left_alone().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for (version, metadata) in [
        ("v0", Value::Null),
        ("v0", json!([metadata(1)])),
        ("v0", json!("1")),
        ("v1", Value::Null),
        ("v1", metadata(1)),
        ("v1", json!([metadata(1), null])),
        ("v1", json!([1])),
    ] {
        let body = asking(&write_to(&salesforce.uri()), &metadata);
        let path = format!("/{version}/destinations/salesforce/proxy");
        let answer = service.post(&path, body).await;
        let case = format!("{version} {metadata}");
        assert_eq!(answer.status, 503, "{case}");
        assert_says(answer.json()["error"].as_str().unwrap(), "`metadata`");
    }
}

#[tokio::test]
async fn a_write_for_another_destination_is_kept_by_rudder_server_and_not_sent() {
    let salesforce = salesforce_that_is_left_alone().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for path in [
        "/v0/destinations/marketo/proxy",
        "/v1/destinations/salesforce_bulk_upload/proxy",
        "/v0/destinations/%FF/proxy",
    ] {
        let body = asking(&write_to(&salesforce.uri()), &metadata(1));
        let answer = service.post(path, body).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.header("X-Rudder-Should-Retry"), "true", "{path}");
    }
}

#[tokio::test]
async fn the_name_in_the_path_may_have_any_letter_case() {
    let salesforce = salesforce_that_says(created()).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let body = asking(&write_to(&salesforce.uri()), &metadata(1));
    let answer = service
        .post("//v0/destinations/Salesforce_OAuth/proxy/", body)
        .await;
    let output = &answer.accepted()["output"];
    assert_eq!(super::outcome(output), DELIVERED);
}

/// A member of so many bytes, in parts of ten.
fn large(bytes: usize) -> Value {
    let parts = (0..bytes / 10).map(|part| (format!("X-{part:06}"), json!("x")));
    Value::Object(parts.collect())
}

#[tokio::test]
async fn a_request_that_no_server_reads_is_aborted_and_never_sent_again() {
    let salesforce = salesforce_that_is_left_alone().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let lead = format!("{}/services/data/v50.0/sobjects/Lead", salesforce.uri());
    let long = "x".repeat(17_000);
    for (case, member, value) in [
        ("2,000 headers", "headers", large(20_000)),
        // The http crate's map of headers holds 32,768.
        ("40,000 headers", "headers", large(400_000)),
        ("a long header", "headers", json!({"X": long})),
        ("a long name", "headers", json!({(long.clone()): "x"})),
        ("100,000 parameters", "params", large(1_000_000)),
        ("a long parameter", "params", json!({"a": long})),
        (
            "a long endpoint",
            "endpoint",
            json!(format!("{lead}/{long}")),
        ),
        (
            "a long query",
            "endpoint",
            json!(format!("{lead}?a={long}")),
        ),
        // The http crate reads no URI of 65,536 bytes.
        (
            "an endpoint without end",
            "endpoint",
            json!(format!("{lead}/{}", "x".repeat(100_000))),
        ),
    ] {
        let mut write = write_to(&salesforce.uri());
        write[member] = value;
        let (v0, _) = assert_outcome(&service, &write, ABORTED, case).await;
        assert!(v0["message"].as_str().unwrap().len() < 1_000, "{case}");
    }
}

#[tokio::test]
async fn a_request_that_salesforce_just_reads_is_sent() {
    let request = sent(|write| {
        write["headers"]["X-Long"] = json!("x".repeat(15_000));
        write["headers"]["Host"] = json!("elsewhere.example".repeat(1_000));
    })
    .await;
    assert_eq!(request.headers["x-long"].len(), 15_000);
}

#[tokio::test]
async fn any_time_of_the_caller_can_be_waited_for() {
    let salesforce = salesforce_that_says(created()).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for millis in [u64::MAX, u64::MAX / 1_000, 1 << 53] {
        let request = v0(&service, &write_to(&salesforce.uri()));
        let answer = send(request.header("RdProxy-Timeout", millis.to_string())).await;
        assert_eq!(answer.status, 200, "{millis}");
    }
}

#[tokio::test]
async fn a_long_answer_is_handed_on_up_to_what_rudder_server_keeps() {
    let message = "é".repeat(50_000);
    let refusal = json!([{"errorCode": "STRING_TOO_LONG", "message": message}]);
    let answer = ResponseTemplate::new(400).set_body_json(refusal);
    let salesforce = salesforce_that_says(answer).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let write = write_to(&salesforce.uri());
    let (v0, v1) = assert_outcome(&service, &write, ABORTED, "long").await;
    let error = v1["response"][0]["error"].as_str().unwrap();
    assert!(error.len() < 10_100 && error.contains("STRING_TOO_LONG"));
    let response = v0["destinationResponse"]["response"].as_str().unwrap();
    assert!(response.len() < 10_100 && v0["message"].as_str().unwrap().len() < 2_000);
}
