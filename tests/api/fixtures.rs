//! What most tests start from: an org with one user, the destination that logs in as this user, and its events.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its event where it needs it: identify(json!({…}))"
)]

use salesforce_simulator::{Builder, Simulator};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockBuilder, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::{
    keys::KEYS,
    planted::{CLIENT_ID, CLIENT_SECRET, PASSWORD, SECURITY_TOKEN, TOKEN, USER_ID},
};

/// An org in which `destination` may log in, to be given what its test needs.
pub(crate) fn org() -> Builder {
    Simulator::builder()
        .user("crm@acme.example", PASSWORD, SECURITY_TOKEN)
        .client(CLIENT_ID, CLIENT_SECRET)
}

/// The user as whom an app logs in.
pub(crate) const INTEGRATION_USER: &str = "integration@acme.example";

/// An org in which an app, too, may log in: by client credentials and by JWT bearer.
pub(crate) fn open_org() -> Builder {
    let app = org().run_as(INTEGRATION_USER);
    app.certificate(&KEYS.public).approved(INTEGRATION_USER)
}

/// A lead that was in the org before.
pub(crate) fn known_lead(org: &Simulator, email: &str) -> String {
    let lead = json!({"LastName": "planted", "Company": "Acme", "Email": email});
    org.insert("Lead", lead).unwrap()
}

/// A destination with a password login.
pub(crate) fn destination(id: &str) -> Value {
    json!({
        "ID": id,
        "Name": "CRM",
        "DestinationDefinition": {"ID": "dd-1", "Name": "SALESFORCE", "DisplayName": "Salesforce", "Config": {}},
        "Config": {"userName": "crm@acme.example", "password": PASSWORD, "initialAccessToken": SECURITY_TOKEN},
        "Enabled": true,
        "WorkspaceID": "ws-1",
    })
}

/// A destination that authorises with OAuth.
pub(crate) fn oauth_destination(id: &str) -> Value {
    json!({
        "ID": id,
        "DestinationDefinition": {"Name": "SALESFORCE_OAUTH", "DisplayName": "Salesforce V2"},
        "Config": {},
    })
}

/// An identify that is meant for Salesforce.
pub(crate) fn identify(traits: Value) -> Value {
    json!({"type": "identify", "userId": USER_ID, "traits": traits, "integrations": {"Salesforce": true}})
}

/// An event with its metadata and destination, as rudder-server sends it.
pub(crate) fn job(id: u64, message: Value, destination: &Value) -> Value {
    let metadata = json!({"jobId": id, "destinationId": destination["ID"], "workspaceId": "ws-1", "transformAt": "router"});
    json!({"message": message, "metadata": metadata, "destination": destination})
}

/// A job whose lead is found by this e-mail, at the destination `dst-1`.
pub(crate) fn lead_job(id: u64, email: &str) -> Value {
    lead_job_at(id, email, &destination("dst-1"))
}

/// A job whose lead is found by this e-mail.
pub(crate) fn lead_job_at(id: u64, email: &str, destination: &Value) -> Value {
    job(id, identify(json!({"email": email})), destination)
}

/// A contact that its event names: nothing has to be asked before it is written.
pub(crate) fn contact_job(id: u64) -> Value {
    let contact = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact", "id": "0035g0000000001AAA"}]},
        "integrations": {"Salesforce": true},
    });
    job(id, contact, &destination("dst-1"))
}

/// A job with a lead of an OAuth destination, whose secret came with its metadata.
pub(crate) fn oauth_job(id: u64, secret: Value) -> Value {
    let mut job = lead_job_at(id, "ada@example.com", &oauth_destination("dst-1"));
    job["metadata"]["secret"] = secret;
    job
}

/// The secret of an OAuth account: a session of the org that is served at `url`.
pub(crate) fn secret(org: &Simulator, url: &str) -> Value {
    json!({"access_token": org.session(), "instance_url": url})
}

/// A Salesforce that lets everybody in and gives this answer to each query.
pub(crate) async fn salesforce_that_answers(query: ResponseTemplate) -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup().respond_with(query).mount(&salesforce).await;
    salesforce
}

/// The token endpoint of a Salesforce that lets everybody in.
pub(crate) fn lets_in(salesforce: &MockServer) -> Mock {
    let token = json!({"access_token": TOKEN, "instance_url": salesforce.uri()});
    login().respond_with(ResponseTemplate::new(200).set_body_json(token))
}

/// The token endpoint, to be given an answer.
pub(crate) fn login() -> MockBuilder {
    Mock::given(method("POST")).and(path("/services/oauth2/token"))
}

/// The query resource, to be given an answer.
pub(crate) fn lookup() -> MockBuilder {
    Mock::given(method("GET")).and(path("/services/data/v50.0/query"))
}

/// The answer to a query that finds no record.
pub(crate) fn nothing_found() -> ResponseTemplate {
    let page = json!({"totalSize": 0, "done": true, "records": []});
    ResponseTemplate::new(200).set_body_json(page)
}

/// What a Salesforce at `url` answers that lets everybody in, finds no record and writes every one.
pub(crate) fn honest(url: &str, path: &str) -> Value {
    match path {
        "/services/oauth2/token" => json!({"access_token": TOKEN, "instance_url": url}),
        "/services/data/v50.0/query" => json!({"totalSize": 0, "done": true, "records": []}),
        _ => json!({"id": "00Q1", "success": true, "errors": []}),
    }
}
