//! The log: one line for each request, which says what became of it and nothing of whom it is about.

use serde_json::{Value, json};

use crate::{
    fixtures::{identify, lead_job, oauth_destination, org, secret},
    log::Log,
    service::{Service, assert_says, error, send, serve},
    slow::{Slow, post_lead},
};

const OWN: &str = "0af7651916cd43dd8448eb211c80319c";
const OF_EVENT: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-00f067aa0ba902b7-01")
}

#[tokio::test]
async fn a_request_has_one_line_that_joins_its_traces_and_tells_no_secret() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let log = Log::start();
    let event = |id: u64, traits: Value, integrations: bool| {
        let mut message = identify(traits);
        message["integrations"]["Salesforce"] = integrations.into();
        let metadata = json!({"jobId": id, "traceparent": traceparent(OF_EVENT), "secret": secret(&org, &salesforce)});
        json!({"message": message, "metadata": metadata, "destination": oauth_destination("dst-1")})
    };
    let jobs = json!([
        event(
            1,
            json!({"email": "ada@secret.example", "phone": "555-0199"}),
            true
        ),
        event(2, json!({"email": "bob@secret.example"}), false),
        event(3, json!({"name": "Nameless Secret"}), true),
    ]);
    let body = jobs.to_string();
    let request = service
        .request("/transform")
        .header("traceparent", traceparent(OWN));
    let answer = send(request.body(body.clone())).await;
    assert_eq!(answer.status, 200);

    let lines = log.lines();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let expected = json!({
        "message": "request", "method": "POST", "route": "/transform", "status": 200, "body_bytes": body.len(),
        "events": 3, "requests": 1, "delivered": 0, "filtered": 1, "failed": 1, "changes": 0, "trace_id": format!("{OWN},{OF_EVENT}"),
    });
    let mut fields = line["fields"].clone();
    let duration = fields.as_object_mut().unwrap().remove("duration_ms");
    assert!(duration.is_some_and(|duration| duration.is_u64()));
    assert_eq!(fields, expected);
    for hidden in ["secret.example", "555-0199", "Nameless", &org.session()] {
        assert!(!log.text().contains(hidden), "{hidden} in {}", log.text());
    }
}

/// The line of a request, which is the only one of its kind that it leaves.
async fn line_of(path: &str, body: &str) -> Value {
    let service = Service::of(&org().build()).await;
    let log = Log::start();
    service.post(path, body).await;
    let lines = log.requests();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    line.clone()
}

#[tokio::test]
async fn a_request_that_is_to_be_sent_again_has_one_line_with_the_reason_and_the_error() {
    let line = line_of("/v0/destinations/marketo", "[]").await;
    let fields = &line["fields"];
    assert_eq!(line["level"], "ERROR");
    assert_eq!(
        (&fields["status"], &fields["reason"]),
        (&json!(503), &json!("unknown_destination"))
    );
    assert_says(error(fields), "DEST_TRANSFORM_URL");
    assert_eq!(fields.get("trace_id"), None);
}

#[tokio::test]
async fn a_line_is_no_longer_where_a_caller_sends_long_names() {
    let service = Service::of(&org().build()).await;
    let log = Log::start();
    let name = "x".repeat(20_000);
    let request = |path: &str| service.request(path).body("{}");
    for request in [
        request(&format!("/{name}")),
        request(&format!("/v0/destinations/{name}")),
        service.http.delete(format!("{}/{name}", service.url)),
        request("/routerTransform").header("Content-Encoding", &name),
        service
            .http
            .post(format!("{}/transform", service.url))
            .header("Content-Type", &name)
            .body("{}"),
        request("/transform").header("traceparent", &name),
    ] {
        send(request).await;
    }
    let lines = log.requests();
    assert_eq!(lines.len(), 6);
    for line in lines {
        assert!(line.to_string().len() < 1_000, "{line}");
    }
}

#[tokio::test]
async fn a_request_that_is_refused_for_good_has_one_line_with_the_error() {
    let line = line_of("/transform", "{").await;
    let fields = &line["fields"];
    assert_eq!(
        (&line["level"], &fields["status"]),
        (&json!("WARN"), &json!(400))
    );
    assert_says(error(fields), "JSON");
    assert_eq!(fields.get("reason"), None);
}

#[tokio::test]
async fn a_request_that_an_outage_refuses_is_found_by_its_events_traces() {
    let log = Log::start();
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    let mut lead = lead_job(1, "ada@example.com");
    lead["metadata"]["traceparent"] = traceparent(OF_EVENT).into();
    let path = "/v0/destinations/salesforce";
    assert_eq!(service.post(path, json!([lead])).await.status, 503);
    let fields = &log.requests()[0]["fields"];
    let (reason, trace) = (&fields["reason"], &fields["trace_id"]);
    assert_eq!((reason, trace), (&json!("not_now"), &json!(OF_EVENT)));
}

#[tokio::test]
async fn an_abandoned_request_has_one_line_with_the_status_499() {
    let log = Log::start();
    let slow = Slow::default();
    let salesforce = slow.serve().await;
    let service = Service::start(&salesforce, &[]).await;
    let abandoned = post_lead(&service, &salesforce);
    slow.asked.notified().await;
    abandoned.abort();
    while log.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.requests()[0]["fields"]["status"], 499);
}

#[tokio::test]
async fn polls_that_succeed_are_not_logged() {
    let log = Log::start();
    let service = Service::of(&org().build()).await;
    for path in ["/health", "/ready", "/metrics"] {
        service.get(path).await;
    }
    assert_eq!(log.requests(), Vec::<Value>::new());
}
