//! Each record has its own result: what is merged, what is refused, and what harms nobody else.

use salesforce_simulator::FieldType;
use serde_json::json;

use super::{AS_SENT, deliver, inline, leads, new_leads, statuses};
use crate::{
    fixtures::{destination, identify, job, lead_job, org},
    service::{assert_says, error},
};

#[tokio::test]
async fn the_events_of_one_person_are_merged_in_order_and_share_the_outcome() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let event = |id, traits| job(id, identify(traits), &destination("dst-1"));
    let jobs = [
        event(
            1,
            json!({"email": "ada@example.com", "city": "London", "phone": "1"}),
        ),
        event(2, json!({"email": "Ada@example.com", "city": "Paris"})),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 299]);
    assert_eq!(
        (leads(&org, "City"), leads(&org, "Phone")),
        (vec!["Paris".to_owned()], vec!["1".to_owned()])
    );
    assert_eq!(org.calls().collection_records, 1);
}

#[tokio::test]
async fn malformed_events_fail_alone_and_every_job_is_answered_once() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let broken = |id: u64, message: serde_json::Value| {
        let mut broken = lead_job(id, "x@example.com");
        broken["message"] = message;
        broken
    };
    let mut jobs = vec![
        broken(1, json!(null)),
        broken(2, json!([])),
        broken(
            3,
            json!({"type": "track", "integrations": {"Salesforce": true}}),
        ),
        broken(4, identify(json!({"email": ["a"]}))),
        broken(5, identify(json!({"email": "a".repeat(2_000)}))),
        broken(
            6,
            json!({"type": "identify", "traits": {"email": "g@example.com"}}),
        ),
        lead_job(7, "good@example.com"),
        lead_job(8, "o'brien\\\"\n' OR Id != null@example.com"),
    ];
    jobs[6]["metadata"]["userId"] = json!(["no", "text"]);
    let entries = deliver(&service, jobs).await;
    assert_eq!(statuses(&entries), [400, 400, 400, 400, 400, 298, 299, 400]);
    assert_eq!(leads(&org, "Email"), ["good@example.com"]);
    for (id, entry) in (1..).zip(&entries) {
        assert_eq!(entry["metadata"][0]["jobId"], id);
    }
}

#[tokio::test]
async fn a_rejected_record_fails_its_own_job_in_salesforces_words() {
    let org = org()
        .custom_field("Lead", "plan__c", FieldType::Text)
        .build();
    let service = inline(&org, &AS_SENT).await;
    let mut jobs = new_leads(4);
    jobs[2]["message"]["traits"]["phone"] = json!("1".repeat(300));
    let entries = deliver(&service, jobs).await;
    assert_eq!(statuses(&entries), [299, 299, 400, 299]);
    assert_says(error(&entries[2]), "STRING_TOO_LONG");
    assert_eq!(org.records("Lead").len(), 3);
}

#[tokio::test]
async fn one_record_that_cannot_be_read_harms_none_of_the_other_199() {
    let org = org().build();
    let service = inline(&org, &AS_SENT).await;
    let mut jobs = new_leads(200);
    let mut poisoned = jobs[77].clone();
    poisoned["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Lead"}]});
    poisoned["message"]["traits"] =
        json!({"LastName": "x", "Company": "y", "numberofemployees": "many"});
    jobs[77] = poisoned;
    let entries = deliver(&service, jobs).await;
    let refused: Vec<usize> = (0..200)
        .filter(|n| entries[*n]["statusCode"] != 299)
        .collect();
    assert_eq!(
        (refused, org.records("Lead").len()),
        (vec![77], 199),
        "{}",
        entries[77]
    );
    assert_eq!(entries[77]["statusCode"], 400);
}

#[tokio::test]
async fn of_merged_events_only_the_bad_one_fails() {
    let org = org().build();
    let service = inline(&org, &AS_SENT).await;
    let event = |id, traits| job(id, identify(traits), &destination("dst-1"));
    let jobs = [
        event(1, json!({"email": "ada@example.com", "city": "London"})),
        event(
            2,
            json!({"email": "ada@example.com", "phone": "1".repeat(300)}),
        ),
        event(3, json!({"email": "ada@example.com", "state": "Kent"})),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 400, 299]);
    assert_eq!(
        (leads(&org, "City"), leads(&org, "State")),
        (vec!["London".to_owned()], vec!["Kent".to_owned()])
    );
}

#[tokio::test]
async fn of_merged_events_only_the_one_whose_fields_cannot_be_mapped_fails() {
    let org = org().build();
    let service = inline(&org, &["--compatibility", "stock"]).await;
    let with_name = |id, name| {
        let traits = json!({"email": "ada@example.com", "name": name});
        job(id, identify(traits), &destination("dst-1"))
    };
    let jobs = [
        with_name(1, json!("Ada Lovelace")),
        with_name(2, json!([])),
        with_name(3, json!("Ada Byron")),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 400, 299]);
    assert_eq!(leads(&org, "LastName"), ["Byron"]);
}

#[tokio::test]
async fn several_records_of_one_job_are_all_written_or_the_job_says_which_failure_counts() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let mut job = job(
        1,
        identify(json!({"LastName": "Gibbs"})),
        &destination("dst-1"),
    );
    job["message"]["context"] = json!({"externalId": [
        {"type": "Salesforce-Contact"}, {"type": "Salesforce-Contact", "id": "0035g0000000099AAA"},
    ]});
    let entries = deliver(&service, [job]).await;
    assert_eq!(statuses(&entries), [400]);
    assert_says(error(&entries[0]), "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(org.records("Contact").len(), 1);
}

#[tokio::test]
async fn a_trait_cannot_choose_which_record_is_written() {
    let org = org().build();
    let victim = org
        .insert("Contact", json!({"LastName": "Victim"}))
        .unwrap();
    let own = org.insert("Contact", json!({"LastName": "Own"})).unwrap();
    let service = inline(&org, &[]).await;
    let mut job = job(
        1,
        identify(json!({"id": victim, "LastName": "Changed"})),
        &destination("dst-1"),
    );
    job["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Contact", "id": own}]});
    let entries = deliver(&service, [job]).await;
    assert_eq!(statuses(&entries), [296]);
    let names: Vec<_> = org
        .records("Contact")
        .into_iter()
        .map(|contact| contact["LastName"].clone())
        .collect();
    assert_eq!(names, ["Victim", "Changed"]);
}
