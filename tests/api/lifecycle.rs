//! How the service stops: whatever is in flight is answered, for as long as the operator lets it.

use salesforce_transformer::server::End;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    service::{Service, assert_says, send, verdict},
    slow::{Slow, post_lead},
};

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_signal_to_stop() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &[]).await;
    let in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    service.signal().await;
    service.ready.stopping().await;
    slow.go_on.notify_one();
    let answer = in_flight.await.unwrap().accepted();
    assert_eq!(verdict(&answer[0]), (200, "", ""));
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn an_idle_service_stops_at_once_and_listens_no_more() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    assert_eq!(service.get("/health").await.status, 200);
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::Drained);
    let answer = service.http.get(&service.url).send().await;
    assert!(answer.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_second_signal_cuts_off_what_is_still_in_flight() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &[]).await;
    let _in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    service.signal().await;
    service.ready.stopping().await;
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::CutOff);
}

#[tokio::test]
async fn what_is_in_flight_is_cut_off_when_the_shutdown_timeout_is_over() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &["--shutdown-timeout", "1ms"]).await;
    let _in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::CutOff);
}

#[tokio::test]
async fn a_service_that_is_about_to_stop_still_takes_requests_and_is_not_ready() {
    let service = Service::start("http://127.0.0.1:1", &["--shutdown-delay", "1h"]).await;
    assert_eq!(service.get("/ready").await.header("connection"), "");
    service.signal().await;
    service.ready.stopping().await;
    let ready = service.get("/ready").await;
    let reason = "the service is stopping";
    let body = json!({"ready": false, "rudderServer": "unheard", "reason": reason});
    assert_eq!((ready.status, ready.json()), (503, body));
    assert_eq!(service.get("/health").await.status, 200);
    // A caller that keeps its connection is sent elsewhere with the next request.
    assert_eq!(ready.header("connection"), "close");
    assert_eq!(service.transform(json!([])).await, json!([]));
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn a_second_signal_with_nothing_in_flight_cuts_nothing_off() {
    let service = Service::start("http://127.0.0.1:1", &["--shutdown-delay", "1h"]).await;
    // One connection is kept alive, and on one nothing has been asked.
    assert_eq!(service.get("/health").await.status, 200);
    let _idle = connection(&service).await;
    service.signal().await;
    service.ready.stopping().await;
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn an_answer_on_a_connection_that_is_old_says_that_it_is_closed() {
    for (age, told) in [("1ns", "close"), ("1h", ""), ("0s", "")] {
        let service = Service::start("http://127.0.0.1:1", &["--max-connection-age", age]).await;
        let answer = service.get("/health").await;
        assert_eq!((answer.status, answer.header("connection")), (200, told));
    }
}

#[tokio::test]
async fn a_write_whose_caller_has_hung_up_is_finished_before_the_service_ends() {
    let slow = Slow::default();
    let salesforce = slow.creating().await;
    let service = Service::start(&salesforce, &[]).await;
    let write =
        json!({"method": "POST", "endpoint": salesforce, "body": {}, "metadata": {"jobId": 1}});
    let request = service.request("/v0/destinations/salesforce/proxy");
    let caller = tokio::spawn(send(request.body(write.to_string())));
    slow.asked.notified().await;
    caller.abort();
    assert!(caller.await.is_err());
    service.signal().await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!service.serving.is_finished());
    slow.go_on.notify_one();
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

/// A connection of its own, on which nothing has been sent yet.
async fn connection(service: &Service) -> TcpStream {
    let address = service.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn the_first_request_of_a_connection_opened_before_draining_is_answered() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    let mut connection = connection(&service).await;
    service.signal().await;
    service.ready.stopping().await;
    // The service has begun to drain once its port is free.
    while TcpStream::connect(connection.peer_addr().unwrap())
        .await
        .is_ok()
    {}
    let request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert_says(&answer, "HTTP/1.1 200 OK");
    assert_says(&answer, "connection: close");
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_does_not_keep_the_service_from_its_end() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    let _idle = connection(&service).await;
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn a_service_that_records_ends_once_all_is_written() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/until_the_end.jsonl");
    // What an earlier run has left, where there is one.
    let _ = std::fs::remove_file(file);
    let service = Service::start("http://127.0.0.1:1", &["--record", file]).await;
    assert_eq!(service.transform(json!([])).await, json!([]));
    service.signal().await;
    assert_eq!(service.serving.await.unwrap(), End::Drained);
    assert_says(&std::fs::read_to_string(file).unwrap(), "/transform");
}
