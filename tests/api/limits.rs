//! The reserve of API calls: past it the service holds back by itself what Salesforce would still take, and says so. The
//! ledger: how many calls an org has left, and what they were spent on.

use std::time::Duration;

use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::{
    delivery::{deliver, has_come_to_the_proxy},
    fixtures::{
        contact_job, destination, job, known_lead, lead_job, nothing_found, oauth_destination,
        oauth_job, org, salesforce_that_answers, secret,
    },
    inline,
    service::{Service, assert_says, error, serve, verdict},
};

type Verdict = (u64, &'static str, &'static str);

const THROTTLED: Verdict = (429, "network", "throttled");

async fn service(org: &Simulator, reserve: &str) -> Service {
    let salesforce = serve(org.router()).await;
    Service::start(
        &salesforce,
        &["--api-reserve", reserve, "--preflight", "off"],
    )
    .await
}

/// Has one lead looked up, whatever becomes of it, and gives its entry.
async fn look_up(service: &Service) -> Value {
    service.router([lead_job(1, "ada@example.com")]).await[0].take()
}

/// The figures of the only org.
async fn figures(service: &Service) -> Value {
    let mut orgs = service.get("/limits").await.json();
    assert_eq!(orgs.as_array().unwrap().len(), 1, "{orgs}");
    orgs[0].take()
}

#[tokio::test]
async fn past_the_reserve_a_lookup_is_throttled_and_salesforce_is_not_called() {
    let org = org().daily_limit(10).build();
    let service = service(&org, "9").await;
    look_up(&service).await;
    let calls = org.calls();
    assert_eq!((calls.query, calls.refused), (1, 0));
    let entry = look_up(&service).await;
    assert_eq!(verdict(&entry), THROTTLED);
    assert_says(error(&entry), "1 of the org's 10 API calls");
    assert_says(error(&entry), "9 are reserved");
    assert_says(error(&entry), "lower API_RESERVE");
    assert_eq!(org.calls(), calls);
    let metrics = service.get("/metrics").await.text;
    let held_back = r#"salesforce_calls_total{call="query",outcome="reserved"} 1"#;
    assert_says(&metrics, held_back);
}

#[tokio::test]
async fn what_one_destination_spends_on_lookups_another_one_of_the_org_does_not_have() {
    let org = org().daily_limit(10).build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--api-reserve", "9", "--preflight", "off"]).await;
    let contact = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact"}]},
        "integrations": {"Salesforce": true},
    });
    let mut created = job(1, contact, &oauth_destination("dst-1"));
    created["metadata"]["secret"] = secret(&org, &salesforce);
    let looked_up = oauth_job(2, secret(&org, &salesforce));
    let entries = service.router([created, looked_up]).await;
    assert_eq!([verdict(&entries[0]), verdict(&entries[1])], [THROTTLED; 2]);
}

#[tokio::test]
async fn a_tenth_of_the_days_calls_is_kept_unless_another_reserve_is_set() {
    let org = org().daily_limit(20).build();
    let service = Service::of(&org).await;
    for _ in 0..30 {
        look_up(&service).await;
    }
    let calls = org.calls();
    assert_eq!((calls.query, calls.describe, calls.refused), (17, 1, 0));
}

#[tokio::test]
async fn past_the_reserve_the_proxy_sends_nothing() {
    let org = org().daily_limit(10).build();
    let service = service(&org, "8").await;
    let entry = look_up(&service).await;
    assert_eq!(verdict(&entry), (200, "", ""));
    look_up(&service).await;
    let calls = org.calls();
    let output = deliver(&service, &entry).await;
    assert_eq!(output["status"], 429);
    assert_eq!(output["statTags"]["errorType"], "throttled");
    assert_says(output["message"].as_str().unwrap(), "API_RESERVE");
    assert_eq!(org.calls(), calls);
}

#[tokio::test]
async fn past_the_reserve_the_processor_asks_for_the_whole_request_again() {
    let org = org().daily_limit(10).build();
    let service = service(&org, "9").await;
    look_up(&service).await;
    let calls = org.calls();
    let jobs = json!([lead_job(1, "ada@example.com")]);
    let answer = service.post("/v0/destinations/salesforce", jobs).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("X-Rudder-Should-Retry"), "true");
    assert_eq!(org.calls(), calls);
}

