//! Salvage together with duplicates, deleted records, upserts, unchanged values and creates under way.

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::DuplicateRule;

use super::*;
use crate::{
    delivery::has_come_to_the_proxy,
    external_ids::{self, UPSERTS, doe, keyed_org},
    fixtures::known_lead,
    inline::{deliver, leads, statuses},
};

/// Traits with a phone number that is too long.
fn with_long_phone(mut traits: Value) -> Value {
    traits["phone"] = json!("1".repeat(300));
    traits
}

#[track_caller]
fn assert_all_written(entries: &[Value]) {
    let statuses = statuses(entries);
    assert!(
        statuses.iter().all(|status| matches!(status, 296 | 299)),
        "{entries:?}"
    );
}

#[tokio::test]
async fn a_mended_create_may_still_become_an_update_of_a_duplicate() {
    let flags = ["--duplicates", "update"];
    for is_inline in [true, false] {
        let org = strict_org()
            .matching(DuplicateRule::new("Lead", "Same_Title", &["Title"]))
            .build();
        let known =
            json!({"LastName": "Known", "Company": "Acme", "Title": "Countess", "Phone": "5"});
        org.insert("Lead", known).unwrap();
        let event = ada(
            1,
            with_long_phone(json!({"title": "Countess", "city": "London"})),
        );
        if is_inline {
            assert_all_written(&deliver(&unfitted(&org, &flags).await, [event]).await);
        } else {
            assert_eq!(delivered(&proxy(&org, &flags).await, event).await.0, 200);
        }
        assert_eq!(
            only(&org, "Lead", &["City", "Phone"]),
            [json!("London"), json!("5")]
        );
    }
}

#[tokio::test]
async fn a_lead_that_is_gone_is_created_without_the_refused_field() {
    let org = strict_org().build();
    let gone = known_lead(&org, "ada@example.com");
    let service = unfitted(&org, &["--lookup-cache-ttl", "1h"]).await;
    deliver(&service, [ada(1, json!({"city": "London"}))]).await;
    org.delete("Lead", &gone).unwrap();
    let entries = deliver(
        &service,
        [ada(2, with_long_phone(json!({"city": "Paris"})))],
    )
    .await;
    assert_all_written(&entries);
    assert_eq!(
        only(&org, "Lead", &["City", "Phone"]),
        [json!("Paris"), Value::Null]
    );
}

#[tokio::test]
async fn an_upsert_is_sent_again_without_the_refused_field() {
    for field in ["Phone", "Nothing__c"] {
        let bad = |id| {
            let mut traits = doe();
            traits[field] = json!("1".repeat(300));
            external_ids::lead(id, "k1", traits)
        };
        let org = keyed_org().build();
        let service = unfitted(&org, &UPSERTS).await;
        assert_all_written(&deliver(&service, [bad(1)]).await);
        assert_eq!(
            only(&org, "Lead", &["Key__c", "LastName"]),
            [json!("k1"), json!("Doe")]
        );
        assert_eq!(org.calls().query, 0, "{field}");

        let service = proxy(&org, &UPSERTS).await;
        assert_eq!(delivered(&service, bad(2)).await.0, 200);
        assert_eq!(
            (org.records("Lead").len(), org.calls().upsert),
            (1, 2),
            "{field}"
        );
    }
}

#[tokio::test]
async fn unchanged_values_are_omitted_and_the_refused_one_is_left_out() {
    let org = strict_org().build();
    known_lead(&org, "ada@example.com");
    let service = unfitted(&org, &["--skip-unchanged", "true"]).await;
    let traits = || json!({"lastName": "planted", "company": "Acme", "city": "London"});
    assert_all_written(&deliver(&service, [ada(1, with_long_phone(traits()))]).await);
    assert_eq!(
        only(&org, "Lead", &["City", "Phone"]),
        [json!("London"), Value::Null]
    );
    let entries = deliver(&service, [ada(2, with_long_phone(traits()))]).await;
    assert_eq!(
        statuses(&entries),
        [400],
        "nothing would be left to write: {entries:?}"
    );
}

#[tokio::test]
async fn a_create_that_is_sent_again_keeps_its_turn() {
    let org = strict_org().latency(Duration::from_millis(30)).build();
    let service = proxy(&org, &[]).await;
    has_come_to_the_proxy(&service).await;
    let cities = ["Rome", "Oslo", "Bern"];
    let jobs = (1..)
        .zip(cities)
        .map(|(id, city)| ada(id, with_long_phone(json!({"city": city}))));
    let entries = join_all(jobs.map(|job| service.router([job]))).await;
    let outputs = entries
        .iter()
        .map(|entries| delivery::deliver(&service, &entries[0]));
    for output in join_all(outputs).await {
        assert_eq!(output["status"], 200, "{output}");
    }
    let city = leads(&org, "City");
    assert!(
        city.len() == 1 && cities.contains(&city[0].as_str()),
        "{city:?}"
    );
}

#[tokio::test]
async fn an_expired_session_between_the_attempts_is_renewed() {
    let org = strict_org().build();
    let service = unfitted(&org, &[]).await;
    deliver(&service, [ada(1, json!({"city": "London"}))]).await;
    org.expire_sessions();
    assert_all_written(
        &deliver(
            &service,
            [ada(2, with_long_phone(json!({"city": "Paris"})))],
        )
        .await,
    );
    assert_eq!(only(&org, "Lead", &["City"]), [json!("Paris")]);
}
