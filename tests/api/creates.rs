//! A record that several events would create is created once (rule `one-create`). Here: who is told to create it by the
//! router, where rudder-server delivers itself.
//!
//! | file | what it specifies |
//! |---|---|
//! | `proxy` | creates at the delivery proxy take turns |
//! | `bursts` | bursts of events of new people, by each way of delivery |

mod bursts;
mod proxy;

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, lead_job, lead_job_at, org},
    service::{Service, error, serve, verdict},
};

/// How long each call of an org takes in which calls are to overlap.
const LATENCY: Duration = Duration::from_millis(20);

const TOLD: (u64, &str, &str) = (200, "", "");
const WAITS: (u64, &str, &str) = (500, "network", "retryable");

/// What each job is told, in the order of the jobs.
async fn told(service: &Service, jobs: impl serde::Serialize) -> Vec<u64> {
    let entries = service.router(jobs).await;
    let entries = entries.as_array().unwrap().iter();
    entries.map(|entry| verdict(entry).0).collect()
}

/// Writes what an entry describes, as rudder-server's own delivery does; the status of the answer.
async fn deliver_directly(service: &Service, entry: &Value) -> u16 {
    let request = &entry["batchedRequest"][0];
    let method = request["method"].as_str().unwrap().parse().unwrap();
    let url = request["endpoint"].as_str().unwrap();
    let mut call = service.http.request(method, url);
    for (name, value) in request["headers"].as_object().unwrap() {
        call = call.header(name, value.as_str().unwrap());
    }
    let call = call.body(request["body"]["JSON"].to_string());
    call.send().await.unwrap().status().as_u16()
}

async fn service_with(org: &Simulator, flags: &[&str]) -> Service {
    Service::start(&serve(org.router()).await, flags).await
}

#[tokio::test]
async fn of_the_events_of_one_batch_for_one_new_person_the_first_is_told_to_create() {
    let service = Service::of(&org().latency(LATENCY).build()).await;
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job(2, "Ada@Example.com"),
        lead_job(3, "bob@example.com"),
    ];
    let entries = service.router(jobs).await;
    let verdicts: Vec<_> = entries.as_array().unwrap().iter().map(verdict).collect();
    assert_eq!(verdicts, [TOLD, WAITS, TOLD]);
    let text = "another event is creating this record; it comes again";
    assert_eq!(error(&entries[1]), text);
    assert_eq!(entries[1].get("batchedRequest"), None);
}

#[tokio::test]
async fn of_batches_that_overlap_one_is_told_to_create() {
    let service = Service::of(&org().latency(LATENCY).build()).await;
    let batches = (0..16).map(|id| service.router([lead_job(id, "ada@example.com")]));
    let entries = join_all(batches).await;
    let mut verdicts: Vec<_> = entries.iter().map(|entries| verdict(&entries[0])).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts[0], TOLD);
    assert_eq!(verdicts[1..], [WAITS; 15]);
}

#[tokio::test]
async fn the_syncs_of_one_new_record_wait_for_each_other_too() {
    let service = Service::of(&org().build()).await;
    let contact = |id: u64, email: &str| {
        let mut sync = identify(json!({"LastName": "Doe"}));
        sync["context"] = json!({
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Contact", "id": email, "identifierType": "Email"}],
        });
        job(id, sync, &destination("dst-1"))
    };
    assert_eq!(told(&service, [contact(1, "a@b.c")]).await, [200]);
    let jobs = [contact(2, "a@b.c"), contact(3, "d@e.f")];
    assert_eq!(told(&service, jobs).await, [500, 200]);
}

#[tokio::test]
async fn the_job_that_was_told_is_told_so_again() {
    let service = Service::of(&org().build()).await;
    let mut first = lead_job(2, "ada@example.com");
    first["message"]["messageId"] = json!("m-2");
    assert_eq!(told(&service, [&first]).await, [200]);
    // Although another job comes before it by now.
    let jobs = [&lead_job(1, "ada@example.com"), &first];
    assert_eq!(told(&service, jobs).await, [500, 200]);
    // A job of another rudder-server may have the same id.
    let mut another = first.clone();
    another["message"]["messageId"] = json!("m-3");
    assert_eq!(told(&service, [another]).await, [500]);
}

