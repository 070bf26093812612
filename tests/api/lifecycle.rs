//! How the service stops: whatever is in flight is answered, for as long as the operator lets it.

use std::sync::Arc;

use axum::{Router, http::StatusCode};
use salesforce_transformer::server::End;
use serde_json::json;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    fixtures::oauth_job,
    service::{Answer, Service, send, serve, verdict},
};

/// A Salesforce that keeps a lookup waiting until its test lets it go.
#[derive(Clone, Default)]
struct Slow {
    asked: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Slow {
    async fn serve(&self) -> String {
        let Self { asked, go_on } = self.clone();
        let lookup = || async move {
            asked.notify_one();
            go_on.notified().await;
            r#"{"totalSize":0,"done":true,"records":[]}"#
        };
        serve(Router::new().fallback(lookup)).await
    }
}

/// Posts a lead that has to be looked up, and waits for no answer.
fn post_lead(service: &Service, salesforce: &str) -> JoinHandle<Answer> {
    let secret = json!({"access_token": "token", "instance_url": salesforce});
    let body = json!([oauth_job(1, secret)]).to_string();
    tokio::spawn(send(service.request("/transform").body(body)))
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_signal_to_stop() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &[]).await;
    let in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    service.signals.stop.notify_one();
    service.signals.stopping.notified().await;
    slow.go_on.notify_one();
    let answer = in_flight.await.unwrap().accepted();
    assert_eq!(verdict(&answer[0]), (200, "", ""));
    assert_eq!(service.serving.await.unwrap().unwrap(), End::Drained);
}

#[tokio::test]
async fn an_idle_service_stops_at_once_and_listens_no_more() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    assert_eq!(service.get("/health").await.status, 200);
    service.signals.stop.notify_one();
    assert_eq!(service.serving.await.unwrap().unwrap(), End::Drained);
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
    service.signals.stop.notify_one();
    service.signals.stopping.notified().await;
    service.signals.stop_now.notify_one();
    assert_eq!(service.serving.await.unwrap().unwrap(), End::CutOff);
}

#[tokio::test]
async fn what_is_in_flight_is_cut_off_when_the_shutdown_timeout_is_over() {
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &["--shutdown-timeout", "1ms"]).await;
    let _in_flight = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    service.signals.stop.notify_one();
    assert_eq!(service.serving.await.unwrap().unwrap(), End::CutOff);
}

#[tokio::test]
async fn a_service_that_is_about_to_stop_is_alive_and_not_ready() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    service.signals.ready.stop();
    let ready = service.get("/ready").await;
    let body = json!({"ready": false, "reason": "the service is stopping"});
    assert_eq!((ready.status, ready.json()), (503, body));
    assert_eq!(service.get("/health").await.status, 200);
    assert_eq!(service.transform(json!([])).await, json!([]));
}

#[tokio::test]
async fn a_write_whose_caller_has_hung_up_is_finished_before_the_service_ends() {
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let create = {
        let (asked, go_on) = (Arc::clone(&asked), Arc::clone(&go_on));
        || async move {
            asked.notify_one();
            go_on.notified().await;
            (StatusCode::CREATED, r#"{"id":"00Q1","success":true}"#)
        }
    };
    let salesforce = serve(Router::new().fallback(create)).await;
    let service = Service::start(&salesforce, &[]).await;
    let write =
        json!({"method": "POST", "endpoint": salesforce, "body": {}, "metadata": {"jobId": 1}});
    let request = service.request("/v0/destinations/salesforce/proxy");
    let caller = tokio::spawn(send(request.body(write.to_string())));
    asked.notified().await;
    caller.abort();
    assert!(caller.await.is_err());
    service.signals.stop.notify_one();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!service.serving.is_finished());
    go_on.notify_one();
    assert_eq!(service.serving.await.unwrap().unwrap(), End::Drained);
}
