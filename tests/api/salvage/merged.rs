//! Events of one record that are written together: a refused field is left out of all of them.

use super::*;
use crate::inline::{deliver, leads, statuses};

#[tokio::test]
async fn a_refused_field_of_one_of_several_events_is_left_out_and_all_are_written() {
    let org = strict_org().build();
    let service = unfitted(&org, &[]).await;
    let jobs = [
        ada(1, json!({"city": "London"})),
        ada(2, json!({"phone": "1".repeat(300), "state": "Kent"})),
        ada(3, json!({"title": "Countess"})),
    ];
    let entries = deliver(&service, jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299)),
        "{entries:?}"
    );
    let fields = only(&org, "Lead", &["City", "State", "Title", "Phone"]);
    assert_eq!(
        fields,
        [
            json!("London"),
            json!("Kent"),
            json!("Countess"),
            Value::Null
        ]
    );
    assert_eq!(org.calls().collection_records, 2);
}

#[tokio::test]
async fn of_several_events_only_the_one_fails_that_cannot_be_mended() {
    let must = FieldSpec::new("must__c", FieldType::Picklist)
        .values(&["a"])
        .restricted()
        .required()
        .defaulted();
    let org = strict_org().field("Lead", must).build();
    let service = unfitted(&org, &[]).await;
    let jobs = [
        ada(1, json!({"city": "London"})),
        ada(2, json!({"lastName": "x".repeat(300)})),
        ada(3, json!({"phone": "1".repeat(300), "title": "Countess"})),
    ];
    let statuses = statuses(&deliver(&service, jobs).await);
    assert_eq!(statuses[1], 400, "{statuses:?}");
    assert!(statuses[0] != 400 && statuses[2] != 400, "{statuses:?}");
    assert_eq!(
        only(&org, "Lead", &["City", "Title"]),
        [json!("London"), json!("Countess")]
    );
}

#[tokio::test]
async fn coalesced_jobs_of_the_proxy_are_written_without_the_field() {
    let org = strict_org().build();
    let service = proxy(&org, &[]).await;
    crate::delivery::has_come_to_the_proxy(&service).await;
    let jobs = [
        ada(1, json!({"city": "London"})),
        ada(2, json!({"phone": "1".repeat(300), "state": "Kent"})),
    ];
    let entries = service.router(jobs).await;
    assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
    let output = delivery::deliver(&service, &entries[0]).await;
    let of_jobs = output["response"].as_array().unwrap().iter();
    let of_jobs: Vec<_> = of_jobs.map(|job| &job["statusCode"]).collect();
    assert_eq!(of_jobs, [200, 200], "{output}");
    assert_eq!(
        only(&org, "Lead", &["City", "State"]),
        [json!("London"), json!("Kent")]
    );
}

#[tokio::test]
async fn the_later_events_of_a_user_wait_for_a_record_that_is_sent_again() {
    let org = strict_org().build();
    let service = unfitted(&org, &[]).await;
    let of_ada = |id, email: &str, traits| inline::of_user("ada", lead(id, email, traits));
    let jobs = [
        of_ada(
            1,
            "a@example.com",
            json!({"phone": "1".repeat(300), "city": "Rome"}),
        ),
        of_ada(2, "b@example.com", json!({"city": "Oslo"})),
        of_ada(3, "a@example.com", json!({"city": "Bern"})),
    ];
    let entries = deliver(&service, jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299)),
        "{entries:?}"
    );
    assert_eq!(leads(&org, "City"), ["Bern", "Oslo"]);
}

#[tokio::test]
async fn many_records_with_refused_fields_take_one_more_call() {
    let org = strict_org().build();
    let service = unfitted(&org, &["--delivery-window", "60s"]).await;
    let jobs: Vec<Value> = (0..1_000)
        .map(|n| {
            let phone = if n % 10 == 0 {
                "1".repeat(300)
            } else {
                "5".to_owned()
            };
            lead(n, &format!("p{n}@example.com"), json!({"phone": phone}))
        })
        .collect();
    let entries = deliver(&service, &jobs).await;
    assert!(
        statuses(&entries)
            .iter()
            .all(|status| matches!(status, 296 | 299))
    );
    assert_eq!(org.records("Lead").len(), 1_000);
    let calls = org.calls();
    // A lookup, a Composite of five Collections, and a Collection of the 100 refused records.
    assert_eq!((calls.total_api(), calls.collection_records), (3, 1_100));
}
