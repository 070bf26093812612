//! What the REST API answers: descriptions, refusals by type, and records named by external ids.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod collections;
mod describe;
mod ordinary;
mod parents;
mod places;
mod refusals;
mod security;
mod upsert;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A call of the first user's to a resource of API version 60: status and body.
fn call(org: &Simulator, method: &str, resource: &str, body: &Value) -> (u16, Value) {
    let (status, _, body) = send(org, &org.session(), (method, "v60.0", resource), &[], body);
    (status, body)
}

/// A call with this session, to a resource of this version, with these headers.
fn send(
    org: &Simulator,
    session: &str,
    (method, version, resource): (&str, &str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, HeaderMap, Value) {
    let url = format!("/services/data/{version}/{resource}");
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let request = request.header("Authorization", format!("Bearer {session}"));
    let request = request.body(body).unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let (parts, body) = org.router().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        (parts.status.as_u16(), parts.headers, body)
    })
}

/// A lead that can be created, with these fields besides.
fn lead(more: &Value) -> Value {
    let mut lead = json!({"LastName": "Doe", "Company": "Acme"});
    let fields = lead.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    lead
}

/// A record of a collection.
fn item(object: &str, fields: &Value) -> Value {
    let mut record = json!({"attributes": {"type": object}});
    let whole = record.as_object_mut().unwrap();
    whole.extend(fields.as_object().unwrap().clone());
    record
}

/// The one error of a refused row: status, code and fields.
fn refusal(answer: &(u16, Value)) -> (u16, &str, &Value) {
    let error = &answer.1[0];
    let code = error["errorCode"].as_str().unwrap_or_default();
    (answer.0, code, &error["fields"])
}

/// The code of a result of a collection; empty for a success.
fn code(result: &Value) -> &str {
    let code = result["errors"][0]["statusCode"].as_str();
    code.unwrap_or_default()
}
