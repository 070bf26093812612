//! Requests that cannot be served. A person is told what is wrong by the status that HTTP has for it. rudder-server drops
//! the events of a 4xx, so it gets one only where no retry can help, and is asked to wait wherever an operator can.

use axum::{Router, body::Body, http::Request, routing::get};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

use crate::{
    log::Log,
    service::{Answer, Service, assert_says, send},
};

const TO_RUDDER_SERVER: [&str; 2] = ["/v0/destinations/salesforce", "/routerTransform"];

/// A service that asks nobody. Its bodies have at most 1,024 bytes.
async fn service() -> Service {
    Service::start("http://127.0.0.1:1", &["--body-limit", "1KiB"]).await
}

/// An empty batch with so many blanks at its end that it has `length` bytes.
fn body_of(length: usize, path: &str) -> String {
    let empty = if path == "/routerTransform" {
        r#"{"input":[],"destType":"salesforce"}"#
    } else {
        "[]"
    };
    format!("{empty:length$}")
}

/// A text in gzip's form.
pub(crate) async fn gzip(text: &str) -> Bytes {
    let text = text.to_owned();
    let app = Router::new().route("/", get(|| async { text }));
    let request = Request::get("/")
        .header("Accept-Encoding", "gzip")
        .body(Body::empty());
    let compressed = app
        .layer(CompressionLayer::new())
        .oneshot(request.unwrap())
        .await
        .unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    axum::body::to_bytes(compressed.into_body(), usize::MAX)
        .await
        .unwrap()
}

async fn post_gzip(service: &Service, path: &str, body: Bytes) -> Answer {
    let request = service.request(path).header("Content-Encoding", "gzip");
    send(request.body(body)).await
}

/// The text of a JSON error.
fn error(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// rudder-server keeps the events and asks again.
fn assert_asked_to_retry(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.header("X-Rudder-Should-Retry"), "true");
    assert_eq!(answer.header("X-Rudder-Error-Reason"), reason);
}

#[tokio::test]
async fn transform_answers_400_to_what_is_no_json_or_no_batch() {
    let service = service().await;
    for (body, words) in [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[{}]]", "no JSON"),
        ("{'type':'identify'}", "no JSON"),
        ("null", "the body must be an array of"),
        ("5", "the body must be an array of"),
        (r#""identify""#, "the body must be an array of"),
        (r#"{"userId":"u1"}"#, "the body must be an array of"),
        (r#"{"batch":{}}"#, "the body must be an array of"),
    ] {
        let answer = service.post("/transform", body).await;
        assert_eq!(
            (answer.status, answer.header("apiVersion")),
            (400, "2"),
            "{body}"
        );
        assert_says(&error(&answer), words);
    }
}

#[tokio::test]
async fn transform_answers_415_to_another_content_type_or_encoding() {
    let service = service().await;
    let url = format!("{}/transform", service.url);
    let post = |name, value| service.http.post(&url).header(name, value).body("[]");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = send(post("Content-Type", content_type)).await;
        assert_eq!(answer.status, 415, "{content_type}");
        assert_says(&error(&answer), "application/json");
    }
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/cloudevents+json",
    ] {
        let answer = send(post("Content-Type", content_type)).await;
        assert_eq!(answer.status, 200, "{content_type}");
    }
    let missing = send(service.http.post(&url).body("[]")).await;
    assert_eq!(missing.status, 415);
    let request = service.request("/transform");
    let encoded = send(request.header("Content-Encoding", "br").body("[]")).await;
    assert_eq!(encoded.status, 415);
    assert_says(&error(&encoded), "send gzip");
}

#[tokio::test]
async fn transform_answers_413_to_a_body_over_the_limit_counted_after_decompression() {
    let service = service().await;
    for (length, status) in [(1024, 200), (1025, 413)] {
        let body = body_of(length, "/transform");
        let compressed = gzip(&body).await;
        assert!(compressed.len() < 100);
        let plain = service.post("/transform", body).await;
        let compressed = post_gzip(&service, "/transform", compressed).await;
        assert_eq!((plain.status, compressed.status), (status, status));
        if status == 413 {
            assert_says(&error(&plain), "BODY_LIMIT");
            assert_says(&error(&compressed), "BODY_LIMIT");
        }
    }
}

#[tokio::test]
async fn rudder_server_gets_400_for_what_no_retry_can_mend() {
    let service = service().await;
    for (path, body) in [
        ("/v0/destinations/salesforce", "["),
        ("/routerTransform", ""),
    ] {
        let answer = service.post(path, body).await;
        assert_eq!(
            (answer.status, answer.header("X-Rudder-Should-Retry")),
            (400, ""),
            "{body}"
        );
        assert_says(&error(&answer), "no JSON");
    }
    let request = service
        .request("/routerTransform")
        .header("Oauth-Secret", "{access_token");
    let answer = send(request.body(body_of(40, "/routerTransform"))).await;
    assert_eq!(answer.status, 400);
    assert_says(&error(&answer), "Oauth-Secret");
}

