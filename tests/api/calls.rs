//! How few calls to Salesforce a request takes. Salesforce meters each one.

use futures_util::future::join_all;
use serde_json::{Value, json};
use url::Url;
use wiremock::MockServer;

use crate::{
    fixtures::{
        destination, identify, job, known_lead, lead_job, lead_job_at, nothing_found, org,
        salesforce_that_answers,
    },
    planted::SECURITY_TOKEN,
    service::Service,
};

/// The `method` of each job's first request; null where it has none.
fn methods(entries: &Value) -> Vec<&Value> {
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| &entry["batchedRequest"][0]["method"])
        .collect()
}

#[tokio::test]
async fn a_hundred_leads_of_one_destination_take_one_query_and_one_token() {
    let org = org().build();
    known_lead(&org, "person42@example.com");
    let service = Service::of(&org).await;
    let job = |n| lead_job(n, &format!("person{n}@example.com"));
    let jobs: Vec<_> = (0..100).map(job).collect();
    let entries = service.router(jobs).await;
    let mut methods = methods(&entries);
    assert_eq!(methods.remove(42), "PATCH");
    assert_eq!(methods, ["POST"; 99]);
    let calls = org.calls();
    let api = (calls.query, calls.describe, calls.total_api());
    assert_eq!((calls.token, api), (1, (1, 1, 2)), "a query and a describe");
}

#[tokio::test]
async fn equal_emails_are_asked_once_whatever_their_letter_case() {
    let salesforce = salesforce_that_answers(nothing_found()).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let jobs = json!([
        lead_job(1, "ada@example.com"),
        lead_job(2, "Ada@Example.COM"),
        lead_job(3, "bob@example.com")
    ]);
    service.router(jobs).await;
    let queries: Vec<_> = queries(&salesforce).await.iter().map(soql).collect();
    let [query] = queries.as_slice() else {
        panic!("{queries:?}")
    };
    let asked = "WHERE Email IN ('ada@example.com','bob@example.com')";
    assert!(query.ends_with(asked), "{query}");
}

#[tokio::test]
async fn events_that_become_no_request_take_no_call() {
    let org = org().build();
    let service = Service::of(&org).await;
    let gate_closed = json!({"type": "identify", "traits": {"email": "a@example.com"}, "integrations": {"All": true}});
    let track = json!({"type": "track", "integrations": {"Salesforce": true}});
    let no_email = identify(json!({"name": "No Body"}));
    let jobs = [gate_closed, track, no_email].map(|message| job(1, message, &destination("dst-1")));
    let entries = service.router(json!(jobs)).await;
    assert_eq!(methods(&entries), [&Value::Null; 3]);
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}

#[tokio::test]
async fn a_later_request_uses_the_token_of_an_earlier_one() {
    let org = org().build();
    let service = Service::of(&org).await;
    for n in 0..3 {
        let jobs = [lead_job(n, &format!("p{n}@example.com"))];
        assert_eq!(methods(&service.router(jobs).await), ["POST"]);
    }
    assert_eq!((org.calls().token, org.calls().query), (1, 3));
}

#[tokio::test]
async fn requests_that_arrive_together_share_one_token_call() {
    let org = org().build();
    let service = Service::of(&org).await;
    let requests = (0..16).map(async |n| {
        service
            .router([lead_job(n, &format!("p{n}@example.com"))])
            .await
    });
    for entries in join_all(requests).await {
        assert_eq!(methods(&entries), ["POST"]);
    }
    assert_eq!(org.calls().token, 1);
}

#[tokio::test]
async fn two_destinations_have_a_token_each() {
    let org = org().build();
    let service = Service::of(&org).await;
    let jobs = json!([
        lead_job_at(1, "ada@example.com", &destination("dst-1")),
        lead_job_at(2, "eve@example.com", &destination("dst-2")),
        lead_job_at(3, "bob@example.com", &destination("dst-1")),
    ]);
    assert_eq!(methods(&service.router(jobs).await), ["POST"; 3]);
    assert_eq!((org.calls().token, org.calls().query), (2, 2));
}

#[tokio::test]
async fn a_changed_password_is_another_login() {
    let org = org()
        .user("crm@acme.example", "planted-changed", SECURITY_TOKEN)
        .build();
    let service = Service::of(&org).await;
    let mut changed = destination("dst-1");
    changed["Config"]["password"] = json!("planted-changed");
    for destination in [destination("dst-1"), changed] {
        let jobs = [lead_job_at(1, "ada@example.com", &destination)];
        assert_eq!(methods(&service.router(jobs).await), ["POST"]);
    }
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn what_fits_into_no_uri_of_12000_bytes_goes_into_one_composite() {
    let org = org().build();
    let service = Service::of(&org).await;
    let email = |n| format!("o'brien+{n}.{}@example.com", "x".repeat(50));
    let jobs: Vec<_> = (0..1_200).map(|n| lead_job(n, &email(n))).collect();
    let entries = service.router(jobs).await;
    assert!(methods(&entries).iter().all(|method| *method == "POST"));
    let calls = org.calls();
    assert_eq!(
        (calls.query, calls.composite, calls.composite_parts),
        (0, 1, 3)
    );
}

#[tokio::test]
async fn the_leads_of_all_pages_are_found() {
    let org = org().page_size(2).build();
    for n in 0..5 {
        known_lead(&org, &format!("person{n}@example.com"));
    }
    let service = Service::of(&org).await;
    let job = |n| lead_job(n, &format!("person{n}@example.com"));
    let jobs: Vec<_> = (0..5).map(job).collect();
    let entries = service.router(jobs).await;
    assert_eq!(methods(&entries), ["PATCH"; 5]);
    assert_eq!(org.calls().query, 3, "a query and two further pages");
}

/// The URLs of the queries that were asked, in order.
async fn queries(salesforce: &MockServer) -> Vec<Url> {
    let requests = salesforce.received_requests().await.unwrap().into_iter();
    let queries = requests.filter(|request| request.url.path().ends_with("/query"));
    queries.map(|request| request.url).collect()
}

/// The statement that a query's URL holds.
fn soql(query: &Url) -> String {
    let mut parameters = query.query_pairs();
    let q = parameters.find(|(name, _)| name == "q");
    q.unwrap().1.into_owned()
}