#[tokio::test]
async fn a_call_after_a_while_finds_out_that_the_org_has_recovered() {
    let org = org().daily_limit(10).build();
    let salesforce = serve(org.router()).await;
    let at_once = |config: &mut salesforce_transformer::Config| {
        config.salesforce.probe_after = Duration::ZERO;
    };
    let service = Service::start_with(
        &salesforce,
        &["--api-reserve", "9", "--preflight", "off"],
        at_once,
    )
    .await;
    look_up(&service).await;
    assert_eq!(figures(&service).await["throttling"], true);
    org.set_daily_limit(1_000);
    assert_eq!(verdict(&look_up(&service).await), (200, "", ""));
    let figures = figures(&service).await;
    assert_eq!(figures["throttling"], false);
    assert_eq!(figures["allowed"], 1_000);
}

#[tokio::test]
async fn without_a_reserve_salesforce_itself_refuses_what_is_too_much() {
    let org = org().daily_limit(1).build();
    for reserve in ["0", "0%"] {
        let service = service(&org, reserve).await;
        let refused = org.calls().refused;
        look_up(&service).await;
        for _ in 0..2 {
            assert_eq!(verdict(&look_up(&service).await), THROTTLED);
        }
        assert!(org.calls().refused >= refused + 2);
        assert_eq!(figures(&service).await["throttling"], false);
    }
}

#[tokio::test]
async fn what_a_limit_header_says_beside_the_usage_is_ignored() {
    for (header, used, allowed) in [
        ("api-usage=18/5000", json!(18), json!(5_000)),
        (
            "per-app-api-usage=17/250(appName=sample); api-usage=18/5000;new=?",
            json!(18),
            json!(5_000),
        ),
        ("api-usage=many/some;;=", Value::Null, Value::Null),
        ("", Value::Null, Value::Null),
    ] {
        let answer = nothing_found().insert_header("Sforce-Limit-Info", header);
        let salesforce = salesforce_that_answers(answer).await;
        let service = Service::start(&salesforce.uri(), &["--preflight", "off"]).await;
        assert_eq!(verdict(&look_up(&service).await), (200, "", ""), "{header}");
        let figures = figures(&service).await;
        let usage = (&figures["used"], &figures["allowed"]);
        assert_eq!(usage, (&used, &allowed), "{header}");
    }
}

#[tokio::test]
async fn an_answer_that_refuses_says_what_is_left_too() {
    let refusal = ResponseTemplate::new(403)
        .set_body_json(json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": ""}]))
        .insert_header("Sforce-Limit-Info", "api-usage=5001/5000");
    let salesforce = salesforce_that_answers(refusal).await;
    let service = Service::start(&salesforce.uri(), &["--preflight", "off"]).await;
    assert_eq!(verdict(&look_up(&service).await), THROTTLED);
    let figures = figures(&service).await;
    assert_eq!(
        (&figures["used"], &figures["remaining"]),
        (&json!(5_001), &json!(0))
    );
    assert_eq!(figures["throttling"], true);
}

#[tokio::test]
async fn the_ledger_says_what_is_left_and_what_was_spent() {
    let org = org().daily_limit(1_000).build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--preflight", "off"]).await;
    assert_eq!(service.get("/limits").await.json(), json!([]));
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job(2, "bob@example.com"),
    ];
    for entry in service.router(jobs).await.as_array().unwrap() {
        assert_eq!(deliver(&service, entry).await["status"], 200);
    }
    let mut figures = figures(&service).await;
    let observed = figures["observedAt"].take();
    assert!(humantime::parse_rfc3339(observed.as_str().unwrap()).is_ok());
    let expected = json!({
        "org": salesforce, "used": 3, "allowed": 1_000, "remaining": 997, "reserve": 100, "spendable": 897,
        "calls": {"query": 1, "collections": 0, "write": 2, "token": 1}, "throttling": false,
    });
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(figures[name], *expected, "{name}");
    }
    // Two lookups and two writes, made as one query and two requests.
    for (counted, expected) in [("events", 2), ("described", 2), ("callsSaved", 1)] {
        assert_eq!(figures[counted], expected, "{counted}");
    }
}

