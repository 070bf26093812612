//! What a failed lookup or login does to its events. Whatever Salesforce may recover from is retried or throttled; what it
//! would refuse for ever is aborted. No fault is taken for "there is no such lead", which would create a second one.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
};
use futures_util::stream;
use salesforce_simulator::{Call, Fault};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{
        contact_job, known_lead, lead_job, login, nothing_found, org, salesforce_that_answers,
    },
    service::{Service, assert_says, error, serve, verdict},
};

type Verdict = (u64, &'static str, &'static str);

const RETRYABLE: Verdict = (500, "network", "retryable");
const THROTTLED: Verdict = (429, "network", "throttled");
const ABORTED: Verdict = (400, "network", "aborted");

const WAITING: Verdict = (429, "platform", "configuration");

/// An answer of Salesforce's that refuses.
fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let error = json!([{"errorCode": code, "message": "in Salesforce's words"}]);
    ResponseTemplate::new(status).set_body_json(error)
}

/// A page of a query's answer.
fn page(json: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json)
}

/// An HTML page, as a proxy or a maintenance page answers.
fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string("<html><body>Sorry</body></html>")
}

/// What the processor route does about a failed lookup: rudder-server drops each event that fails there on its own.
#[derive(Clone, Copy)]
enum Processor {
    /// It asks for the whole request again.
    AsksAgain,
    /// It fails the event.
    Fails,
}

/// Asks a service for a lead that has to be looked up and for a contact that has not: at the router the lead gets the
/// verdict and no request, and the contact is unharmed.
async fn assert_lookup(service: &Service, expected: Verdict, processor: Processor, case: &str) {
    let jobs = [lead_job(1, "ada@example.com"), contact_job(2)];
    let entries = service.router(&jobs).await;
    assert_eq!(verdict(&entries[0]), expected, "{case}");
    assert_eq!(entries[0].get("batchedRequest"), None, "{case}");
    assert_eq!(verdict(&entries[1]), (200, "", ""), "{case}");
    let answer = service
        .post("/v0/destinations/salesforce", json!(jobs))
        .await;
    match processor {
        Processor::AsksAgain => {
            assert_eq!(answer.status, 503, "{case}");
            assert_eq!(answer.header("X-Rudder-Should-Retry"), "true", "{case}");
            assert_eq!(answer.header("X-Rudder-Error-Reason"), "not_now", "{case}");
        }
        Processor::Fails => {
            let elements = answer.accepted();
            assert_eq!(verdict(&elements[0]), expected, "{case}");
            assert_eq!(elements[0].get("output"), None, "{case}");
            assert_eq!(verdict(&elements[1]), (200, "", ""), "{case}");
        }
    }
}

#[tokio::test]
async fn a_lookup_that_salesforce_refuses_is_throttled_retried_or_aborted() {
    for (answer, expected) in [
        (refusal(403, "REQUEST_LIMIT_EXCEEDED"), THROTTLED),
        (refusal(503, "SERVER_UNAVAILABLE"), THROTTLED),
        (ResponseTemplate::new(429), THROTTLED),
        (ResponseTemplate::new(500), RETRYABLE),
        (refusal(500, "UNKNOWN_EXCEPTION"), RETRYABLE),
        (refusal(400, "QUERY_TIMEOUT"), RETRYABLE),
        (html(502), RETRYABLE),
        (html(403), RETRYABLE),
        (refusal(400, "MALFORMED_QUERY"), ABORTED),
        (refusal(400, "INVALID_FIELD"), WAITING),
        (refusal(403, "API_DISABLED_FOR_ORG"), WAITING),
    ] {
        let processor = match expected {
            ABORTED => Processor::Fails,
            _ => Processor::AsksAgain,
        };
        let case = format!("{answer:?}");
        let salesforce = salesforce_that_answers(answer).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        assert_lookup(&service, expected, processor, &case).await;
    }
}

#[tokio::test]
async fn an_answer_that_says_success_and_is_not_the_whole_result_is_retried() {
    let other = json!({"Id": "00Q1", "Email": "other@example.com"});
    for answer in [
        ResponseTemplate::new(200),
        html(200),
        page(&json!({})),
        page(&json!({"done": true, "totalSize": 1, "records": []})),
        page(&json!({"done": false, "totalSize": 2001, "records": []})),
        page(&json!({"done": true, "totalSize": 1, "records": [other]})),
        page(&json!({"done": true, "totalSize": 1, "records": [{"Email": "ada@example.com"}]})),
    ] {
        let case = format!("{answer:?}");
        let salesforce = salesforce_that_answers(answer).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        assert_lookup(&service, RETRYABLE, Processor::AsksAgain, &case).await;
    }
}

#[tokio::test]
async fn an_aborted_lookup_says_why_in_salesforces_words() {
    let salesforce = salesforce_that_answers(refusal(400, "INVALID_STATUS")).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(entries[0]["statTags"]["meta"], "instrumentation");
    let words = "HTTP 400 INVALID_STATUS: in Salesforce's words";
    assert_says(error(&entries[0]), words);
}

