//! Inline delivery: Collections by external id.

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, FieldSpec, FieldType};
use serde_json::json;

use super::{UPSERTS, described_whole, doe, keyed_org, lead, record};
use crate::{
    fixtures::org,
    inline::{AS_SENT, deliver, inline, leads, of_user, statuses},
    service::assert_says,
};

#[tokio::test]
async fn a_thousand_events_are_written_in_one_call_without_a_lookup() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let jobs = |city: &str| -> Vec<_> {
        let traits = |n| json!({"LastName": format!("Doe {n}"), "Company": "Acme", "City": city});
        (0..1_000)
            .map(|n| lead(n, &format!("k{n}"), traits(n)))
            .collect()
    };
    assert_eq!(
        statuses(&deliver(&service, jobs("Rome")).await),
        [299; 1_000]
    );
    let calls = org.calls();
    assert_eq!((calls.describe, calls.query, calls.composite), (1, 0, 1));
    assert_eq!(
        (calls.composite_parts, calls.collection_records),
        (5, 1_000)
    );

    assert_eq!(
        statuses(&deliver(&service, jobs("Oslo")).await),
        [299; 1_000]
    );
    assert_eq!(org.calls().total_api() - calls.total_api(), 1);
    assert_eq!(leads(&org, "City"), vec!["Oslo"; 1_000]);
    assert_eq!(leads(&org, "Key__c")[999], "k999");
}

#[tokio::test]
async fn events_of_one_key_are_one_record_and_the_later_wins() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let traits = |city| json!({"LastName": "Doe", "Company": "Acme", "City": city});
    let jobs = [
        lead(1, "k1", traits("Rome")),
        lead(2, "k2", traits("Bern")),
        lead(3, "k1", traits("Oslo")),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 3]);
    assert_eq!(leads(&org, "City"), ["Oslo", "Bern"]);
    assert_eq!(org.calls().total_api(), 2, "a describe and a collection");
}

#[tokio::test]
async fn keys_that_differ_in_letter_case_are_written_one_after_the_other() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let traits = |city| json!({"LastName": "Doe", "Company": "Acme", "City": city});
    let jobs = [lead(1, "k1", traits("Rome")), lead(2, "K1", traits("Oslo"))];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 2]);
    assert_eq!(
        leads(&org, "City"),
        ["Oslo"],
        "the field does not tell them apart"
    );
    assert_eq!(org.calls().query, 0);
}

#[tokio::test]
async fn an_answer_that_is_lost_doubles_nobody() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    org.fail_next(Call::Collections, Fault::Dropped, 1);
    let job = || [lead(1, "k1", doe())];
    assert_eq!(statuses(&deliver(&service, job()).await), [500]);
    assert_eq!(statuses(&deliver(&service, job()).await), [299]);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_converted_lead_goes_by_lookup_and_fails_alone() {
    let org = keyed_org().build();
    let converted = json!({"LastName": "Doe", "Key__c": "k1"});
    let converted = org.insert("Lead", converted).unwrap();
    org.convert(&converted).unwrap();
    let service = inline(&org, &UPSERTS).await;
    let entries = deliver(&service, [lead(1, "k1", doe()), lead(2, "k2", doe())]).await;
    assert_eq!(statuses(&entries), [400, 299]);
    let error = entries[0]["error"].as_str().unwrap();
    assert!(error.contains("CANNOT_UPDATE_CONVERTED_LEAD"), "{error}");
    assert_eq!(
        org.calls().query,
        2,
        "looked up, and once more after the update was refused"
    );
}

#[tokio::test]
async fn several_records_with_one_external_id_fail_the_event_and_are_counted() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    assert_eq!(
        statuses(&deliver(&service, [lead(1, "k1", doe())]).await),
        [299]
    );
    let shared = FieldSpec::new("Key__c", FieldType::Text).external_id();
    org.add_field("Lead", shared);
    let twin = json!({"LastName": "Doe", "Key__c": "k1"});
    org.insert("Lead", twin).unwrap();
    let jobs = [lead(2, "k1", json!({"City": "Rome"})), lead(3, "k2", doe())];
    let entries = deliver(&service, jobs).await;
    assert_eq!(statuses(&entries), [400, 299]);
    assert_says(entries[0]["error"].as_str().unwrap(), "2 records");
    assert_eq!(leads(&org, "City"), ["", "", ""]);
}

#[tokio::test]
async fn a_field_that_is_no_external_id_any_more_goes_by_lookup_and_the_object_is_described_again()
{
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    assert_eq!(
        statuses(&deliver(&service, [lead(1, "k1", doe())]).await),
        [299]
    );
    org.add_field("Lead", FieldSpec::new("Key__c", FieldType::Text));

    let before = org.calls();
    let jobs: Vec<_> = (1..=300)
        .map(|n| {
            lead(
                n,
                &format!("k{n}"),
                json!({"LastName": "Roe", "Company": "Acme"}),
            )
        })
        .collect();
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 300]);
    assert_eq!(leads(&org, "LastName"), vec!["Roe"; 300]);
    let calls = org.calls();
    assert!(calls.total_api() - before.total_api() <= 4, "{calls:?}");

    // What is known serves until it has been read again.
    while described_whole(&org) < 2 {
        let job = lead(1_001, "k1", doe());
        assert_eq!(statuses(&deliver(&service, [job]).await), [299]);
    }
    let calls = org.calls();
    assert_eq!(
        statuses(&deliver(&service, [lead(1_002, "k1", doe())]).await),
        [299]
    );
    let after = org.calls();
    assert_eq!(after.query - calls.query, 1);
    assert_eq!(after.total_api() - calls.total_api(), 2, "lookup and write");
}

