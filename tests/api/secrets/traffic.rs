//! Requests of every kind, each with secrets in it, good ones and such that fail in every way.

use std::collections::HashMap;

use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse, routing};
use jsonwebtoken::dangerous::insecure_decode_claims;
use salesforce_simulator::{Builder, Call, Fault, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{identify, job, oauth_destination},
    keys::KEYS,
    process::Process,
    service::Answer,
};

/// The Salesforces of the traffic.
pub(super) struct Setup {
    pub(super) org: Simulator,
    pub(super) salesforce: String,
    /// One behind TLS, over HTTP/2.
    pub(super) secure: String,
    /// One that quotes what it was sent.
    pub(super) quoting: String,
}

/// An org in which the planted login may log in, by each flow.
pub(super) fn org_of(builder: Builder) -> Simulator {
    let builder = builder.user(
        "planted-user@acme.example",
        "planted-password",
        "planted-security-token",
    );
    let app = builder
        .client("planted-client-id", "planted-client-secret")
        .run_as("planted-user@acme.example");
    let app = app.certificate(&KEYS.public);
    let org = app.approved("planted-user@acme.example").build();
    let known =
        json!({"LastName": "planted-name", "Company": "x", "Email": "planted-known@example.com"});
    org.insert("Lead", known).unwrap();
    org
}

