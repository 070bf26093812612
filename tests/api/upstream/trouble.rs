//! An upstream that is not there: its events are kept, and Salesforce's go on.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, http::StatusCode, routing::get};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::Notify;

use super::{Stock, in_front};
use crate::{
    fixtures::{lead_job, org},
    log::Log,
    service::{Answer, Service, serve},
};

#[track_caller]
fn assert_is_kept(answer: &Answer, reason: &str) {
    let told = (
        answer.status,
        answer.header("X-Rudder-Should-Retry"),
        answer.header("X-Rudder-Error-Reason"),
    );
    assert_eq!(told, (503, "true", reason), "{}", answer.text);
}

#[tokio::test]
async fn nothing_is_answered_before_the_upstream_has_been_heard() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let flags = ["--upstream-url", "http://127.0.0.1:1"];
    let service = Service::start(&salesforce, &flags).await;
    assert_is_kept(&service.get("/version").await, "upstream_unheard");
    let jobs = json!([lead_job(1, "ada@example.com")]);
    assert_is_kept(
        &service.post("/v0/destinations/salesforce", jobs).await,
        "upstream_unheard",
    );
    assert_eq!(service.get("/health").await.status, 200);
    let ready = service.get("/ready").await;
    assert_eq!(
        (ready.status, &ready.json()["upstream"]),
        (503, &json!("unheard"))
    );
    assert_eq!(
        ready.json()["reason"],
        "waiting for the upstream's /features response"
    );
    assert_eq!(org.calls().total_api(), 0);
}

#[tokio::test]
async fn features_have_no_status_before_the_upstream_has_answered() {
    let salesforce = serve(org().build().router()).await;
    let flags = ["--upstream-url", "http://127.0.0.1:1"];
    let service = Service::start(&salesforce, &flags).await;
    let asked = service.http.get(format!("{}/features", service.url));
    let error = asked.send().await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
}

#[tokio::test]
async fn an_upstream_that_fails_has_one_line_in_the_log_and_one_once_it_answers() {
    let asked = Arc::new(AtomicUsize::new(0));
    let asks = Arc::clone(&asked);
    let features = async move || match asks.fetch_add(1, Ordering::Relaxed) {
        0..5 => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok("{}"),
    };
    let upstream = Router::new().route("/features", get(features));
    let log = Log::start();
    let _service = in_front(&org().build(), &serve(upstream).await, &[]).await;
    assert!(asked.load(Ordering::Relaxed) > 5);
    let lines = log.lines();
    let told = |words: &str| {
        let says = |line: &&serde_json::Value| {
            let message = line["fields"]["message"].as_str();
            message.is_some_and(|message| message.starts_with(words))
        };
        lines.iter().filter(says).count()
    };
    assert_eq!(told("the upstream's features cannot be read"), 1);
    assert_eq!(told("the upstream answers"), 1);
}

#[tokio::test]
async fn an_upstream_that_dies_and_returns_harms_no_request_for_salesforce() {
    let stock = Stock::default();
    let (url, running) = stock.serve_at("127.0.0.1:0").await;
    let org = org().build();
    let service = in_front(&org, &url, &[]).await;
    let salesforce = async || {
        let entries = service.router([lead_job(1, "ada@example.com")]).await;
        assert_eq!(entries[0]["statusCode"], 200);
    };
    salesforce().await;
    running.kill().await;
    for _ in 0..5 {
        assert_is_kept(
            &service.post("/v0/destinations/klaviyo", "[]").await,
            "upstream_unreachable",
        );
        salesforce().await;
    }
    let ready = service.get("/ready").await;
    assert_eq!(
        (ready.status, &ready.json()["upstream"]),
        (200, &json!("failing"))
    );
    let features = service.get("/features").await;
    assert_eq!(
        features.json()["of"],
        "the upstream",
        "the last good answer is kept"
    );

    let address = url.strip_prefix("http://").unwrap();
    let (_, _running) = stock.serve_at(address).await;
    while service.post("/v0/destinations/klaviyo", "[]").await.status != 200 {
        salesforce().await;
    }
    salesforce().await;
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_time_is_retried() {
    let hangs = axum::Router::new()
        .route("/features", axum::routing::get(|| async { "{}" }))
        .fallback(|| async { std::future::pending::<()>().await });
    let url = serve(hangs).await;
    let service = in_front(&org().build(), &url, &["--upstream-timeout", "100ms"]).await;
    assert_is_kept(
        &service.post("/v0/destinations/klaviyo", "[]").await,
        "upstream_timeout",
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_whole_answer() {
    let begun = Arc::new(Notify::new());
    let heard = Arc::clone(&begun);
    let breaks = async move || {
        let first = stream::iter([Ok("[1,")]);
        let broken = stream::once(async move {
            heard.notified().await;
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        });
        axum::body::Body::from_stream(first.chain(broken))
    };
    let upstream = axum::Router::new()
        .route("/features", axum::routing::get(|| async { "{}" }))
        .fallback(breaks);
    let url = serve(upstream).await;
    let service = in_front(&org().build(), &url, &[]).await;
    let request = service.request("/v0/destinations/klaviyo").body("[]");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    begun.notify_one();
    assert!(
        answer.text().await.is_err(),
        "nobody takes half an answer for a whole one"
    );
}
