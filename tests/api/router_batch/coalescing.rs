//! Rule `one-create`: the events of one router batch for one new record share the request that creates it, so that it is created once.

use serde_json::{Value, json};

use super::{fields, job_ids, method_and_record};
use crate::{
    delivery::{deliver, has_come_to_the_proxy},
    fixtures::{destination, identify, job, known_lead, lead_job, lead_job_at, org},
    inline::AS_SENT,
    service::{Service, serve, verdict},
};

/// Jobs of the destination `dst-1` with these traits, numbered from 1.
fn jobs_with<const N: usize>(traits: [Value; N]) -> Vec<Value> {
    let jobs = (1..).zip(traits);
    jobs.map(|(id, traits)| job(id, identify(traits), &destination("dst-1")))
        .collect()
}

/// The ids of each entry's jobs.
async fn ids_of_entries(service: &Service, jobs: Value) -> Vec<Vec<u64>> {
    let entries = service.router(jobs).await;
    entries.as_array().unwrap().iter().map(job_ids).collect()
}

#[tokio::test]
async fn the_events_of_one_new_person_share_a_request_in_which_the_later_field_wins() {
    let service = Service::unfitted(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let jobs = jobs_with([
        json!({"email": "ada@example.com", "city": "London", "title": "Ms"}),
        json!({"email": "ada@example.com", "name": "Ada Lovelace", "title": "Countess"}),
        json!({"email": "ada@example.com", "city": null, "title": "", "plan": "pro"}),
    ]);
    let entries = service.router(&jobs).await;
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(verdict(&entries[0]), (200, "", ""));
    assert_eq!(entries[0]["batched"], true);
    assert_eq!(entries[0]["destination"], destination("dst-1"));
    assert_eq!(method_and_record(&entries[0]), ("POST", "Lead"));
    assert_eq!(job_ids(&entries[0]), [1, 2, 3]);
    for (echoed, job) in entries[0]["metadata"].as_array().unwrap().iter().zip(jobs) {
        let mut expected = job["metadata"].clone();
        expected["destInfo"] = json!({
            "authKey": "dst-1",
            "coalesced": true,
            "lookedUp": {"field": "Email", "attempt": 0},
        });
        assert_eq!(echoed, &expected);
    }
    let merged = json!({
        "Email": "ada@example.com",
        "City": "London",
        "Title": "Countess",
        "FirstName": "Ada",
        "LastName": "Lovelace",
        "Company": "n/a",
        "plan__c": "pro",
    });
    assert_eq!(fields(&entries[0]), &merged);
}

#[tokio::test]
async fn one_record_is_created_for_all_of_their_jobs() {
    let org = org().build();
    let service = Service::of(&org).await;
    has_come_to_the_proxy(&service).await;
    let jobs = jobs_with([
        json!({"email": "ada@example.com", "city": "London"}),
        json!({"email": "Ada@Example.com", "name": "Ada Lovelace"}),
    ]);
    let entries = service.router(jobs).await;
    let output = deliver(&service, &entries[0]).await;
    for (response, id) in output["response"].as_array().unwrap().iter().zip([1, 2]) {
        assert_eq!(response["metadata"]["jobId"], id);
        assert_eq!(response["statusCode"], 200);
    }
    assert_eq!(output["response"].as_array().unwrap().len(), 2);
    let leads = org.records("Lead");
    assert_eq!(leads.len(), 1);
    assert_eq!(leads[0]["City"], "London");
    assert_eq!(leads[0]["LastName"], "Lovelace");
}

#[tokio::test]
async fn events_of_others_between_them_stay_apart() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let jobs = json!([
        lead_job(1, "ada@example.com"),
        lead_job(2, "bob@example.com"),
        job(3, json!({"type": "track"}), &destination("dst-1")),
        lead_job(4, "ada@example.com"),
        lead_job(5, "bob@example.com"),
    ]);
    let ids = ids_of_entries(&service, jobs).await;
    assert_eq!(ids, [vec![1, 4], vec![2, 5], vec![3]]);
}

#[tokio::test]
async fn the_events_of_a_person_who_exists_stay_apart_in_their_order() {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let entries = service
        .router([
            lead_job(1, "ada@example.com"),
            lead_job(2, "ada@example.com"),
        ])
        .await;
    let record = format!("Lead/{lead}");
    for (entry, id) in entries.as_array().unwrap().iter().zip([1, 2]) {
        assert_eq!(job_ids(entry), [id]);
        assert_eq!(entry["batched"], false);
        assert_eq!(method_and_record(entry), ("PATCH", record.as_str()));
    }
    assert_eq!(entries.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_events_of_different_destinations_stay_apart() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let jobs = json!([
        lead_job_at(1, "ada@example.com", &destination("dst-1")),
        lead_job_at(2, "ada@example.com", &destination("dst-2")),
    ]);
    assert_eq!(ids_of_entries(&service, jobs).await, [[1], [2]]);
}

#[tokio::test]
async fn an_event_that_names_its_object_itself_creates_a_record_of_its_own() {
    let service = Service::of(&org().build()).await;
    let mut named = lead_job(2, "ada@example.com");
    named["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Lead"}]});
    let jobs = json!([lead_job(1, "ada@example.com"), named]);
    assert_eq!(ids_of_entries(&service, jobs).await, [[1], [2]]);
}