#[tokio::test]
async fn rudder_server_is_asked_to_retry_json_of_an_unexpected_shape() {
    let service = service().await;
    for (path, body, words) in [
        ("/v0/destinations/salesforce", "{}", "an array of events"),
        ("/routerTransform", "[]", "an object with `input`"),
        ("/routerTransform", "{}", "an object with `input`"),
    ] {
        let answer = service.post(path, body).await;
        assert_asked_to_retry(&answer, "shape");
        assert_says(&error(&answer), words);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_to_be_retried_and_the_log_names_the_setting() {
    let log = Log::start();
    let service = service().await;
    for path in TO_RUDDER_SERVER {
        assert_eq!(service.post(path, body_of(1024, path)).await.status, 200);
        let over_limit = body_of(1025, path);
        let compressed = gzip(&over_limit).await;
        for answer in [
            service.post(path, over_limit).await,
            post_gzip(&service, path, compressed).await,
        ] {
            assert_asked_to_retry(&answer, "body_limit");
        }
    }
    let errors = log.errors();
    assert_eq!(errors.len(), 4);
    for line in errors {
        assert_says(&line, "BODY_LIMIT");
    }
}

#[tokio::test]
async fn rudder_server_is_asked_to_retry_a_body_that_was_cut_off() {
    let service = service().await;
    for path in TO_RUDDER_SERVER {
        let whole = gzip(&body_of(1024, path)).await;
        let half = whole.slice(..whole.len() / 2);
        assert_asked_to_retry(&post_gzip(&service, path, half).await, "body_unreadable");
    }
}

#[tokio::test]
async fn rudder_server_is_asked_to_retry_an_unknown_destination_and_the_log_says_so() {
    let log = Log::start();
    let service = service().await;
    let router = |name: Value| json!({"input": [], "destType": name});
    let unknown = [
        service.post("/v0/destinations/marketo", "[]").await,
        service
            .post("/v0/destinations/salesforce_bulk_upload", "[]")
            .await,
        service
            .post("/routerTransform", router(json!("marketo")))
            .await,
        service.post("/routerTransform", router(Value::Null)).await,
    ];
    for answer in &unknown {
        assert_asked_to_retry(answer, "unknown_destination");
        assert_says(&error(answer), "DEST_TRANSFORM_URL");
        assert_says(&error(answer), "UPSTREAM_URL");
    }
    let errors = log.errors();
    let of_requests = |line: &&String| line.contains(r#""message":"request""#);
    assert_eq!(errors.iter().filter(of_requests).count(), unknown.len());
}

#[tokio::test]
async fn a_type_of_destination_that_nobody_serves_is_named_in_an_error_once_a_minute() {
    let log = Log::start();
    let service = service().await;
    for name in ["marketo", "MARKETO", "klaviyo", "marketo"] {
        let router = json!({"input": [], "destType": name});
        service.post("/routerTransform", router).await;
    }
    let path = "/v0/destinations/klaviyo/proxy";
    service.post(path, "{}").await;
    let lines = log.lines();
    let said = lines.iter().filter(|line| {
        let message = line["fields"]["message"].as_str();
        message.is_some_and(|message| message.contains("UPSTREAM_URL"))
    });
    let named: Vec<_> = said
        .map(|line| (&line["level"], &line["fields"]["destination"]))
        .collect();
    let error = &json!("ERROR");
    assert_eq!(
        named,
        [(error, &json!("marketo")), (error, &json!("klaviyo"))]
    );
}

#[tokio::test]
async fn an_unknown_path_is_404_for_a_person_and_to_be_retried_for_a_post() {
    let service = service().await;
    let answer = service.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_says(&error(&answer), "there is no route /nowhere");
    for path in [
        "/nowhere",
        "/v1/destinations/salesforce",
        "/customTransform",
    ] {
        assert_asked_to_retry(&service.post(path, "[]").await, "unknown_path");
    }
}

/// Writes a whole request before it reads the answer, on a connection that it closes, as rudder-server does.
async fn write_then_read(service: &Service, path: &str, body: &str) -> String {
    let address = service.url.trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_caller_that_writes_its_whole_body_first_still_reads_the_answer() {
    let service = service().await;
    let body = " ".repeat(8 << 20);
    for path in [
        "/routerTransform",
        "/v0/destinations/salesforce",
        "/v0/destinations/marketo",
        "/nowhere",
    ] {
        for _ in 0..5 {
            let answer = write_then_read(&service, path, &body).await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        }
    }
}
