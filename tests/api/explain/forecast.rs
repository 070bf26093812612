//! The calls that are forecast are those that the org counts.

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::fitted_org;
use crate::{
    fixtures::{destination, identify, job, known_lead},
    service::{Service, send, serve},
};

/// Leads of which every third exists, contacts that are named, and events that are not sent.
fn jobs(org: &Simulator) -> Vec<Value> {
    let events = (0..120_u64).map(|number| {
        let email = format!("lead{number}@example.com");
        if number % 3 == 0 {
            known_lead(org, &email);
        }
        let mut event = match number % 10 {
            7 => json!({"type": "track"}),
            8 => json!({
                "type": "identify", "integrations": {"Salesforce": true}, "traits": {"LastName": "X"},
                "context": {"externalId": [{"type": "Salesforce-Contact"}]},
            }),
            _ => identify(json!({"email": email, "plan": "free"})),
        };
        event["userId"] = json!(format!("user-{number}"));
        job(number + 1, event, &destination("dst-1"))
    });
    events.collect()
}

async fn forecast(service: &Service, jobs: &[Value]) -> Value {
    let answer = service.post("/transform?explain", json!(jobs)).await;
    answer.json()["forecast"].take()
}

/// Whether two numbers of calls differ by at most 2 %.
fn assert_near(forecast: &Value, counted: u64) {
    let forecast = forecast.as_u64().unwrap();
    let error = forecast.abs_diff(counted);
    assert!(
        error * 50 <= counted,
        "forecast {forecast}, counted {counted}"
    );
}

#[tokio::test]
async fn requests_that_rudder_server_sends() {
    let org = fitted_org();
    let jobs = jobs(&org);
    let salesforce = serve(org.router()).await;
    let explaining = Service::start(&salesforce, &[]).await;
    let forecast = forecast(&explaining, &jobs).await;
    assert_eq!(
        (&forecast["events"], &forecast["refused"]),
        (&json!(120), &json!(12))
    );

    let service = Service::start(&salesforce, &[]).await;
    let before = org.calls().total_api();
    let entries = service.router(&jobs).await;
    let entries = entries.as_array().unwrap().iter();
    let requests = entries.flat_map(|entry| {
        entry["batchedRequest"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    });
    for request in requests {
        let method = request["method"].as_str().unwrap().parse().unwrap();
        let url = request["endpoint"].as_str().unwrap();
        let mut sent = service.http.request(method, url);
        for (name, value) in request["headers"].as_object().unwrap() {
            sent = sent.header(name, value.as_str().unwrap());
        }
        let answer = send(sent.body(request["body"]["JSON"].to_string())).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    assert_near(
        &forecast["calls"]["descriptor"],
        org.calls().total_api() - before,
    );
}

#[tokio::test]
async fn writes_of_inline_delivery() {
    let org = fitted_org();
    let jobs = jobs(&org);
    let salesforce = serve(org.router()).await;
    let explaining = Service::start(&salesforce, &[]).await;
    let forecast = forecast(&explaining, &jobs).await;

    let service = Service::start(&salesforce, &["--delivery", "inline"]).await;
    let before = org.calls().total_api();
    let body = json!({"input": jobs, "destType": "salesforce"});
    let request = service
        .request("/routerTransform")
        .header("x-feature-filter-code", "?1");
    let answer = send(request.body(body.to_string())).await.accepted();
    let written = answer["output"].as_array().unwrap().iter();
    let written = written.filter(|entry| entry["statusCode"] == 299).count();
    assert_eq!(written, 108, "{answer}");
    assert_near(
        &forecast["calls"]["inline"],
        org.calls().total_api() - before,
    );
}
