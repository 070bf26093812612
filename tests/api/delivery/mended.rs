//! What a fresh lookup can mend is not final: the next attempt looks the record up again, where the record came from a
//! lookup. Where the event named it, the refusal is final at once.

use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{asking, metadata, salesforce_that_says, write_to};
use crate::{
    fixtures::{known_lead, lead_job, org},
    service::Service,
};

/// The codes of a record that is gone or has become another.
const GONE: [&str; 4] = [
    "NOT_FOUND",
    "ENTITY_IS_DELETED",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "INVALID_CROSS_REFERENCE_KEY",
];
const DUPLICATE: &str = "DUPLICATE_VALUE";

/// What the router has noted of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Note {
    /// No `destInfo`: a stored descriptor.
    Stored,
    /// A `destInfo` of an event that named its record.
    Named,
    /// The record came from a lookup.
    LookedUp,
}

fn job(id: u64, attempt: u64, note: Note) -> Value {
    let mut job = metadata(id);
    job["attemptNum"] = json!(attempt);
    match note {
        Note::Stored => drop(job.as_object_mut().unwrap().remove("destInfo")),
        Note::Named => {}
        Note::LookedUp => {
            job["destInfo"]["lookedUp"] = json!({"field": "Email", "attempt": attempt});
        }
    }
    job
}

const ID: &str = "00Q5g0000000001EAA";

/// Writes, as method, resource, and whether they update one record.
const WRITES: [(&str, &str, bool); 8] = [
    ("PATCH", "/sobjects/Lead/00Q5g0000000001EAA", true),
    ("PATCH", "/sobjects/Account/0015g0000000001", true),
    (
        "POST",
        "/sobjects/Lead/00Q5g0000000001EAA?_HttpMethod=PATCH",
        true,
    ),
    ("POST", "/sobjects/Lead", false),
    ("PATCH", "/sobjects/Contact/Ext__c/a1", false),
    ("DELETE", "/sobjects/Lead/00Q5g0000000001EAA", false),
    ("POST", "/composite/sobjects", false),
    ("POST", "/sobjects/Lead/00Q5g0000000001EAA", false),
];

/// The status with which a refused job ends.
fn expected(code: &str, updates_one: bool, note: Note, attempt: u64) -> u64 {
    let is_mendable = code == DUPLICATE || (updates_one && GONE.contains(&code));
    match (is_mendable, note) {
        (true, Note::LookedUp) if attempt < 3 => 500,
        _ => 400,
    }
}

