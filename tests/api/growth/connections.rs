//! Connections: how many there may be, and what may come on one of them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{LIMIT, assert_bounded, limited, settings};
use crate::{
    process::Process,
    service::{Service, assert_says},
    slow::{Slow, post_lead},
};

async fn connect(process: &Process) -> TcpStream {
    let address = ("127.0.0.1", process.port());
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn idle_connections_are_closed_for_new_ones_the_oldest_first() {
    let settings = settings("http://127.0.0.1:1", &[]);
    let process = Process::start_with_files(256, &settings).await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(connect(&process).await);
    }
    let health = timeout(Duration::from_secs(1), process.get("/health"));
    assert_eq!(health.await.unwrap().status, 200);
    let mut closed = [0];
    let first = idle[0].read(&mut closed).await;
    assert!(matches!(first, Ok(0) | Err(_)), "{first:?}");
    let last = idle.last_mut().unwrap();
    last.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).await.unwrap();
    assert_says(&answer, "HTTP/1.1 200 OK");
    assert!(
        !process.log().contains("cannot be accepted"),
        "{}",
        process.log()
    );
    assert_bounded(&process);
}

#[tokio::test]
async fn if_all_connections_are_busy_health_answers_and_others_must_retry() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &["--max-connections", "1"]).await;
    let in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    let refused = service.post("/transform", "[]").await;
    let headers = ["X-Rudder-Should-Retry", "X-Rudder-Error-Reason"];
    let headers = headers.map(|name| refused.header(name));
    assert_eq!((refused.status, headers), (503, ["true", "overloaded"]));
    assert_says(&refused.text, "more than 1 connections are busy");
    assert_says(&refused.text, "MAX_CONNECTIONS");
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    slow.go_on.notify_one();
    assert_eq!(in_flight.await.unwrap().status, 200);
    assert_eq!(service.post("/transform", "[]").await.status, 200);
}

#[tokio::test]
async fn headers_that_do_not_end_are_bounded_and_counted() {
    let process = limited("http://127.0.0.1:1", &[("MAX_CONNECTIONS", "1000")]).await;
    let unfinished = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(30_000));
    let mut callers = Vec::new();
    for _ in 0..600 {
        let mut caller = connect(&process).await;
        // An earlier one may be closed meanwhile, and so may this one.
        let _ = caller.write_all(unfinished.as_bytes()).await;
        callers.push(caller);
    }
    let metrics = process.get("/metrics").await.text;
    let figure = "\nsalesforce_transformer_in_flight_bytes ";
    let (_, figure) = metrics.split_once(figure).unwrap();
    let bytes: u64 = figure.lines().next().unwrap().parse().unwrap();
    assert!(bytes > LIMIT / 16 && bytes < LIMIT / 6, "{bytes}");
    assert_says(&process.log(), "unfinished headers use more");
    assert_bounded(&process);
}

#[tokio::test]
async fn headers_beyond_their_limit_are_refused() {
    let process = limited("http://127.0.0.1:1", &[("HEADER_LIMIT", "16KiB")]).await;
    let request = |bytes| {
        format!(
            "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    for (bytes, status) in [
        (12_000, "200 OK"),
        (20_000, "431 Request Header Fields Too Large"),
    ] {
        let mut caller = connect(&process).await;
        caller.write_all(request(bytes).as_bytes()).await.unwrap();
        let mut answer = vec![0; 64];
        let read = caller.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert_says(&answer, &format!("HTTP/1.1 {status}"));
    }
    let mut process = process;
    process.terminate();
    process.ended().await;
    assert_says(&process.log(), "its headers are larger than HEADER_LIMIT");
}

#[tokio::test]
async fn a_body_that_drips_is_a_timeout() {
    let settings = [("BODY_TIMEOUT", "300ms"), ("MIN_BODY_RATE", "1KiB")];
    let process = limited("http://127.0.0.1:1", &settings).await;
    let mut caller = connect(&process).await;
    let head = "POST /v0/destinations/salesforce HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n";
    caller.write_all(head.as_bytes()).await.unwrap();
    let mut drops = tokio::time::interval(Duration::from_millis(20));
    let mut answer = vec![0; 4_096];
    // Each byte comes in time, and all of them would take a minute.
    let read = loop {
        tokio::select! {
            read = caller.read(&mut answer) => break read.unwrap(),
            _ = drops.tick() => caller.write_all(b" ").await.unwrap(),
        }
    };
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert_says(&answer, "HTTP/1.1 503 ");
    assert_says(&answer, "x-rudder-error-reason: body_timeout");
}

#[tokio::test]
async fn a_body_in_single_bytes_takes_no_more_than_its_length() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let mut callers = Vec::new();
    for _ in 0..8 {
        let mut caller = connect(&process).await;
        let head = "POST /transform HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        caller.write_all(head.as_bytes()).await.unwrap();
        let chunks = "1\r\n \r\n".repeat(500_000);
        callers.push(tokio::spawn(async move {
            caller.write_all(chunks.as_bytes()).await.unwrap();
            caller
        }));
    }
    let mut all = Vec::new();
    for caller in callers {
        all.push(caller.await.unwrap());
    }
    assert_bounded(&process);
    let peak = process.peak();
    assert!(peak < LIMIT + LIMIT / 2, "{} MiB", peak >> 20);
}
