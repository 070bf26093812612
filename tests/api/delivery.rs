//! The delivery proxy: it sends one described request to Salesforce for rudder-server and says what became of each job.
//!
//! | file | what it specifies |
//! |---|---|
//! | `outcome` | a delivered write: the record in the org, the answer of each version |
//! | `request` | what is sent: the descriptor as it stands, or nothing at all |
//! | `session` | an expired session: refreshed by rudder-server, or forgotten here |
//! | `faults` | the fault table, a row for each answer of Salesforce |
//! | `done` | what counts as written: Salesforce's own form of it, by operation |
//! | `mended` | what a fresh lookup can mend: path, code, note and attempt decide |
//! | `renewed` | dead tokens in stored descriptors: replaced, or not |
//! | `random` | a long random run on the processor path |
//! | `stored` | the processor path: lost answers, and leads that are gone |
//! | `transport` | no answer, an answer from elsewhere, and a caller that does not wait |

mod done;
mod faults;
mod mended;
mod outcome;
mod random;
mod renewed;
mod request;
mod session;
pub(crate) mod stored;
mod transport;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    planted::BEARER,
    service::{Answer, Service, send},
};

/// An HTTP status, `statTags.errorCategory` and `statTags.errorType`.
type Outcome = (u64, &'static str, &'static str);

const DELIVERED: Outcome = (200, "", "");
const RETRYABLE: Outcome = (500, "network", "retryable");
const WAITING: Outcome = (429, "platform", "configuration");
const ABORTED: Outcome = (400, "network", "aborted");

/// Delivers an entry of `/routerTransform` as rudder-server does, at v1 and with all jobs of the entry, and reads the
/// `output` that it gets.
pub(crate) async fn deliver(service: &Service, entry: &Value) -> Value {
    let [request] = entry["batchedRequest"].as_array().unwrap().as_slice() else {
        panic!("not one request: {entry}")
    };
    let body = asking(request, &entry["metadata"]);
    let path = "/v1/destinations/salesforce/proxy";
    service.post(path, body).await.accepted()["output"].take()
}

/// Has a delivery of the destination `dst-1` come to the proxy, in the version that answers for each job. It sends nothing
/// to Salesforce.
pub(crate) async fn has_come_to_the_proxy(service: &Service) {
    let body = json!({"metadata": [metadata(1)]});
    let path = "/v1/destinations/salesforce/proxy";
    let output = service.post(path, body).await.accepted();
    assert_eq!(output["output"]["status"], 400, "{output}");
}

/// What rudder-server posts to a proxy: a descriptor without its `version`, and for whom it is.
pub(crate) fn asking(request: &Value, metadata: &Value) -> Value {
    let mut body = request.clone();
    body.as_object_mut().unwrap().remove("version");
    body["userId"] = json!("");
    body["metadata"] = metadata.clone();
    body["destinationConfig"] = json!({});
    body
}

/// The metadata with which rudder-server asks a proxy for a job.
pub(crate) fn metadata(id: u64) -> Value {
    json!({
        "jobId": id,
        "attemptNum": 0,
        "userId": "",
        "sourceId": "src-1",
        "destinationId": "dst-1",
        "workspaceId": "ws-1",
        "secret": null,
        "destInfo": {"authKey": "dst-1"},
        "dontBatch": false,
    })
}

/// A request that creates a lead.
pub(crate) fn write_to(salesforce: &str) -> Value {
    json!({
        "version": "1",
        "type": "REST",
        "method": "POST",
        "endpoint": format!("{salesforce}/services/data/v50.0/sobjects/Lead"),
        "headers": {"Content-Type": "application/json", "Authorization": BEARER},
        "params": {},
        "body": {"JSON": {"LastName": "Lovelace", "Company": "n/a"}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}},
        "files": {},
    })
}

/// A Salesforce that gives this answer to everything.
async fn salesforce_that_says(answer: ResponseTemplate) -> MockServer {
    let salesforce = MockServer::start().await;
    let everything = Mock::given(any()).respond_with(answer);
    everything.mount(&salesforce).await;
    salesforce
}

/// A place that must not be called, which it checks when it goes.
async fn salesforce_that_is_left_alone() -> MockServer {
    let salesforce = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(ResponseTemplate::new(201));
    anything.expect(0).mount(&salesforce).await;
    salesforce
}

/// The answer to a record that was created.
fn created() -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(json!({"id": "00Q1", "success": true, "errors": []}))
}

/// Asks the proxy of v0 to deliver a write for the job 1 of a `salesforce` destination.
fn v0(service: &Service, write: &Value) -> RequestBuilder {
    let request = service.request("/v0/destinations/salesforce/proxy");
    request.body(asking(write, &metadata(1)).to_string())
}

/// Asks the proxy of v1 to deliver a write for the jobs 1 and 2 of a `salesforce` destination.
fn v1(service: &Service, write: &Value) -> RequestBuilder {
    let request = service.request("/v1/destinations/salesforce/proxy");
    request.body(asking(write, &json!([metadata(1), metadata(2)])).to_string())
}

/// What an answer of either version says of the write as a whole.
fn outcome(output: &Value) -> (u64, &str, &str) {
    let tag = |name| output["statTags"][name].as_str().unwrap_or_default();
    let status = output["status"].as_u64().unwrap();
    (status, tag("errorCategory"), tag("errorType"))
}

/// The `output` of v0, whose HTTP status is the outcome of the job.
#[track_caller]
fn output_v0(answer: &Answer, expected: Outcome, case: &str) -> Value {
    assert_eq!(u64::from(answer.status), expected.0, "v0 {case}");
    assert_eq!(answer.header("apiVersion"), "2", "v0 {case}");
    let output = answer.json()["output"].take();
    assert_eq!(outcome(&output), expected, "v0 {case}");
    output
}

/// The `output` of v1, which is an HTTP 200 with the outcome in the entry of each job.
#[track_caller]
fn output_v1(answer: &Answer, expected: Outcome, case: &str) -> Value {
    let output = answer.accepted()["output"].take();
    assert_eq!(outcome(&output), expected, "v1 {case}");
    let jobs = output["response"].as_array().unwrap().iter();
    let jobs: Vec<_> = jobs
        .map(|job| (&job["metadata"]["jobId"], &job["statusCode"]))
        .collect();
    let status = json!(expected.0);
    let of_each = [(&json!(1), &status), (&json!(2), &status)];
    assert_eq!(jobs, of_each, "v1 {case}");
    output
}

/// Holds where both versions of the proxy end with this outcome, and returns the `output` of each.
async fn assert_outcome(
    service: &Service,
    write: &Value,
    expected: Outcome,
    case: &str,
) -> (Value, Value) {
    let v0 = send(v0(service, write)).await;
    let v1 = send(v1(service, write)).await;
    (
        output_v0(&v0, expected, case),
        output_v1(&v1, expected, case),
    )
}