#[tokio::test]
async fn metrics_tell_the_ledger_by_host() {
    let org = org().daily_limit(1_000).build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--preflight", "off"]).await;
    look_up(&service).await;
    let host = salesforce.strip_prefix("http://").unwrap();
    let metrics = service.get("/metrics").await.text;
    for line in [
        format!(r#"org_calls_used{{host="{host}"}} 1"#),
        format!(r#"org_calls_allowed{{host="{host}"}} 1000"#),
        format!(r#"org_calls_reserve{{host="{host}"}} 100"#),
        format!(r#"org_calls_total{{host="{host}",call="query"}} 1"#),
        format!(r#"org_calls_total{{host="{host}",call="token"}} 1"#),
    ] {
        assert_says(&metrics, &format!("\nsalesforce_transformer_{line}\n"));
    }
    for name in ["org_events_total", "org_calls_saved"] {
        let series = format!(r#"{name}{{host="{host}"}}"#);
        assert_says(&metrics, &series);
    }
    assert!(metrics.ends_with("# EOF\n"));
}

#[tokio::test]
async fn updates_stop_before_creates_do() {
    let org = org().daily_limit(100).build();
    for n in 0..9 {
        known_lead(&org, &format!("known{n}@example.com"));
    }
    // 20 calls are kept, and updates stop 2 calls earlier.
    let service = service(&org, "20").await;
    for _ in 0..78 {
        look_up(&service).await;
    }
    let jobs = [
        lead_job(1, "known1@example.com"),
        lead_job(2, "new@example.com"),
    ];
    let entries = service.router(jobs).await;
    assert_eq!(verdict(&entries[0]), THROTTLED);
    assert_eq!(verdict(&entries[1]), (200, "", ""));
}

#[tokio::test]
async fn past_the_reserve_inline_delivery_writes_nothing_and_asks_nothing() {
    let org = org().daily_limit(10).build();
    let service = inline::inline(&org, &["--api-reserve", "9", "--preflight", "off"]).await;
    look_up(&service).await;
    let calls = org.calls();
    let entries = inline::deliver(&service, inline::new_leads(3)).await;
    assert_eq!(inline::statuses(&entries), [429; 3]);
    assert_eq!(org.calls(), calls);
}

#[tokio::test]
async fn the_ledger_counts_what_inline_delivery_saves() {
    let org = org().build();
    let service = inline::inline(&org, &[]).await;
    inline::deliver(&service, inline::new_leads(100)).await;
    let figures = figures(&service).await;
    assert_eq!(
        (&figures["events"], &figures["described"]),
        (&json!(100), &json!(0))
    );
    assert_eq!(figures["callsSaved"], 198);
}

#[tokio::test]
async fn the_ledger_counts_events_that_were_answered_with_a_request_and_no_others() {
    let org = org().build();
    let service = Service::of(&org).await;
    has_come_to_the_proxy(&service).await;
    // The second lead shares the request of the first, and the third has to wait until the first is written.
    let mut waiting = lead_job(3, "ada@example.com");
    waiting["metadata"]["dontBatch"] = json!(true);
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job(2, "ada@example.com"),
        waiting,
        contact_job(4),
    ];
    service.router(jobs).await;
    let figures = figures(&service).await;
    assert_eq!(
        (&figures["events"], &figures["described"]),
        (&json!(3), &json!(2))
    );
    // Two lookups and three writes, made as one query and two requests.
    assert_eq!(figures["callsSaved"], 2);
}

#[tokio::test]
async fn an_inline_event_of_several_records_counts_once_and_saves_shared_calls() {
    let org = org().build();
    let service = inline::inline(&org, &[]).await;
    let contacts = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact"}, {"type": "Salesforce-Contact"}]},
        "integrations": {"Salesforce": true},
    });
    let entries = inline::deliver(&service, [job(1, contacts, &destination("dst-1"))]).await;
    assert_eq!(inline::statuses(&entries), [299]);
    let figures = figures(&service).await;
    // Two writes, made as one Collection, and no lookup.
    assert_eq!(
        (&figures["events"], &figures["callsSaved"]),
        (&json!(1), &json!(1))
    );
}