/// A Salesforce that refuses everything and quotes it, as Salesforce does with a query that it does not understand.
pub(super) fn quoting() -> Router {
    Router::new().fallback(async |uri: axum::http::Uri, body: Bytes| {
        let query = uri.query().unwrap_or_default().replace("%40", "@").replace("%20", " ");
        let body = String::from_utf8_lossy(&body);
        let message = format!(
            "\n{query}{body}\n       ^\nERROR at Row:1:Column:8\nNo such column 'x' on entity 'Lead'."
        );
        let refusal = json!([{"errorCode": "INVALID_FIELD", "message": message, "fields": []}]);
        (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response()
    })
}

/// A login host that refuses every login and quotes what it was sent, also what an assertion claims, and also as the code.
pub(super) fn quoting_login() -> Router {
    let refuse = async |body: Bytes| {
        let form: HashMap<_, _> = url::form_urlencoded::parse(&body).into_owned().collect();
        let claims = form
            .get("assertion")
            .map(|assertion| insecure_decode_claims::<Value>(assertion).unwrap());
        let code = match &claims {
            Some(claims) => claims["iss"].clone(),
            None => json!(form["client_id"]),
        };
        let quoted = format!("user hasn't approved this consumer: {form:?} {claims:?}");
        let refusal = json!({"error": code, "error_description": quoted});
        (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response()
    };
    Router::new().route("/services/oauth2/token", routing::post(refuse))
}

/// A stock transformer that takes whatever it is sent.
pub(super) fn upstream() -> Router {
    let features = || async { axum::Json(json!({"routerTransform": {}})) };
    Router::new()
        .route("/features", routing::get(features))
        .fallback(async |_body: Bytes| "[]")
}

fn destination(id: &str) -> Value {
    json!({
        "ID": id,
        "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
        "Config": {
            "userName": "planted-user@acme.example",
            "password": "planted-password",
            "initialAccessToken": "planted-security-token",
        },
    })
}

fn secret(url: &str) -> Value {
    json!({"access_token": "planted-access-token", "refresh_token": "planted-refresh", "instance_url": url})
}

/// Events that become requests, and such that do not, for all kinds of reasons.
fn events() -> Vec<Value> {
    let traits = json!({"email": "planted-ada@example.com", "name": "planted-name", "phone": "planted-phone"});
    let with = |member: &str, value: Value| {
        let mut event = identify(traits.clone());
        event[member] = value;
        event
    };
    let external = |entry: Value| with("context", json!({"externalId": [entry]}));
    let mapped = |entry: Value| {
        with(
            "context",
            json!({"mappedToDestination": true, "externalId": [entry]}),
        )
    };
    vec![
        identify(traits.clone()),
        identify(json!({"email": "planted-known@example.com", "city": "planted-city"})),
        external(json!({"type": "Salesforce-Contact", "id": "0035g0000000001AAA"})),
        mapped(
            json!({"type": "Salesforce-Contact", "id": "planted-id", "identifierType": "Email"}),
        ),
        // From here on none is well.
        identify(json!({"name": "planted-name"})),
        identify(json!({"email": ["planted-ada@example.com"]})),
        identify(json!({"email": "planted".repeat(500)})),
        with("traits", json!("planted-traits")),
        with("traits", json!(null)),
        with("type", json!("track")),
        with("integrations", json!({"Salesforce": false})),
        external(json!("planted-entry")),
        external(json!({"type": 5, "id": "planted-id"})),
        external(json!({"type": "Salesforce-Contact", "id": ["planted-id"]})),
        mapped(
            json!({"type": "Salesforce-Contact", "id": "planted-id", "identifierType": "No such__c"}),
        ),
        mapped(json!({"type": "Salesforce-Contact", "id": "planted-id"})),
        json!("planted-event"),
        json!({"planted-trait": 1}),
    ]
}

/// The events as jobs of a destination.
fn jobs(destination: &Value) -> Vec<Value> {
    let numbered = events().into_iter().zip(1..);
    numbered
        .map(|(event, id)| job(id, event, destination))
        .collect()
}

/// The events as jobs that authorise with this secret.
fn oauth_jobs(secret: &Value) -> Vec<Value> {
    let mut jobs = jobs(&oauth_destination("dst-oauth"));
    for job in &mut jobs {
        job["metadata"]["secret"] = secret.clone();
    }
    jobs
}

fn router(jobs: &[Value], dest_type: &str) -> (&'static str, String) {
    (
        "/routerTransform",
        json!({"input": jobs, "destType": dest_type}).to_string(),
    )
}

fn proxied(endpoint: &str, headers: &Value) -> (&'static str, String) {
    let body = json!({
        "type": "REST", "method": "POST", "endpoint": endpoint, "headers": headers,
        "body": {"JSON": {"LastName": "planted-name", "Email": "planted-ada@example.com"}},
        "metadata": [{"jobId": 1, "secret": secret(endpoint)}],
    });
    ("/v1/destinations/salesforce/proxy", body.to_string())
}

impl Setup {
    /// Plays all of it, and returns the answers.
    pub(super) async fn play(&self, service: &Process) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (path, body) in self.requests() {
            answers.push(service.post(path, body).await);
        }
        for fault in [
            Fault::SessionInvalid,
            Fault::ServerUnavailable,
            Fault::Html,
            Fault::Dropped,
            Fault::CutOff,
            Fault::LimitExceeded,
            Fault::Hang,
        ] {
            for call in [Call::Query, Call::Token, Call::Collections] {
                self.org.expire_sessions();
                self.org.fail_next(call, fault, 1);
                let id = if call == Call::Collections {
                    "dst-inline"
                } else {
                    "dst-1"
                };
                let (path, body) = router(&jobs(&destination(id)), "salesforce");
                answers.push(service.post(path, body).await);
                let processor = json!(jobs(&destination("dst-1"))).to_string();
                answers.push(service.post("/v0/destinations/salesforce", processor).await);
            }
        }
        answers
    }

    fn requests(&self) -> Vec<(&'static str, String)> {
        let mut wrong = destination("dst-wrong");
        wrong["Config"]["password"] = json!("planted-wrong");
        let mut sandbox = destination("dst-sandbox");
        sandbox["Config"]["sandbox"] = json!(true);
        let mut templates = destination("dst-templates");
        templates["Config"]["note"] = json!("{{ message.traits.name || planted-default }}");
        let elsewhere = secret("http://planted-user:planted-password@127.0.0.1:1/");
        let authorised = json!({"Authorization": "Bearer planted-access-token"});
        let lead = "/services/data/v50.0/sobjects/Lead";
        let password = self
            .salesforce
            .replace("http://", "http://planted-user:planted-password@");
        vec![
            router(&jobs(&destination("dst-1")), "salesforce"),
            router(&jobs(&destination("dst-inline")), "salesforce"),
            router(&jobs(&wrong), "salesforce"),
            router(&jobs(&sandbox), "salesforce"),
            router(&jobs(&destination("app")), "salesforce"),
            router(&jobs(&destination("user")), "salesforce"),
            router(&jobs(&destination("app-quoted")), "salesforce"),
            router(&jobs(&destination("user-quoted")), "salesforce"),
            router(&jobs(&templates), "salesforce"),
            router(&oauth_jobs(&secret(&self.salesforce)), "salesforce_oauth"),
            router(&oauth_jobs(&secret(&self.secure)), "salesforce_oauth"),
            router(&oauth_jobs(&secret(&self.quoting)), "salesforce_oauth"),
            router(&oauth_jobs(&elsewhere), "salesforce_oauth"),
            router(
                &oauth_jobs(
                    &json!({"access_token": "planted two words", "instance_url": self.salesforce}),
                ),
                "salesforce_oauth",
            ),
            router(&oauth_jobs(&json!("planted-secret")), "salesforce_oauth"),
            router(&oauth_jobs(&Value::Null), "salesforce_oauth"),
            router(&jobs(&destination("dst-1")), "klaviyo"),
            (
                "/v0/destinations/salesforce",
                json!(jobs(&destination("dst-1"))).to_string(),
            ),
            (
                "/v0/destinations/salesforce",
                json!(jobs(&sandbox)).to_string(),
            ),
            (
                "/v0/destinations/klaviyo",
                json!(jobs(&destination("dst-1"))).to_string(),
            ),
            ("/transform", json!({"batch": events()}).to_string()),
            ("/transform", "{\"planted\": planted-token}".to_owned()),
            ("/routerTransform", "{\"input\": [\"planted".to_owned()),
            ("/transform", json!("planted".repeat(200_000)).to_string()),
            proxied(&format!("{}{lead}", self.salesforce), &authorised),
            proxied(&format!("{}{lead}", self.secure), &authorised),
            proxied(
                &format!("{}{lead}", self.quoting),
                &json!({"Authorization": "Bearer\nplanted"}),
            ),
            proxied(&format!("{password}{lead}"), &authorised),
            proxied("http://elsewhere.example/planted?planted", &authorised),
            proxied("planted-endpoint", &authorised),
        ]
    }
}
