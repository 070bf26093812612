//! Which entry stands where, and whose jobs are in it: destinations by first appearance, every job once, ids as they came.

use serde_json::{Value, json};

use super::{job_ids, output};
use crate::{
    delivery::has_come_to_the_proxy,
    fixtures::{destination, job, lead_job, lead_job_at, org},
    planted::BEARER,
    service::{Service, assert_says, verdict},
};

/// A message that was transformed before it was queued.
fn transformed() -> Value {
    json!({
        "version": "1",
        "type": "REST",
        "method": "POST",
        "endpoint": "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Lead",
        "headers": {"Authorization": BEARER},
        "params": {},
        "body": {"JSON": {"LastName": "Lovelace"}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}},
        "files": {},
        "userId": "u1",
        "statusCode": 200,
    })
}

#[tokio::test]
async fn destinations_stand_in_the_order_of_their_first_events_and_events_in_theirs() {
    let service = Service::of(&org().build()).await;
    let job = |id: u64, destination_id| {
        let email = format!("person{id}@example.com");
        lead_job_at(id, &email, &destination(destination_id))
    };
    let jobs = json!([
        job(1, "dst-2"),
        job(2, "dst-1"),
        job(3, "dst-2"),
        job(4, "dst-3"),
        job(5, "dst-1"),
    ]);
    let entries = output(&service, jobs).await;
    let ids: Vec<_> = entries.iter().map(job_ids).collect();
    assert_eq!(ids, [[1], [3], [2], [5], [4]]);
}

#[tokio::test]
async fn failed_and_filtered_events_keep_their_places() {
    let service = Service::of(&org().build()).await;
    let jobs = json!([
        job(1, json!({"type": "track"}), &destination("dst-1")),
        lead_job(2, "ada@example.com"),
        job(3, json!({"type": "identify"}), &destination("dst-1")),
        lead_job(4, "bob@example.com"),
    ]);
    let entries = output(&service, jobs).await;
    let found = entries
        .iter()
        .map(|entry| (job_ids(entry), verdict(entry).0));
    let found: Vec<_> = found.collect();
    let expected = [
        (vec![1], 400),
        (vec![2], 200),
        (vec![3], 298),
        (vec![4], 200),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn job_ids_that_no_double_can_hold_come_back_as_they_are() {
    let service = Service::of(&org().build()).await;
    has_come_to_the_proxy(&service).await;
    let ids = [
        9_007_199_254_740_993,
        9_007_199_254_740_995,
        i64::MAX as u64,
    ];
    let jobs = ids.map(|id| lead_job(id, "ada@example.com"));
    let entries = output(&service, json!(jobs)).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(job_ids(&entries[0]), ids);
}

#[tokio::test]
async fn keys_in_the_metadata_that_nobody_knows_come_back() {
    let service = Service::of(&org().build()).await;
    let mut known_lead = lead_job(1, "ada@example.com");
    let mut track = job(2, json!({"type": "track"}), &destination("dst-1"));
    for job in [&mut known_lead, &mut track] {
        job["metadata"]["ofTomorrow"] = json!({"z": [1, null, "x"], "a": {}});
        job["metadata"]["workerAssignedTime"] = json!("2026-01-01T00:00:02.123456789Z");
    }
    for entry in output(&service, json!([known_lead, track])).await {
        let metadata = &entry["metadata"][0];
        assert_eq!(
            metadata["ofTomorrow"],
            json!({"z": [1, null, "x"], "a": {}})
        );
        let assigned = "2026-01-01T00:00:02.123456789Z";
        assert_eq!(metadata["workerAssignedTime"], assigned);
    }
}

#[tokio::test]
async fn the_dest_info_of_an_earlier_attempt_is_replaced() {
    let service = Service::of(&org().build()).await;
    let mut job = lead_job(1, "ada@example.com");
    job["metadata"]["destInfo"] = json!({"authKey": "of another time", "lookedUp": {"attempt": 9}});
    let entries = output(&service, json!([job])).await;
    let looked_up = json!({"field": "Email", "attempt": 0});
    let dest_info = json!({"authKey": "dst-1", "lookedUp": looked_up});
    assert_eq!(entries[0]["metadata"][0]["destInfo"], dest_info);
}

#[tokio::test]
async fn a_message_that_was_transformed_before_it_was_queued_is_passed_on_without_a_call() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entries = output(
        &service,
        json!([job(1, transformed(), &destination("dst-1"))]),
    )
    .await;
    let expected = json!([{
        "batchedRequest": transformed(),
        "metadata": [{
            "jobId": 1,
            "destinationId": "dst-1",
            "workspaceId": "ws-1",
            "transformAt": "router",
            "destInfo": {"authKey": "dst-1", "stored": true},
        }],
        "batched": false,
        "statusCode": 200,
        "destination": destination("dst-1"),
    }]);
    assert_eq!(json!(entries), expected);
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}

/// The members by which a message is a request.
const REQUEST: &str =
    r#""type":"REST","method":"POST","endpoint":"https://acme.my.salesforce.com/x""#;

#[tokio::test]
async fn an_event_that_merely_has_a_status_code_is_an_event() {
    let service = Service::of(&org().build()).await;
    let mut job = lead_job(1, "ada@example.com");
    job["message"]["statusCode"] = json!(200);
    let entries = output(&service, json!([job])).await;
    assert_eq!(entries[0]["batchedRequest"][0]["type"], "REST");
}

#[tokio::test]
async fn the_user_id_of_a_transformed_message_is_passed_on_as_a_text() {
    let service = Service::of(&org().build()).await;
    for (user_id, expected) in [
        ("5", r#""5""#),
        ("9007199254740993", r#""9007199254740993""#),
        (r#""u1""#, r#""u1""#),
        (r#""""#, r#""""#),
        ("null", "null"),
    ] {
        let job = format!(
            r#"{{"message":{{"userId":{user_id},"statusCode":200,{REQUEST}}},"metadata":{{"jobId":1}},"destination":{}}}"#,
            destination("dst-1")
        );
        let body = format!(r#"{{"input":[{job}],"destType":"salesforce"}}"#);
        let answer = service.post("/routerTransform", body).await;
        let passed_on =
            format!(r#""batchedRequest":{{"userId":{expected},"statusCode":200,{REQUEST}}}"#);
        assert_says(&answer.text, &passed_on);
    }
}

#[tokio::test]
async fn a_transformed_message_and_one_that_is_not_stand_side_by_side() {
    let service = Service::of(&org().build()).await;
    let jobs = json!([
        job(1, transformed(), &destination("dst-1")),
        lead_job(2, "ada@example.com"),
    ]);
    let entries = output(&service, jobs).await;
    assert!(entries[0]["batchedRequest"].is_object());
    assert!(entries[1]["batchedRequest"].is_array());
}