#[tokio::test]
async fn a_query_that_salesforce_quotes_is_not_repeated_and_what_is_wrong_with_it_is() {
    let message = "\nSELECT Id,x FROM Lead WHERE Email IN ('bob@example.com')\n          ^\n\
                   ERROR at Row:1:Column:11\nNo such column 'x' on entity 'Lead'.";
    let error_of = json!([{"errorCode": "INVALID_FIELD", "message": message}]);
    let answer = ResponseTemplate::new(400).set_body_json(error_of);
    let salesforce = salesforce_that_answers(answer).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_says(error(&entries[0]), "INVALID_FIELD: No such column 'x'");
    assert!(!error(&entries[0]).contains("bob"));
}

#[tokio::test]
async fn a_query_that_salesforce_does_not_understand_is_not_quoted_to_other_events() {
    let salesforce = salesforce_that_answers(refusal(400, "MALFORMED_QUERY")).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_says(error(&entries[0]), "HTTP 400 MALFORMED_QUERY");
    assert!(!error(&entries[0]).contains("words"));
}

#[tokio::test]
async fn a_redirect_is_kept_and_not_followed() {
    let elsewhere = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(nothing_found());
    anything.expect(0).mount(&elsewhere).await;
    for status in [301, 302, 307] {
        let moved = ResponseTemplate::new(status).insert_header("Location", elsewhere.uri());
        let salesforce = salesforce_that_answers(moved).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        assert_lookup(&service, WAITING, Processor::AsksAgain, &status.to_string()).await;
    }
}

#[tokio::test]
async fn an_org_that_never_answers_is_retried_after_the_timeout() {
    let late = nothing_found().set_delay(Duration::from_hours(1));
    let salesforce = salesforce_that_answers(late).await;
    let service = Service::start(&salesforce.uri(), &["--salesforce-timeout", "500ms"]).await;
    assert_lookup(&service, RETRYABLE, Processor::AsksAgain, "no answer").await;
}

#[tokio::test]
async fn an_answer_that_never_ends_is_retried_after_the_timeout() {
    let endless = || async { Body::from_stream(stream::pending::<Result<Bytes, axum::Error>>()) };
    let salesforce = serve(Router::new().fallback(endless)).await;
    let service = Service::start(&salesforce, &["--salesforce-timeout", "500ms"]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), RETRYABLE);
    assert_says(error(&entries[0]), "SALESFORCE_TIMEOUT");
}

#[tokio::test]
async fn a_connection_that_breaks_or_cannot_be_made_is_retried() {
    let org = org().build();
    let service = Service::of(&org).await;
    org.fail_next(Call::Query, Fault::Dropped, 2);
    assert_lookup(&service, RETRYABLE, Processor::AsksAgain, "dropped").await;
    assert_eq!(org.calls().query, 2);

    let nobody = "http://127.0.0.1:1";
    let service = Service::start(nobody, &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), RETRYABLE);
}

#[tokio::test]
async fn a_used_up_daily_limit_throttles_until_it_is_raised() {
    let org = org().daily_limit(0).build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--api-reserve", "0"]).await;
    assert_lookup(&service, THROTTLED, Processor::AsksAgain, "limit").await;
    org.set_daily_limit(1);
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), (200, "", ""));
}

#[tokio::test]
async fn a_fault_is_forgotten_once_salesforce_has_recovered() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    org.fail_next(Call::Token, Fault::Html, 1);
    org.fail_next(Call::Query, Fault::ServerUnavailable, 1);
    let jobs = [lead_job(1, "ada@example.com")];
    assert_eq!(verdict(&service.router(&jobs).await[0]), RETRYABLE);
    assert_eq!(verdict(&service.router(&jobs).await[0]), THROTTLED);
    let entries = service.router(&jobs).await;
    assert_eq!(entries[0]["batchedRequest"][0]["method"], "PATCH");
}

#[tokio::test]
async fn a_login_that_fails_without_a_word_on_the_credentials_is_retried_or_throttled() {
    let moved = ResponseTemplate::new(302).insert_header("Location", "http://127.0.0.1:1/");
    let busy = json!({"error": "unknown_error", "error_description": "retry your request"});
    for (answer, expected) in [
        (ResponseTemplate::new(500), RETRYABLE),
        (ResponseTemplate::new(400).set_body_json(busy), RETRYABLE),
        (html(200), RETRYABLE),
        (moved, WAITING),
        (refusal(503, "SERVER_UNAVAILABLE"), THROTTLED),
        (refusal(403, "LOGIN_RATE_EXCEEDED"), THROTTLED),
    ] {
        let salesforce = MockServer::start().await;
        let case = format!("{answer:?}");
        let once = login().respond_with(answer).expect(1);
        once.mount(&salesforce).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        let jobs = [lead_job(1, "ada@example.com"), contact_job(2)];
        for entry in service.router(jobs).await.as_array().unwrap() {
            assert_eq!(verdict(entry), expected, "{case}");
        }
    }
}
