//! rudder-server sends a request whose connection broke again: nothing is written twice, and nothing is lost.

use futures_util::future::join;
use salesforce_simulator::FieldType;
use serde_json::json;

use super::{deliver, inline, new_leads, of_user, statuses};
use crate::{
    fixtures::{destination, identify, job, org},
    process::{Process, for_org},
    service::serve,
};

/// A job that would make another contact each time that it is written.
fn keyless(id: u64) -> serde_json::Value {
    let mut job = job(
        id,
        identify(json!({"LastName": "Gibbs"})),
        &destination("dst-1"),
    );
    job["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Contact"}]});
    job
}

#[tokio::test]
async fn a_job_that_was_written_is_answered_again_and_not_written_again() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    for _ in 0..3 {
        assert_eq!(
            statuses(&deliver(&service, [keyless(1), of_user("bob", keyless(2))]).await),
            [299, 299]
        );
    }
    let calls = org.calls();
    assert_eq!((calls.describe, calls.total_api()), (1, 2), "one write");
    assert_eq!(org.records("Contact").len(), 2);
}

#[tokio::test]
async fn a_job_that_is_being_written_is_waited_for() {
    let org = org().build();
    let service = inline(&org, &["--delivery-window", "50ms"]).await;
    let (first, again) = join(
        deliver(&service, [keyless(1)]),
        deliver(&service, [keyless(1)]),
    )
    .await;
    assert_eq!((statuses(&first), statuses(&again)), (vec![299], vec![299]));
    assert_eq!(org.records("Contact").len(), 1);
}

#[tokio::test]
async fn another_message_under_the_same_job_id_is_another_job() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let mut other = keyless(1);
    other["message"]["traits"]["LastName"] = json!("Hopper");
    deliver(&service, [keyless(1)]).await;
    deliver(&service, [other]).await;
    assert_eq!(org.records("Contact").len(), 2);
}

#[tokio::test]
async fn of_a_job_that_is_retried_what_was_written_is_not_written_again() {
    let org = org()
        .custom_object("Visit__c", &[("LastName", FieldType::Text)])
        .build();
    let service = inline(&org, &[]).await;
    let mut job = keyless(1);
    job["message"]["context"]["externalId"] =
        json!([{"type": "Salesforce-Contact"}, {"type": "Salesforce-Visit__c"}]);
    // The contact is locked, and is still so when it is tried again.
    org.lock_rows(3);
    let entries = deliver(&service, [&job]).await;
    assert_eq!(statuses(&entries), [500], "{entries:?}");
    let entries = deliver(&service, [&job]).await;
    assert_eq!(statuses(&entries), [299], "{}", entries[0]["error"]);
    assert_eq!(
        (org.records("Contact").len(), org.records("Visit__c").len()),
        (1, 1)
    );
}

/// A service in a process of its own, which gathers for so long.
async fn start(salesforce: &str, window: &str) -> Process {
    let settings = [("DELIVERY", "inline"), ("DELIVERY_WINDOW", window)];
    Process::start(&for_org(salesforce, &settings)).await
}

#[tokio::test]
async fn a_service_that_is_killed_in_mid_window_loses_nothing_that_is_sent_again() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let jobs = new_leads(5);
    let body = json!({"input": jobs, "destType": "salesforce"}).to_string();
    let killed = start(&salesforce, "60s").await;
    let request = killed.request("/routerTransform", body.clone());
    let asking = tokio::spawn(request.send());
    while org.calls().token == 0 {
        tokio::task::yield_now().await;
    }
    drop(killed);
    assert!(asking.await.unwrap().is_err(), "the connection is gone");

    let next = start(&salesforce, "1ms").await;
    let answer = next.post("/routerTransform", body).await.json();
    let entries = answer["output"].as_array().unwrap();
    assert_eq!(statuses(entries), [299; 5]);
    assert_eq!(org.records("Lead").len(), 5);
}
