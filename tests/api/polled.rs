//! The routes that are polled: by rudder-server before it sends anything, by the cluster, by Prometheus, by the curious.

use serde_json::json;

use crate::{
    fixtures::{destination, job, lead_job, org},
    process::Process,
    service::{Service, assert_says},
};

#[tokio::test]
async fn features_are_complete_from_the_first_answer_on() {
    let service = Service::of(&org().build()).await;
    let answer = service.get("/features").await;
    let features = json!({
        "routerTransform": {"SALESFORCE": true, "SALESFORCE_OAUTH": true, "SALESFORCE_OAUTH_SANDBOX": true},
        "regulations": [],
        "supportSourceTransformV1": true,
        "upgradedToSourceTransformV2": true,
        "supportTransformerProxyV1": true,
        "supportDestTransformCompactedPayloadV1": true,
    });
    assert_eq!((answer.status, answer.json()), (200, features));
}

#[tokio::test]
async fn a_healthy_service_says_so_and_is_ready() {
    let service = Service::of(&org().build()).await;
    let health = service.get("/health").await;
    let up = json!({"service": "UP", "version": env!("CARGO_PKG_VERSION")});
    assert_eq!((health.status, health.json()), (200, up));
    let ready = service.get("/ready").await;
    let body = json!({"ready": true, "rudderServer": "unheard"});
    assert_eq!((ready.status, ready.json()), (200, body));
}

#[tokio::test]
async fn rudder_server_is_heard_once_it_has_asked_for_what_it_alone_asks_for() {
    let mut service = Process::start(&[]).await;
    let used = async |service: &Process| service.get("/ready").await.json()["rudderServer"].take();
    service.post("/transform", "[]".to_owned()).await;
    assert_eq!(used(&service).await, "unheard");
    for _ in 0..2 {
        service.get("/features").await;
        assert_eq!(used(&service).await, "heard");
    }
    service.terminate();
    service.ended().await;
    let said = "rudder-server has asked for the first time";
    assert_eq!(service.log().matches(said).count(), 1, "{}", service.log());
}

#[tokio::test]
async fn the_version_is_told_under_each_of_its_names() {
    let service = Service::of(&org().build()).await;
    for path in ["/version", "/buildVersion", "/transformerBuildVersion"] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.text, env!("CARGO_PKG_VERSION"), "{path}");
    }
}

#[tokio::test]
async fn metrics_count_requests_events_and_calls() {
    let service = Service::of(&org().build()).await;
    let track = job(3, json!({"type": "track"}), &destination("dst-1"));
    let jobs = [
        lead_job(1, "a@example.com"),
        lead_job(2, "b@example.com"),
        track,
    ];
    service.processor(jobs).await;
    service.post("/v0/destinations/marketo", "[]").await;
    let answer = service.get("/metrics").await;
    assert_says(
        answer.header("content-type"),
        "application/openmetrics-text",
    );
    for line in [
        r#"http_requests_total{route="/v0/destinations/{destination}",status="200"} 1"#,
        r#"http_requests_total{route="/v0/destinations/{destination}",status="503"} 1"#,
        r#"events_total{status="200",category="request"} 2"#,
        r#"events_total{status="400",category="dataValidation"} 1"#,
        r#"salesforce_calls_total{call="token",outcome="ok"} 1"#,
        r#"salesforce_calls_total{call="query",outcome="ok"} 1"#,
    ] {
        let line = format!("\nsalesforce_transformer_{line}\n");
        assert_says(&answer.text, &line);
    }
    assert!(answer.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_root_lists_the_routes() {
    let service = Service::of(&org().build()).await;
    let answer = service.get("/").await;
    assert_eq!(answer.status, 200);
    for path in [
        "/transform",
        "/v0/destinations/",
        "/routerTransform",
        "/features",
        "/health",
        "/ready",
        "/metrics",
        "/limits",
        "/version",
    ] {
        assert_says(&answer.text, path);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_allow_is_named() {
    let service = Service::of(&org().build()).await;
    let answer = service.post("/limits", "").await;
    let error = "method POST is not allowed for /limits; GET / lists the routes";
    assert_eq!(
        (answer.status, answer.json()),
        (405, json!({ "error": error }))
    );
}
