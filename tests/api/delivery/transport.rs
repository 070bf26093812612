//! The way to Salesforce: no answer, an answer from elsewhere, and a caller that does not wait.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
};
use futures_util::{StreamExt, stream};
use salesforce_simulator::{Call, Fault};
use serde_json::json;
use tokio::time::timeout;
use wiremock::{MockServer, ResponseTemplate};

use super::{
    DELIVERED, RETRYABLE, WAITING, assert_outcome, created, output_v0, output_v1,
    salesforce_that_is_left_alone, salesforce_that_says, v0, v1, write_to,
};
use crate::{
    fixtures::{lead_job, org},
    service::{Service, assert_says, send, serve},
    slow::Slow,
};

/// Far less than `SALESFORCE_TIMEOUT`, far more than a call of the loopback takes.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_host_that_is_not_allowed_gets_nothing_and_the_events_are_kept() {
    let elsewhere = salesforce_that_is_left_alone().await;
    let salesforce = salesforce_that_is_left_alone().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let elsewhere_host = elsewhere.address().to_string();
    let salesforce_host = salesforce.address().to_string();
    for endpoint in [
        elsewhere.uri(),
        format!("http://{salesforce_host}@{elsewhere_host}/"),
        format!("http://user:password@{salesforce_host}/"),
        format!("https://{salesforce_host}/"),
        "http://login.salesforce.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let mut write = write_to(&salesforce.uri());
        write["endpoint"] = endpoint.clone().into();
        let (v0, _) = assert_outcome(&service, &write, WAITING, &endpoint).await;
        let message = v0["message"].as_str().unwrap();
        assert_says(message, "SALESFORCE_ALLOWED_HOSTS");
    }
}

#[tokio::test]
async fn a_redirect_of_a_write_is_not_followed_and_the_events_are_kept() {
    let elsewhere = salesforce_that_is_left_alone().await;
    for status in [301, 302, 303, 307, 308] {
        let moved = ResponseTemplate::new(status).insert_header("Location", elsewhere.uri());
        let salesforce = salesforce_that_says(moved).await;
        let both = format!("{},{}", salesforce.uri(), elsewhere.uri());
        let flags = ["--salesforce-allowed-hosts", &both];
        let service = Service::start(&salesforce.uri(), &flags).await;
        let write = write_to(&salesforce.uri());
        assert_outcome(&service, &write, WAITING, &status.to_string()).await;
        assert_eq!(salesforce.received_requests().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_retried() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    let write = write_to("http://127.0.0.1:1");
    let (v0, v1) = assert_outcome(&service, &write, RETRYABLE, "refused").await;
    let words = "[ECONNREFUSED] :: Connection refused";
    assert_eq!(v0["destinationResponse"]["response"], words);
    assert_eq!(v1["response"][0]["error"], format!("\"{words}\""));
}

#[tokio::test]
async fn a_connection_that_does_not_speak_tls_is_retried() {
    let salesforce = MockServer::start().await;
    let https = salesforce.uri().replace("http://", "https://");
    let service = Service::start(&https, &[]).await;
    assert_outcome(&service, &write_to(&https), RETRYABLE, "no TLS").await;
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_retried() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
    org.fail_next(Call::Create, Fault::Dropped, 2);
    let write = &entry["batchedRequest"][0];
    assert_outcome(&service, write, RETRYABLE, "dropped").await;
    // One call for each version: nothing is sent twice behind rudder-server's back.
    assert_eq!(org.calls().create, 2);
}

#[tokio::test]
async fn a_salesforce_that_hangs_is_retried_once_the_callers_time_is_over() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
    org.fail_next(Call::Create, Fault::Hang, 2);
    let write = &entry["batchedRequest"][0];
    let in_time = |request: reqwest::RequestBuilder| {
        timeout(SOON, send(request.header("RdProxy-Timeout", "300")))
    };
    let answer = in_time(v0(&service, write)).await.unwrap();
    let output = output_v0(&answer, RETRYABLE, "hang");
    let message = output["message"].as_str().unwrap();
    assert_says(message, "did not answer within 0.3 s");
    let answer = in_time(v1(&service, write)).await.unwrap();
    output_v1(&answer, RETRYABLE, "hang");
}

#[tokio::test]
async fn without_the_callers_time_salesforce_timeout_counts() {
    let late = created().set_delay(Duration::from_hours(1));
    let salesforce = salesforce_that_says(late).await;
    let service = Service::start(&salesforce.uri(), &["--salesforce-timeout", "300ms"]).await;
    let write = write_to(&salesforce.uri());
    assert_outcome(&service, &write, RETRYABLE, "no header").await;
    for unusable in ["0", "-1", "soon", ""] {
        let request = v0(&service, &write).header("RdProxy-Timeout", unusable);
        output_v0(&send(request).await, RETRYABLE, unusable);
    }
}

#[tokio::test]
async fn the_callers_time_counts_where_it_is_longer_too() {
    let late = created().set_delay(Duration::from_millis(500));
    let salesforce = salesforce_that_says(late).await;
    let service = Service::start(&salesforce.uri(), &["--salesforce-timeout", "50ms"]).await;
    let request = v0(&service, &write_to(&salesforce.uri()));
    let answer = send(request.header("RdProxy-Timeout", "60000")).await;
    output_v0(&answer, DELIVERED, "longer");
}

#[tokio::test]
async fn a_write_is_finished_although_the_caller_hangs_up() {
    let slow = Slow::default();
    let salesforce = slow.creating().await;
    let service = Service::start(&salesforce, &[]).await;
    let caller = tokio::spawn(send(v1(&service, &write_to(&salesforce))));
    slow.asked.notified().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // By the time it answers this, the service has noticed that the caller is gone.
    assert_eq!(service.get("/health").await.status, 200);
    slow.go_on.notify_one();
    let written = r#"salesforce_calls_total{call="write",outcome="ok"} 1"#;
    let counted = async { while !service.get("/metrics").await.text.contains(written) {} };
    timeout(SOON, counted).await.unwrap();
}

#[tokio::test]
async fn a_success_whose_body_never_ends_is_a_success_because_the_record_is_written() {
    let endless = || async {
        let start = stream::iter([Ok::<_, axum::Error>(Bytes::from(r#"{"id":"00Q1","#))]);
        let body = Body::from_stream(start.chain(stream::pending()));
        (StatusCode::CREATED, body)
    };
    let salesforce = serve(Router::new().fallback(endless)).await;
    let service = Service::start(&salesforce, &["--salesforce-timeout", "300ms"]).await;
    let write = write_to(&salesforce);
    let (v0, _) = assert_outcome(&service, &write, DELIVERED, "endless").await;
    let response = json!({"response": "", "status": 201});
    assert_eq!(v0["destinationResponse"], response);
}
