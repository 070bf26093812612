//! What is in flight is bounded: past the bound callers are asked to come again, and nobody holds memory for nothing.

use futures_util::stream;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use crate::{
    bad_requests::gzip,
    service::{Answer, Service, assert_says, send, verdict},
    slow::{Slow, lead, post_lead},
};

/// A service with a lead in flight that Salesforce keeps waiting, and room for a body of this many bytes beside it.
async fn with_room_for(beside: usize) -> (Service, Slow, JoinHandle<Answer>) {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let room = 3 * (lead(&salesforce).len() + beside);
    let flags = ["--max-in-flight-bytes", &room.to_string()];
    let service = Service::start(&salesforce, &flags).await;
    let in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    (service, slow, in_flight)
}

#[track_caller]
fn assert_overloaded(answer: &Answer) {
    let headers =
        ["X-Rudder-Should-Retry", "X-Rudder-Error-Reason"].map(|name| answer.header(name));
    assert_eq!((answer.status, headers), (503, ["true", "overloaded"]));
    assert_says(&answer.text, "MAX_IN_FLIGHT_BYTES");
}

/// Waits until a figure of `/metrics` is this one.
async fn until(service: &Service, figure: &str) {
    let figure = format!("\nsalesforce_transformer_{figure}\n");
    for _ in 0..10_000 {
        if service.get("/metrics").await.text.contains(&figure) {
            return;
        }
    }
    panic!("{figure} is not in {}", service.get("/metrics").await.text);
}

#[tokio::test]
async fn what_finds_no_room_is_to_be_sent_again_while_liveness_and_metrics_stay_up() {
    let (service, slow, in_flight) = with_room_for(20).await;

    let array = format!("[{}]", " ".repeat(19));
    let batch = json!({"input": [], "destType": "salesforce"}).to_string();
    let proxied = json!({"method": "POST", "endpoint": "", "metadata": {}}).to_string();
    for (path, body) in [
        ("/transform", &array),
        ("/v0/destinations/salesforce", &array),
        ("/routerTransform", &batch),
        ("/v0/destinations/salesforce/proxy", &proxied),
        ("/v1/destinations/salesforce/proxy", &proxied),
    ] {
        assert_overloaded(&service.post(path, body).await);
    }
    for path in ["/health", "/ready", "/metrics", "/features"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    // What fits beside it is served.
    assert_eq!(service.transform(json!([])).await, json!([]));

    slow.go_on.notify_one();
    let answer = in_flight.await.unwrap().accepted();
    assert_eq!(verdict(&answer[0]), (200, "", ""));
    assert_eq!(service.post("/routerTransform", batch).await.status, 200);
}

#[tokio::test]
async fn a_compressed_body_is_counted_as_what_it_opens_to() {
    let (service, _slow, _in_flight) = with_room_for(5_000).await;
    let spaces = |count| format!("[{}]", " ".repeat(count));
    let compressed = gzip(&spaces(5_100)).await;
    assert!(compressed.len() < 1_000);
    let request = || {
        service
            .request("/transform")
            .header("Content-Encoding", "gzip")
    };
    assert_overloaded(&send(request().body(compressed)).await);
    let fitting = gzip(&spaces(4_000)).await;
    assert_eq!(send(request().body(fitting)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_is_counted_as_it_arrives() {
    let (service, _slow, _in_flight) = with_room_for(5_000).await;
    let pieces = (0..51).map(|_| Ok::<_, std::io::Error>(" ".repeat(100)));
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    assert_overloaded(&send(service.request("/transform").body(body)).await);
}

#[tokio::test]
async fn a_body_that_could_never_fit_is_over_the_limit() {
    let service = Service::start("http://127.0.0.1:1", &["--max-in-flight-bytes", "3KiB"]).await;
    let array = |length: usize| format!("[{}]", " ".repeat(length - 2));
    assert_eq!(service.post("/transform", array(1024)).await.status, 200);
    let answer = service.post("/transform", array(1025)).await;
    assert_eq!(answer.status, 413);
    assert_says(&answer.text, "larger than 1024 bytes");
    assert_says(&answer.text, "MAX_IN_FLIGHT_BYTES");
}

#[tokio::test]
async fn a_request_whose_caller_hangs_up_costs_nothing_from_then_on() {
    let (service, _slow, abandoned) = with_room_for(0).await;
    let figures = service.get("/metrics").await.text;
    assert!(!figures.contains("in_flight_bytes 0\n"), "{figures}");
    abandoned.abort();
    until(&service, "in_flight_bytes 0").await;
    let gone = r#"http_requests_total{route="/transform",status="499"} 1"#;
    until(&service, gone).await;
}

#[tokio::test]
async fn a_write_is_finished_and_counted_even_if_its_caller_hangs_up() {
    let slow = Slow::default();
    let salesforce = slow.creating().await;
    let service = Service::start(&salesforce, &[]).await;
    let write =
        json!({"method": "POST", "endpoint": salesforce, "body": {}, "metadata": {"jobId": 1}})
            .to_string();
    let taken = format!("in_flight_bytes {}", 3 * write.len());
    let request = service.request("/v0/destinations/salesforce/proxy");
    let caller = tokio::spawn(send(request.body(write)));
    slow.asked.notified().await;
    caller.abort();
    let gone =
        r#"http_requests_total{route="/v0/destinations/{destination}/proxy",status="499"} 1"#;
    until(&service, gone).await;
    until(&service, &taken).await;
    slow.go_on.notify_one();
    until(&service, "in_flight_bytes 0").await;
    until(
        &service,
        r#"salesforce_calls_total{call="write",outcome="ok"} 1"#,
    )
    .await;
}

/// Writes to a connection of its own, and reads until the service closes it.
async fn until_closed(service: &Service, text: &str) -> String {
    let address = service.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn headers_that_do_not_end_are_not_waited_for() {
    let service = Service::start("http://127.0.0.1:1", &["--header-timeout", "10ms"]).await;
    let answer = until_closed(&service, "POST /transform HTTP/1.1\r\nHost: x\r\n").await;
    assert_eq!(answer, "");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_holds_no_memory_for_ever() {
    let service = Service::start("http://127.0.0.1:1", &["--answer-timeout", "500ms"]).await;
    // Far more than the buffers of a connection take.
    let events = format!("[{}1]", "1,".repeat(100_000));
    let address = service.url.strip_prefix("http://").unwrap();
    let mut caller = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        events.len()
    );
    let request = format!("POST /v0/destinations/salesforce {head}{events}");
    caller.write_all(request.as_bytes()).await.unwrap();

    caller.readable().await.unwrap();
    let metrics = service.get("/metrics").await.text;
    assert!(!metrics.contains("in_flight_bytes 0\n"), "{metrics}");
    until(&service, "in_flight_bytes 0").await;
    let mut answer = Vec::new();
    let ended = caller.read_to_end(&mut answer).await;
    assert!(
        ended.is_err() || answer.len() < 20_000_000,
        "all of it has come"
    );
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_to_be_sent_again() {
    let service = Service::start("http://127.0.0.1:1", &["--body-timeout", "10ms"]).await;
    let head = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let request = format!("POST /v0/destinations/salesforce {head}1\r\n[\r\n");
    let answer = until_closed(&service, &request).await;
    assert_says(&answer, "HTTP/1.1 503 ");
    assert_says(&answer, "x-rudder-error-reason: body_timeout");
    assert_says(&answer, "BODY_TIMEOUT");
}