#[tokio::test]
async fn the_syncs_of_one_new_record_share_a_request_too() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let mut jobs = jobs_with([
        json!({"LastName": "Doe", "Title": "Ms"}),
        json!({"LastName": "Lovelace"}),
    ]);
    for job in &mut jobs {
        job["message"]["context"] = json!({
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Contact", "id": "ada@example.com", "identifierType": "Email"}],
        });
    }
    let entries = service.router(jobs).await;
    assert_eq!(job_ids(&entries[0]), [1, 2]);
    assert_eq!(entries[0]["batched"], true);
    assert_eq!(method_and_record(&entries[0]), ("POST", "Contact"));
    let merged = json!({"LastName": "Lovelace", "Title": "Ms", "Email": "ada@example.com"});
    assert_eq!(fields(&entries[0]), &merged);
}

#[tokio::test]
async fn the_processor_merges_nothing_because_each_of_its_elements_becomes_a_job() {
    let service = Service::of(&org().build()).await;
    let elements = service
        .processor([
            lead_job(1, "ada@example.com"),
            lead_job(2, "ada@example.com"),
        ])
        .await;
    let elements = elements.as_array().unwrap().iter();
    let ids: Vec<_> = elements
        .map(|element| &element["metadata"]["jobId"])
        .collect();
    assert_eq!(ids, [1, 2]);
}

#[tokio::test]
async fn the_stock_rules_create_one_record_for_each_event() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--compatibility", "stock"]).await;
    let jobs = json!([
        lead_job(1, "ada@example.com"),
        lead_job(2, "ada@example.com")
    ]);
    assert_eq!(ids_of_entries(&service, jobs).await, [[1], [2]]);
}

/// What becomes of each entry, in the order of the jobs.
async fn statuses(service: &Service, jobs: Value) -> Vec<u64> {
    let entries = service.router(jobs).await;
    let entries = entries.as_array().unwrap();
    entries.iter().map(|entry| verdict(entry).0).collect()
}

/// A job that an earlier answer asked for alone.
fn alone(id: u64, email: &str) -> Value {
    let mut job = lead_job(id, email);
    job["metadata"]["dontBatch"] = json!(true);
    job
}

#[tokio::test]
async fn jobs_for_one_new_person_that_must_be_sent_alone_wait_for_the_first() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let jobs = json!([
        alone(1, "ada@example.com"),
        alone(2, "ada@example.com"),
        alone(3, "eve@example.com")
    ]);
    assert_eq!(statuses(&service, jobs).await, [200, 500, 200]);
    let jobs = json!([lead_job(1, "ada@example.com"), alone(2, "ada@example.com")]);
    assert_eq!(statuses(&service, jobs).await, [200, 500]);
}

#[tokio::test]
async fn a_job_that_waited_updates_the_record_once_it_can_be_found() {
    let org = org().build();
    let service = Service::of(&org).await;
    known_lead(&org, "ada@example.com");
    let jobs = json!([alone(1, "ada@example.com"), alone(2, "ada@example.com")]);
    assert_eq!(statuses(&service, jobs).await, [200, 200]);
}

#[tokio::test]
async fn jobs_whose_shared_request_is_refused_are_to_be_sent_alone() {
    let salesforce = serve(org().build().router()).await;
    let service = Service::start(&salesforce, &AS_SENT).await;
    has_come_to_the_proxy(&service).await;
    let refused = json!({"email": "ada@example.com", "unknown": 1});
    let jobs = jobs_with([json!({"email": "ada@example.com"}), refused]);
    let entries = service.router(jobs).await;
    let mut write = entries[0]["batchedRequest"][0].clone();
    write["metadata"] = entries[0]["metadata"].clone();
    let answer = service
        .post("/v1/destinations/salesforce/proxy", write)
        .await
        .accepted();
    for job in answer["output"]["response"].as_array().unwrap() {
        assert_eq!(
            (&job["statusCode"], &job["metadata"]["dontBatch"]),
            (&json!(500), &json!(true))
        );
    }
}

#[tokio::test]
async fn a_sync_and_an_identify_for_one_new_person_share_no_request() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let context = json!({
        "mappedToDestination": true,
        "externalId": [{"type": "Salesforce-Lead", "id": "ada@example.com", "identifierType": "Email"}],
    });
    let sync = json!({"type": "identify", "traits": {"Title": "Ms"}, "context": context});
    let jobs = json!([
        job(1, sync, &destination("dst-1")),
        lead_job(2, "ada@example.com")
    ]);
    assert_eq!(statuses(&service, jobs).await, [200, 500]);
}
