//! `SKIP_UNCHANGED`: an event that changes nothing costs no write, another one only what it changes.

use salesforce_simulator::{FieldType, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, org},
    inline,
    service::{Service, assert_says, error, serve},
};

async fn skipping(org: &Simulator) -> Service {
    Service::start(&serve(org.router()).await, &["--skip-unchanged", "true"]).await
}

fn ada(id: u64, mut traits: Value) -> Value {
    traits["email"] = json!("ada@example.com");
    job(id, identify(traits), &destination("dst-1"))
}

/// An org in which Ada is known.
fn org_of_ada() -> Simulator {
    let org = org()
        .custom_field("Lead", "score__c", FieldType::Number)
        .custom_field("Lead", "since__c", FieldType::DateTime)
        .custom_field("Lead", "pays__c", FieldType::Boolean)
        .build();
    let ada = json!({
        "LastName": "Lovelace", "Company": "Acme", "Email": "ada@example.com", "City": "London",
        "score__c": 5.0, "since__c": "2026-01-31T08:00:00.000+0000", "pays__c": true,
    });
    org.insert("Lead", ada).unwrap();
    org
}

/// The fields that an entry's request writes, or the entry's status.
fn written(entry: &Value) -> Value {
    let body = &entry["batchedRequest"][0]["body"]["JSON"];
    if body.is_object() {
        body.clone()
    } else {
        entry["statusCode"].clone()
    }
}

const SAME: fn() -> Value = || {
    json!({
        "lastName": "Lovelace", "company": "Acme", "city": "London", "score": 5, "since": "2026-01-31T09:00:00+01:00",
        "pays": true,
    })
};

#[tokio::test]
async fn an_event_that_changes_nothing_is_filtered() {
    let org = org_of_ada();
    let service = skipping(&org).await;
    let entries = service.router([ada(1, SAME())]).await;
    assert_eq!(written(&entries[0]), 298);
    assert_says(error(&entries[0]), "SKIP_UNCHANGED");
    assert_eq!(org.calls().total_api(), 2, "a query and a describe");
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let service = skipping(&org_of_ada()).await;
    let mut traits = SAME();
    traits["city"] = json!("Paris");
    traits["score"] = json!(6);
    let entries = service.router([ada(1, traits)]).await;
    assert_eq!(
        written(&entries[0]),
        json!({"City": "Paris", "score__c": 6})
    );
}

#[tokio::test]
async fn texts_are_compared_exactly() {
    let service = skipping(&org_of_ada()).await;
    let mut traits = SAME();
    traits["city"] = json!("london");
    assert_eq!(
        written(&service.router([ada(1, traits)]).await[0]),
        json!({"City": "london"})
    );
}

#[tokio::test]
async fn a_later_event_of_the_batch_may_set_back_what_an_earlier_one_changes() {
    let service = skipping(&org_of_ada()).await;
    let in_city = |id, city| {
        let mut traits = SAME();
        traits["city"] = json!(city);
        ada(id, traits)
    };
    let entries = service
        .router([in_city(1, "Paris"), in_city(2, "London")])
        .await;
    assert_eq!(written(&entries[0]), json!({"City": "Paris"}));
    assert_eq!(written(&entries[1]), json!({"City": "London"}));
}

#[tokio::test]
async fn a_field_that_the_org_does_not_have_makes_the_lookup_fall_back_to_the_id() {
    let org = org_of_ada();
    let flags = ["--skip-unchanged", "true", "--preflight", "off"];
    let service = Service::start(&serve(org.router()).await, &flags).await;
    let mut traits = SAME();
    traits["unknown"] = json!(1);
    let entries = service.router([ada(1, traits.clone())]).await;
    assert_eq!(
        (&written(&entries[0])["City"], org.calls().query),
        (&json!("London"), 2)
    );
    let entries = service.router([ada(2, traits)]).await;
    assert_eq!(
        written(&entries[0]),
        json!({"unknown__c": 1}),
        "left out of the next query"
    );
    assert_eq!(org.calls().query, 3);
}

#[tokio::test]
async fn a_new_lead_is_always_written() {
    let service = skipping(&org().build()).await;
    let entries = service.router([ada(1, json!({}))]).await;
    assert_eq!(entries[0]["batchedRequest"][0]["method"], "POST");
}

#[tokio::test]
async fn without_the_setting_everything_is_sent() {
    let service = Service::of(&org_of_ada()).await;
    assert_eq!(
        written(&service.router([ada(1, SAME())]).await[0])["City"],
        "London"
    );
}

#[tokio::test]
async fn in_inline_delivery_an_event_that_changes_nothing_is_delivered_without_a_write() {
    let org = org_of_ada();
    let service = inline::inline(&org, &["--skip-unchanged", "true"]).await;
    let entries = inline::deliver(&service, [ada(1, SAME())]).await;
    assert_eq!(
        (inline::statuses(&entries), org.calls().total_api()),
        (vec![299], 2),
        "a query and a describe"
    );
    let mut lossy = SAME();
    lossy["unknown"] = json!(1);
    let entries = inline::deliver(&service, [ada(3, lossy)]).await;
    assert_eq!(inline::statuses(&entries), [296], "a field was left out");
    let mut traits = SAME();
    traits["city"] = json!("Paris");
    let entries = inline::deliver(&service, [ada(2, traits)]).await;
    assert_eq!(
        (inline::statuses(&entries), inline::leads(&org, "City")),
        (vec![299], vec!["Paris".to_owned()])
    );
}