#[tokio::test]
async fn a_refusal_of_each_record_for_its_external_id_is_known_by_its_code() {
    const REFUSED: &str = r#"[{"success":false,"errors":[{"statusCode":"INVALID_FIELD","message":"Field name provided, Key__c does not match an External ID, Salesforce Id, or indexed field for Lead","fields":[]}]}]"#;
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    org.fail_next(Call::Collections, Fault::Says(200, REFUSED), 1);
    let job = lead(1, "k1", doe());
    assert_eq!(statuses(&deliver(&service, [job]).await), [299]);
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn events_with_a_wrong_field_do_not_take_the_upsert_from_the_others() {
    let org = keyed_org().build();
    let service = inline(&org, &[&UPSERTS[..], &AS_SENT].concat()).await;
    for n in 0..5 {
        let wrong = json!({"LastName": "Doe", "Company": "Acme", "Nothing__c": 1});
        let statuses = statuses(&deliver(&service, [lead(n, "k1", wrong)]).await);
        assert_eq!(statuses, [400]);
    }
    let calls = org.calls();
    let statuses = statuses(&deliver(&service, [lead(9, "k9", doe())]).await);
    assert_eq!(statuses, [299]);
    assert_eq!(org.calls().query, calls.query);
    assert!(
        org.calls().describe <= 2,
        "once, and once a minute for refusals"
    );
}

#[tokio::test]
async fn one_bad_value_fails_alone() {
    let org = keyed_org().build();
    let service = inline(&org, &[&UPSERTS[..], &AS_SENT[..]].concat()).await;
    let mut jobs: Vec<_> = (0..20).map(|n| lead(n, &format!("k{n}"), doe())).collect();
    jobs[7] = lead(
        7,
        "k7",
        json!({"LastName": "Doe", "Company": "Acme", "Nothing__c": 1}),
    );
    jobs[8] = record(
        8,
        ("Lead", "Key__c"),
        json!("k8"),
        json!({"LastName": "Doe", "Email": "no e-mail"}),
    );
    let statuses = statuses(&deliver(&service, jobs).await);
    let failed: Vec<_> = (0..20).filter(|n| statuses[*n] != 299).collect();
    assert_eq!(failed, [7, 8]);
    assert_eq!(org.records("Lead").len(), 18);
}

#[tokio::test]
async fn a_key_that_no_field_can_hold_fails_its_event_alone() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let long = "é".repeat(256);
    let jobs = [
        lead(1, "a\nb", doe()),
        lead(2, &long, doe()),
        lead(3, "k3", doe()),
        lead(4, "é".repeat(255).as_str(), doe()),
    ];
    let entries = deliver(&service, jobs).await;
    assert_eq!(statuses(&entries), [400, 400, 299, 299]);
    assert_eq!(org.records("Lead").len(), 2);
}

#[tokio::test]
async fn an_id_among_the_traits_is_not_written_and_the_key_is_that_of_the_identifier() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let mut traits = doe();
    traits["Id"] = json!("00Q000000000001AAA");
    traits["key__C"] = json!("another");
    assert_eq!(
        statuses(&deliver(&service, [lead(1, "k1", traits)]).await),
        [296]
    );
    assert_eq!(leads(&org, "Key__c"), ["k1"]);
}

#[tokio::test]
async fn a_key_that_cannot_stand_in_a_path_is_written_once_all_the_same() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    for _ in 0..2 {
        let jobs = [lead(1, "acme.inc", doe()), lead(2, "..", doe())];
        assert_eq!(statuses(&deliver(&service, jobs).await), [299; 2]);
    }
    assert_eq!(leads(&org, "Key__c"), ["acme.inc", ".."]);
}

#[tokio::test]
async fn a_users_events_for_several_records_keep_their_order() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let jobs = [
        of_user("ada", lead(1, "k1", doe())),
        of_user("ada", lead(2, "k2", json!({"Company": "no last name"}))),
        of_user("ada", lead(3, "k1", json!({"City": "Rome"}))),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 400, 299]);
    assert_eq!(leads(&org, "City"), ["Rome"]);
}

#[tokio::test]
async fn a_trait_that_names_the_external_id_in_other_letter_case_does_not_replace_it() {
    let org = keyed_org().build();
    let service = inline(&org, &UPSERTS).await;
    let traits = json!({"LastName": "Doe", "Company": "Acme", "KEY__C": "other"});
    assert_eq!(
        statuses(&deliver(&service, [lead(1, "k1", traits)]).await),
        [296]
    );
    let log = org.records("Lead");
    assert_eq!(log[0]["Key__c"], "k1", "{log:?}");
}

#[tokio::test]
async fn numbers_that_are_written_differently_are_one_record() {
    let number = FieldSpec::new("Number__c", FieldType::Number).digits(18, 0);
    let org = org().field("Lead", number.external_id().unique()).build();
    let service = inline(&org, &UPSERTS).await;
    let job = |id, value| record(id, ("Lead", "Number__c"), value, doe());
    let jobs = [job(1, json!(1)), job(2, json!(1.0))];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 2]);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn two_batches_at_once_with_one_new_key_make_one_record() {
    let org = keyed_org().latency(Duration::from_millis(20)).build();
    let service = inline(&org, &UPSERTS).await;
    let batches = (0..8).map(|n| {
        let key = if n % 2 == 0 { "k1" } else { "K1 " };
        let service = &service;
        async move { deliver(service, [lead(n, key, doe())]).await }
    });
    for entries in join_all(batches).await {
        assert_eq!(statuses(&entries), [299]);
    }
    assert_eq!(org.records("Lead").len(), 1);
}
