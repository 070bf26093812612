//! Inline delivery: the service writes to Salesforce itself, and each job is answered with its own result.

mod faults;
mod order;
mod random;
mod records;
mod resent;

use futures_util::future::join_all;
use reqwest::RequestBuilder;
use salesforce_simulator::{Call, Fault, Simulator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, known_lead, lead_job, lead_job_at, org},
    service::{Service, send, serve},
};

/// Flags by which fields are sent as they are, and a refusal stands.
pub(crate) const AS_SENT: [&str; 4] = ["--preflight", "off", "--salvage", "false"];

/// A service that delivers inline, with a window that is as good as none.
pub(crate) async fn inline(org: &Simulator, flags: &[&str]) -> Service {
    let url = serve(org.router()).await;
    let inline = ["--delivery", "inline", "--delivery-window", "1ms"];
    Service::start(&url, &[&inline, flags].concat()).await
}

/// The request of a rudder-server that knows the status 299.
fn request(service: &Service, jobs: impl Serialize) -> RequestBuilder {
    service
        .request("/routerTransform")
        .header("X-Feature-Filter-Code", "?1")
        .body(json!({"input": jobs, "destType": "salesforce"}).to_string())
}

/// Posts jobs as a rudder-server that knows the status 299, and reads its entries in the order of their jobs.
pub(super) async fn deliver(service: &Service, jobs: impl Serialize) -> Vec<Value> {
    let mut answer = send(request(service, jobs)).await.accepted();
    let Value::Array(mut entries) = answer["output"].take() else {
        panic!("no entries: {answer}");
    };
    entries.sort_by_key(|entry| entry["metadata"][0]["jobId"].as_u64());
    entries
}

/// The status of each entry.
pub(super) fn statuses(entries: &[Value]) -> Vec<u64> {
    entries
        .iter()
        .map(|entry| entry["statusCode"].as_u64().unwrap())
        .collect()
}

/// The values of a field in all leads, in order of creation.
pub(super) fn leads(org: &Simulator, field: &str) -> Vec<String> {
    let text = |lead: Value| lead[field].as_str().unwrap_or_default().to_owned();
    org.records("Lead").into_iter().map(text).collect()
}

/// A job as one of this user's, whose jobs keep their order.
pub(crate) fn of_user(user: &str, mut job: Value) -> Value {
    job["metadata"]["userId"] = json!(user);
    job
}

/// Jobs for new leads, each of another user.
pub(super) fn new_leads(count: u64) -> Vec<Value> {
    let lead = |n| {
        of_user(
            &format!("user{n}"),
            lead_job(n, &format!("person{n}@example.com")),
        )
    };
    (0..count).map(lead).collect()
}

#[tokio::test]
async fn a_new_lead_is_created_and_a_known_one_updated_in_a_call_each() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let service = inline(&org, &[]).await;
    let ada = job(
        1,
        identify(json!({"email": "ADA@example.com", "city": "London", "lastName": "L"})),
        &destination("dst-1"),
    );
    let entries = deliver(
        &service,
        [ada, of_user("bob", lead_job(2, "bob@example.com"))],
    )
    .await;
    assert_eq!(statuses(&entries), [299, 299]);
    for entry in &entries {
        assert!(
            entry.get("batchedRequest").is_none() && entry.get("error").is_none(),
            "{entry}"
        );
    }
    assert_eq!(leads(&org, "City"), ["London", ""]);
    assert_eq!(leads(&org, "Email")[1], "bob@example.com");
    let calls = org.calls();
    assert_eq!((calls.query, calls.composite, calls.describe), (1, 0, 1));
    assert_eq!(calls.total_api(), 4, "and two writes");
}

#[tokio::test]
async fn a_caller_that_does_not_know_the_status_299_gets_requests_to_send() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(
        (
            &entries[0]["statusCode"],
            entries[0]["batchedRequest"].is_array()
        ),
        (&json!(200), true)
    );
    assert!(org.records("Lead").is_empty());
}

