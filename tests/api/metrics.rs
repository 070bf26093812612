//! What `/metrics` tells, and that docs/operations.md, the alert rules and the dashboard speak of that and of nothing else.

mod labels;

use std::collections::BTreeSet;

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    documented::markdown::{first_column, section},
    fixtures::{destination, identify, job, lead_job, org},
    service::{Service, assert_says, serve},
};

const OPERATIONS: &str = include_str!("../../docs/operations.md");
const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yaml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/dashboard.json");

/// What this service's metrics begin with, and those of its process.
const PREFIXES: [&str; 2] = ["salesforce_transformer_", "process_"];

/// The names of the metrics in a text, a histogram's series taken for one.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_part(letter));
    let names = words.filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)));
    let whole = |name: &str| {
        let series = ["_bucket", "_sum", "_count"];
        let family = series.iter().find_map(|part| name.strip_suffix(part));
        family.unwrap_or(name).to_owned()
    };
    names.map(whole).collect()
}

/// The names of all metrics of a service at which everything has happened that it counts.
async fn exported() -> BTreeSet<String> {
    let stock = Router::new().route("/features", get(|| async { "{}" }));
    let stock = serve(stock).await;
    let refusal = json!([{"errorCode": "SOMETHING_NEW", "message": "no"}]).to_string();
    let new_code = || async { (StatusCode::BAD_REQUEST, refusal) };
    let salesforce = Router::new()
        .route("/services/data/v50.0/sobjects/Refused", post(new_code))
        .fallback_service(org().build().router());
    let salesforce = serve(salesforce).await;
    // Nothing listens at this port, so that the store that replicas share is away.
    let flags = [
        "--upstream-url",
        &stock,
        "--shared-state-url",
        "redis://127.0.0.1:1",
    ];
    let service = Service::start(&salesforce, &flags).await;
    while service.get("/ready").await.status != 200 {}
    while service.get("/ready").await.json()["sharedState"] != "away" {}
    let structured = identify(json!({"email": "b@example.com", "pets": ["cat"]}));
    let jobs = [
        lead_job(1, "a@example.com"),
        lead_job(2, "a@example.com"),
        job(3, structured, &destination("dst-1")),
    ];
    service.processor(jobs).await;
    let endpoint = format!("{salesforce}/services/data/v50.0/sobjects/Refused");
    let write = json!({"method": "POST", "endpoint": endpoint, "metadata": {"jobId": 1}});
    service
        .post("/v0/destinations/salesforce/proxy", write)
        .await;
    let refused = service.post("/v0/destinations/salesforce", "{}").await;
    assert_eq!(refused.status, 503);
    let text = service.get("/metrics").await.text;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    named(&samples.collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn each_metric_has_a_line_in_the_documentation_and_each_line_a_metric() {
    let short = |name: String| name.trim_start_matches(PREFIXES[0]).to_owned();
    let exported: BTreeSet<_> = exported().await.into_iter().map(short).collect();
    let documented = first_column(&section(OPERATIONS, "## Metrics"));
    assert_eq!(documented, exported);
}

#[tokio::test]
async fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let exported = exported().await;
    for (what, text) in [("alerts", ALERTS), ("dashboard", DASHBOARD)] {
        let asked = named(text);
        assert!(asked.len() > 10, "{what}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&exported).collect();
        assert!(unknown.is_empty(), "{what}: {unknown:?}");
    }
}

#[tokio::test]
async fn the_dashboard_shows_each_metric() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let shown = named(&dashboard["panels"].to_string());
    let exported = exported().await;
    let hidden: Vec<_> = exported.difference(&shown).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[tokio::test]
async fn lookups_that_are_saved_are_told_from_those_that_are_asked() {
    let salesforce = serve(org().build().router()).await;
    let service = Service::start(&salesforce, &["--lookup-cache-ttl", "1h"]).await;
    let lead = |n| lead_job(n, "ada@example.com");
    // Nothing is found, which is not remembered; then the record is there.
    service
        .processor([lead(1), lead(2), lead_job(3, "bob@example.com")])
        .await;
    let figures = service.get("/metrics").await.text;
    for figure in [
        r#"lookups_total{source="asked"} 2"#,
        r#"lookups_total{source="repeated"} 1"#,
        r#"sessions_total{outcome="login"} 1"#,
    ] {
        assert_says(&figures, &format!("\nsalesforce_transformer_{figure}\n"));
    }
    service.processor([lead(4)]).await;
    let figures = service.get("/metrics").await.text;
    let cached = r#"sessions_total{outcome="cached"} 1"#;
    assert_says(&figures, &format!("\nsalesforce_transformer_{cached}\n"));
}

#[tokio::test]
async fn a_lookup_that_was_answered_lately_counts_as_remembered() {
    let org = org().build();
    crate::fixtures::known_lead(&org, "ada@example.com");
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--lookup-cache-ttl", "1h"]).await;
    for _ in 0..2 {
        service.processor([lead_job(1, "ada@example.com")]).await;
    }
    let figures = service.get("/metrics").await.text;
    for source in ["asked", "remembered"] {
        let figure = format!("salesforce_transformer_lookups_total{{source=\"{source}\"}} 1\n");
        assert_says(&figures, &figure);
    }
}

#[tokio::test]
async fn refusals_are_counted_by_their_reason() {
    let service = Service::of(&org().build()).await;
    service.post("/v0/destinations/marketo", "[]").await;
    let refused = r#"http_requests_refused_total{reason="unknown_destination"} 1"#;
    let figures = service.get("/metrics").await.text;
    assert_says(&figures, &format!("\nsalesforce_transformer_{refused}\n"));
}