#[tokio::test]
async fn a_waiting_event_updates_the_record_once_it_is_found() {
    let org = org().build();
    let service = Service::of(&org).await;
    let first = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(
        told(&service, [lead_job(2, "ada@example.com")]).await,
        [500]
    );
    assert_eq!(deliver_directly(&service, &first[0]).await, 201);
    let second = service.router([lead_job(2, "ada@example.com")]).await;
    assert_eq!(second[0]["batchedRequest"][0]["method"], "PATCH");
}

#[tokio::test]
async fn a_record_that_was_found_and_is_gone_by_now_is_created_again() {
    let org = org().build();
    let service = Service::of(&org).await;
    let first = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(deliver_directly(&service, &first[0]).await, 201);
    assert_eq!(
        told(&service, [lead_job(2, "ada@example.com")]).await,
        [200]
    );
    let id = org.records("Lead")[0]["Id"].as_str().unwrap().to_owned();
    org.delete("Lead", &id).unwrap();
    let third = service.router([lead_job(3, "ada@example.com")]).await;
    assert_eq!(third[0]["batchedRequest"][0]["method"], "POST");
}

#[tokio::test]
async fn after_the_window_another_event_is_told() {
    // Each lookup takes longer than the window.
    let org = org().latency(LATENCY).build();
    let service = service_with(&org, &["--create-window", "1ms"]).await;
    for id in 0..2 {
        assert_eq!(
            told(&service, [lead_job(id, "ada@example.com")]).await,
            [200]
        );
    }
}

#[tokio::test]
async fn without_a_window_only_the_events_of_one_batch_wait() {
    let service = service_with(&org().build(), &["--create-window", "0s"]).await;
    for id in 0..2 {
        let jobs = [
            lead_job(id, "ada@example.com"),
            lead_job(9, "ada@example.com"),
        ];
        assert_eq!(told(&service, jobs).await, [200, 500]);
    }
}

#[tokio::test]
async fn two_destinations_of_one_user_create_one_record() {
    let service = Service::of(&org().build()).await;
    let job_at = |id, name| lead_job_at(id, "ada@example.com", &destination(name));
    let jobs = [job_at(1, "dst-1"), job_at(2, "dst-2")];
    assert_eq!(told(&service, jobs).await, [200, 500]);
    assert_eq!(told(&service, [job_at(3, "dst-3")]).await, [500]);
}

#[tokio::test]
async fn users_who_may_not_see_each_others_records_create_their_own() {
    let another = "other@acme.example";
    let org = org().user(another, "p", "t").build();
    let service = Service::of(&org).await;
    let mut others = destination("dst-2");
    others["Config"] = json!({"userName": another, "password": "p", "initialAccessToken": "t"});
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job_at(2, "ada@example.com", &others),
    ];
    assert_eq!(told(&service, jobs).await, [200, 200]);
}

#[tokio::test]
async fn people_and_the_processor_are_told_each_time_and_hold_nobody_up() {
    let service = Service::of(&org().build()).await;
    for id in 0..2 {
        let event = identify(json!({"email": "ada@example.com"}));
        let body = json!([{"message": event, "destination": destination("dst-1")}]);
        assert_eq!(service.transform(body).await[0]["output"]["method"], "POST");
        let elements = service.processor([lead_job(id, "ada@example.com")]).await;
        assert_eq!(elements[0]["statusCode"], 200);
    }
    assert_eq!(
        told(&service, [lead_job(1, "ada@example.com")]).await,
        [200]
    );
    let elements = service.processor([lead_job(2, "ada@example.com")]).await;
    assert_eq!(elements[0]["statusCode"], 200);
}

#[tokio::test]
async fn the_stock_rules_hold_nobody_up() {
    let service = service_with(&org().build(), &["--compatibility", "stock"]).await;
    for id in 0..2 {
        assert_eq!(
            told(&service, [lead_job(id, "ada@example.com")]).await,
            [200]
        );
    }
}