#[tokio::test]
async fn only_listed_destinations_are_delivered_inline() {
    let org = org().build();
    let service = inline(&org, &["--inline-destinations", "dst-2, dst-3"]).await;
    let at = |id, destination_id: &str| {
        lead_job_at(
            id,
            &format!("p{id}@example.com"),
            &destination(destination_id),
        )
    };
    let entries = deliver(&service, [at(1, "dst-1"), at(2, "dst-2"), at(3, "dst-3")]).await;
    assert_eq!(statuses(&entries), [200, 299, 299]);
}

#[tokio::test]
async fn the_processor_and_transform_never_deliver() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    for path in ["/transform", "/v0/destinations/salesforce"] {
        let request = service.request(path).header("X-Feature-Filter-Code", "?1");
        let answer = send(request.body(json!([lead_job(1, "a@example.com")]).to_string())).await;
        assert_eq!(answer.accepted()[0]["statusCode"], 200, "{path}");
    }
    assert!(org.records("Lead").is_empty());
}

#[tokio::test]
async fn a_thousand_leads_of_fifty_requests_take_two_calls() {
    let org = org().build();
    // The window closes once a thousand records have gathered, long before its time.
    let service = inline(&org, &["--delivery-window", "60s"]).await;
    let jobs = new_leads(1_000);
    let answers = join_all(jobs.chunks(20).map(|jobs| deliver(&service, jobs))).await;
    assert!(answers.iter().all(|entries| statuses(entries) == [299; 20]));
    assert_eq!(org.records("Lead").len(), 1_000);
    let calls = org.calls();
    assert_eq!(
        (calls.composite, calls.composite_parts, calls.total_api()),
        (2, 7, 3),
        "and one describe"
    );
}

#[tokio::test]
async fn a_write_that_has_begun_is_finished_where_the_caller_hangs_up() {
    let org = org().build();
    let service = inline(&org, &["--delivery-window", "20ms"]).await;
    let asking = tokio::spawn(request(&service, new_leads(3)).send());
    while org.calls().query == 0 {
        tokio::task::yield_now().await;
    }
    asking.abort();
    while org.records("Lead").len() < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_service_that_stops_finishes_what_has_gathered() {
    let org = org().build();
    let service = inline(&org, &["--delivery-window", "100ms"]).await;
    let asking = tokio::spawn(request(&service, new_leads(3)).send());
    while org.calls().token == 0 {
        tokio::task::yield_now().await;
    }
    service.signal().await;
    assert_eq!(asking.await.unwrap().unwrap().status(), 200);
    assert_eq!(
        service.serving.await.unwrap(),
        salesforce_transformer::server::End::Drained
    );
    assert_eq!(org.records("Lead").len(), 3);
}

#[tokio::test]
async fn one_org_that_hangs_does_not_keep_another_waiting() {
    let (hanging, lively) = (org().build(), org().build());
    hanging.fail_next(Call::Query, Fault::Hang, 1);
    let (hanging_url, lively_url) = (serve(hanging.router()).await, serve(lively.router()).await);
    let hosts = format!("{hanging_url},{lively_url}");
    let flags = [
        "--delivery",
        "inline",
        "--delivery-window",
        "1ms",
        "--salesforce-allowed-hosts",
        &hosts,
    ];
    let service = Service::start(&hanging_url, &flags).await;
    let oauth = |id, org: &Simulator, url: &str| {
        let mut job = lead_job_at(
            id,
            &format!("p{id}@example.com"),
            &crate::fixtures::oauth_destination("dst-o"),
        );
        job["metadata"]["secret"] = crate::fixtures::secret(org, url);
        job
    };
    let stuck = deliver(&service, [oauth(1, &hanging, &hanging_url)]);
    let quick = deliver(&service, [oauth(2, &lively, &lively_url)]);
    tokio::select! {
        _ = stuck => panic!("the hanging org has answered"),
        entries = quick => assert_eq!(statuses(&entries), [299]),
    }
}