#[tokio::test]
async fn path_code_note_and_attempt_decide_whether_a_refusal_is_final() {
    for code in GONE.into_iter().chain([DUPLICATE, "STRING_TOO_LONG"]) {
        let refusal = json!([{"message": "in Salesforce's words", "errorCode": code}]);
        let answer = ResponseTemplate::new(400).set_body_json(&refusal);
        let salesforce = salesforce_that_says(answer).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        for (method, resource, updates_one) in WRITES {
            let mut write = write_to(&salesforce.uri());
            write["method"] = json!(method);
            write["endpoint"] = json!(format!(
                "{}/services/data/v50.0{resource}",
                salesforce.uri()
            ));
            for note in [Note::Stored, Note::Named, Note::LookedUp] {
                for attempt in [0, 2, 3, 12] {
                    let case = format!("{code} {method} {resource} {note:?} {attempt}");
                    let status = expected(code, updates_one, note, attempt);
                    let body = asking(&write, &job(1, attempt, note));
                    let path = "/v0/destinations/salesforce/proxy";
                    let answer = service.post(path, body).await;
                    assert_eq!(u64::from(answer.status), status, "v0 {case}");
                    let jobs = json!([job(1, attempt, note), job(2, 3, note)]);
                    let path = "/v1/destinations/salesforce/proxy";
                    let answer = service.post(path, asking(&write, &jobs)).await;
                    let output = &answer.accepted()["output"];
                    let of_jobs = output["response"].as_array().unwrap().iter();
                    let of_jobs: Vec<_> = of_jobs
                        .map(|job| job["statusCode"].as_u64().unwrap())
                        .collect();
                    // The third attempt of the job beside it is its last.
                    assert_eq!(of_jobs, [status, 400], "v1 {case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_router_notes_by_which_field_and_for_which_attempt_a_record_was_looked_up() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let mut known = lead_job(1, "ada@example.com");
    known["metadata"]["attemptNum"] = json!(7);
    let new = lead_job(2, "bob@example.com");
    let entries = service
        .router([known, new, super::session::contact_job(3)])
        .await;
    let notes: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["metadata"][0]["destInfo"])
        .collect();
    let looked_up = |attempt: u64| json!({"authKey": "dst-1", "lookedUp": {"field": "Email", "attempt": attempt}});
    assert_eq!(
        notes,
        [&looked_up(7), &looked_up(0), &json!({"authKey": "dst-1"})]
    );
}

#[tokio::test]
async fn the_stock_set_notes_nothing_and_has_each_record_tried_again() {
    let gone = json!([{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED"}]);
    let answer = ResponseTemplate::new(404).set_body_json(&gone);
    let salesforce = salesforce_that_says(answer).await;
    let service = Service::start(&salesforce.uri(), &["--compatibility", "stock"]).await;
    let mut write = write_to(&salesforce.uri());
    write["method"] = json!("PATCH");
    write["endpoint"] = json!(format!(
        "{}/services/data/v50.0/sobjects/Lead/{ID}",
        salesforce.uri()
    ));
    for (attempt, status) in [(0, 500), (2, 500), (3, 400)] {
        let body = asking(&write, &job(1, attempt, Note::Named));
        let answer = service
            .post("/v0/destinations/salesforce/proxy", body)
            .await;
        assert_eq!(answer.status, status);
    }
}

/// A job of the router path, transformed and delivered; the status of its delivery.
async fn attempted(service: &Service, attempt: u64) -> u64 {
    let mut job = lead_job(1, "ada@example.com");
    job["metadata"]["attemptNum"] = json!(attempt);
    let entry = service.router([job]).await[0].take();
    let output = super::deliver(service, &entry).await;
    output["response"][0]["statusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_lead_that_went_between_lookup_and_write_is_found_again_by_the_next_attempt() {
    type Change = fn(&Simulator, &str);
    let deleted: Change = |org, lead| org.delete("Lead", lead).unwrap();
    let merged: Change = |org, lead| {
        org.delete("Lead", lead).unwrap();
        known_lead(org, "ada@example.com");
    };
    for change in [deleted, merged] {
        let org = org().build();
        let lead = known_lead(&org, "ada@example.com");
        let salesforce = crate::service::serve(org.router()).await;
        let flags = ["--lookup-cache-ttl", "1h"];
        let service = Service::start(&salesforce, &flags).await;
        assert_eq!(attempted(&service, 0).await, 200);
        change(&org, &lead);
        // The remembered id is written to once, and forgotten.
        assert_eq!(attempted(&service, 0).await, 500);
        assert_eq!(attempted(&service, 1).await, 200);
        assert_eq!(org.records("Lead").len(), 1);
    }
}

#[tokio::test]
async fn each_job_of_a_request_is_answered_by_its_own_attempt() {
    for (code, of_each) in [
        // The attempts 1, 9, 10 and 3 of four jobs.
        ("NO_SUCH_CODE", [500, 500, 400, 500]),
        (DUPLICATE, [500, 400, 400, 400]),
        ("STRING_TOO_LONG", [400, 400, 400, 400]),
        ("UNABLE_TO_LOCK_ROW", [500, 500, 500, 500]),
    ] {
        let refusal = json!([{"message": "in Salesforce's words", "errorCode": code}]);
        let answer = ResponseTemplate::new(400).set_body_json(&refusal);
        let salesforce = salesforce_that_says(answer).await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        let attempts = [(1, 1), (2, 9), (3, 10), (4, 3)];
        let jobs = attempts.map(|(id, attempt)| job(id, attempt, Note::LookedUp));
        let body = asking(&write_to(&salesforce.uri()), &json!(jobs));
        let path = "/v1/destinations/salesforce/proxy";
        let output = service.post(path, body).await.accepted()["output"].take();
        let response = output["response"].as_array().unwrap().iter();
        let found: Vec<_> = response
            .map(|job| (&job["metadata"]["jobId"], &job["statusCode"]))
            .collect();
        let expected: Vec<_> = [1, 2, 3, 4].into_iter().zip(of_each).collect();
        assert_eq!(json!(found), json!(expected), "{code}");
    }
}

#[tokio::test]
async fn a_last_attempt_is_not_lost_to_an_id_that_was_remembered() {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    let salesforce = crate::service::serve(org.router()).await;
    let service = Service::start(&salesforce, &["--lookup-cache-ttl", "1h"]).await;
    assert_eq!(attempted(&service, 0).await, 200);
    // An outage has taken more than three attempts, and the lead is merged meanwhile.
    let new = known_lead(&org, "ada@example.com");
    org.delete("Lead", &lead).unwrap();
    assert_eq!(attempted(&service, 8).await, 200);
    let leads = org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["Id"]), (1, &json!(new)));
    // Without another lead the refusal is final.
    org.delete("Lead", &new).unwrap();
    assert_eq!(attempted(&service, 8).await, 400);
    assert_eq!(attempted(&service, 8).await, 200);
}

#[tokio::test]
async fn metadata_of_any_kind_are_answered_once() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
    let write = &entry["batchedRequest"][0];
    org.fail_next(Call::Create, Fault::RowLocked, 1_000);
    let odd = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!("1"),
        json!("x"),
        json!(true),
        json!([]),
        json!({}),
        json!({"lookedUp": null}),
        json!({"lookedUp": 5}),
        json!({"lookedUp": {"attempt": "1", "field": 5}}),
        json!({"lookedUp": {"attempt": -1}}),
        json!({"coalesced": "true", "lookedUp": []}),
    ];
    for attempt in &odd {
        for dest_info in &odd {
            let mut job = metadata(1);
            job["attemptNum"] = attempt.clone();
            job["destInfo"] = dest_info.clone();
            let path = "/v1/destinations/salesforce/proxy";
            let body = asking(write, &json!([job]));
            let output = service.post(path, body).await.accepted()["output"].take();
            let case = format!("{attempt} {dest_info}: {output}");
            let response = output["response"].as_array().unwrap();
            assert_eq!(
                (response.len(), &response[0]["statusCode"]),
                (1, &json!(500)),
                "{case}"
            );
            assert_eq!(response[0]["metadata"], job, "{case}");
        }
    }
}
