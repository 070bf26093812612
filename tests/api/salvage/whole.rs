//! Collections that Salesforce refuses as a whole because of one of their records.

use super::*;
use crate::inline::{deliver, leads, statuses};

#[tokio::test]
async fn an_unknown_field_that_refuses_a_collection_is_left_out_of_its_record_alone() {
    let org = strict_org().unknown_field_refuses_collection(true).build();
    let service = unfitted(&org, &[]).await;
    let jobs: Vec<Value> = (0..200)
        .map(|n| {
            let name = if n % 10 == 0 { "nothing" } else { "city" };
            lead(n, &format!("p{n}@example.com"), json!({name: "x"}))
        })
        .collect();
    let entries = deliver(&service, &jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299))
    );
    assert_eq!(
        leads(&org, "City")
            .iter()
            .filter(|city| *city == "x")
            .count(),
        180
    );
    let calls = org.calls();
    assert!(
        calls.query + calls.composite + calls.collections <= 3,
        "{calls:?}"
    );
}

#[tokio::test]
async fn bad_dates_are_found_by_the_description_of_their_object() {
    let org = strict_org().build();
    let service = unfitted(&org, &["--delivery-window", "60s"]).await;
    let jobs: Vec<Value> = (0..1_000)
        .map(|n| {
            let born = if n % 10 == 0 {
                "sometime"
            } else {
                "1815-12-10"
            };
            lead(
                n,
                &format!("p{n}@example.com"),
                json!({"born": born, "city": "London"}),
            )
        })
        .collect();
    let entries = deliver(&service, &jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299))
    );
    let born = leads(&org, "born__c");
    assert_eq!(born.iter().filter(|born| !born.is_empty()).count(), 900);
    let calls = org.calls();
    assert!(calls.total_api() <= 5, "{calls:?}");
}

#[tokio::test]
async fn one_bad_date_alone_is_found_by_the_description_too() {
    let org = strict_org().wrong_type_refuses_collection(false).build();
    let service = unfitted(&org, &[]).await;
    let jobs = [
        ada(1, json!({"born": "sometime", "city": "London"})),
        lead(2, "bob@example.com", json!({"born": "1815-12-10"})),
    ];
    let entries = deliver(&service, jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299)),
        "{entries:?}"
    );
    assert_eq!(leads(&org, "City"), ["", "London"]);
}

#[tokio::test]
async fn where_the_object_cannot_be_described_the_collection_is_taken_apart() {
    let org = strict_org().build();
    let service = unfitted(&org, &[]).await;
    org.fail_next(
        salesforce_simulator::Call::Describe,
        salesforce_simulator::Fault::Refused(403, "INSUFFICIENT_ACCESS"),
        5,
    );
    let jobs: Vec<Value> = (0..50)
        .map(|n| {
            let born = if n == 7 { "sometime" } else { "1815-12-10" };
            lead(n, &format!("p{n}@example.com"), json!({"born": born}))
        })
        .collect();
    let statuses = statuses(&deliver(&service, &jobs).await);
    let failed: Vec<_> = (0..50).filter(|n| statuses[*n] == 400).collect();
    assert_eq!((failed, org.records("Lead").len()), (vec![7], 49));
}

#[tokio::test]
async fn without_the_setting_a_collection_is_taken_apart_as_before() {
    let org = strict_org().build();
    let service = unfitted(&org, &["--salvage", "false"]).await;
    let jobs: Vec<Value> = (0..50)
        .map(|n| {
            let born = if n == 7 { "sometime" } else { "1815-12-10" };
            lead(n, &format!("p{n}@example.com"), json!({"born": born}))
        })
        .collect();
    let statuses = statuses(&deliver(&service, &jobs).await);
    let failed: Vec<_> = (0..50).filter(|n| statuses[*n] == 400).collect();
    assert_eq!((failed, org.calls().describe), (vec![7], 0));
}
