//! A user's later job never overtakes an earlier one.

use serde_json::{Value, json};

use super::{deliver, inline, statuses};
use crate::{
    fixtures::{destination, identify, job, org},
    service::{assert_says, error},
};

/// A job of a user that updates a contact.
fn contact_job(id: u64, user: &str, contact: &str, traits: Value) -> Value {
    let mut job = job(id, identify(traits), &destination("dst-1"));
    job["metadata"]["userId"] = json!(user);
    job["message"]["context"] =
        json!({"externalId": [{"type": "Salesforce-Contact", "id": contact}]});
    job
}

#[tokio::test]
async fn after_a_job_that_is_to_be_retried_the_users_later_ones_wait() {
    let org = org().build();
    let [first, second, other] =
        ["A", "B", "C"].map(|name| org.insert("Contact", json!({"LastName": name})).unwrap());
    let service = inline(&org, &[]).await;
    // The first record, and the same again in its second try.
    let jobs = [
        contact_job(1, "ada", &first, json!({"Phone": "1"})),
        contact_job(2, "ada", &second, json!({"Phone": "2"})),
        contact_job(3, "bob", &other, json!({"Phone": "3"})),
    ];
    org.lock_rows(4);
    let entries = deliver(&service, &jobs).await;
    assert_eq!(statuses(&entries)[..2], [500, 500]);
    assert_says(error(&entries[1]), "earlier event of the same user");
    assert!(
        org.records("Contact")[1]["Phone"].is_null(),
        "not written before the first"
    );
    assert_eq!(statuses(&deliver(&service, &jobs).await), [299; 3]);
}

#[tokio::test]
async fn a_job_that_is_refused_for_good_keeps_nobody_waiting() {
    let org = org().build();
    let contact = org.insert("Contact", json!({"LastName": "A"})).unwrap();
    let service = inline(&org, &[]).await;
    let jobs = [
        contact_job(1, "ada", "0035g0000000099AAA", json!({"Phone": "1"})),
        contact_job(2, "ada", &contact, json!({"Phone": "2"})),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [400, 299]);
}

#[tokio::test]
async fn a_users_jobs_for_different_records_are_written_one_after_the_other() {
    let org = org().build();
    let contacts =
        ["A", "B", "C"].map(|name| org.insert("Contact", json!({"LastName": name})).unwrap());
    let service = inline(&org, &[]).await;
    let jobs: Vec<_> = (0..)
        .zip(&contacts)
        .map(|(id, contact)| contact_job(id, "ada", contact, json!({"Phone": "1"})))
        .collect();
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 3]);
    assert_eq!(org.calls().collections, 3);
}
