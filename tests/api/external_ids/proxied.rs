//! The delivery proxy: upserts, and those that go by lookup.

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use super::{UPSERTS, doe, keyed_org, lead, service};
use crate::{
    delivery::deliver,
    service::{Service, assert_says, serve},
};

/// Routes a job and delivers its request; the output.
async fn delivered(service: &Service, job: Value) -> Value {
    let entries = service.router([job]).await;
    let (method, resource, _) = super::request(&entries[0]);
    assert_eq!(
        (method.as_str(), resource.as_str()),
        ("PATCH", "Lead/Key__c/k1")
    );
    deliver(service, &entries[0]).await
}

fn city(org: &Simulator, lead: usize) -> Value {
    org.records("Lead")[lead]["City"].clone()
}

#[tokio::test]
async fn an_upsert_is_delivered_as_it_was_described() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let output = delivered(&service, lead(1, "k1", doe())).await;
    assert_eq!(output["status"], 200, "{output}");
    let traits = json!({"City": "Rome"});
    let output = delivered(&service, lead(2, "k1", traits)).await;
    assert_eq!(output["status"], 200, "{output}");
    assert_eq!(
        (org.records("Lead").len(), city(&org, 0)),
        (1, json!("Rome"))
    );
    let calls = org.calls();
    assert_eq!((calls.describe, calls.query, calls.upsert), (1, 0, 2));
}

#[tokio::test]
async fn the_processor_path_is_delivered_without_a_lookup_too() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    for written in ["Rome", "Oslo"] {
        let traits = json!({"LastName": "Doe", "Company": "Acme", "City": written});
        let described = service.processor([lead(1, "k1", traits)]).await;
        let entry = json!({
            "batchedRequest": [described[0]["output"]],
            "metadata": [described[0]["metadata"]],
        });
        let output = deliver(&service, &entry).await;
        assert_eq!(
            (&output["status"], city(&org, 0)),
            (&json!(200), json!(written))
        );
    }
    let calls = org.calls();
    assert_eq!((calls.query, calls.upsert), (0, 2));
}

#[tokio::test]
async fn an_answer_that_is_lost_doubles_nobody() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    org.fail_next(Call::Upsert, Fault::Dropped, 1);
    for status in [500, 200] {
        let output = delivered(&service, lead(1, "k1", doe())).await;
        assert_eq!(output["response"][0]["statusCode"], status, "{output}");
    }
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_converted_lead_is_looked_up_and_its_refusal_stands() {
    let org = keyed_org().build();
    let converted = json!({"LastName": "Doe", "Key__c": "k1"});
    let converted = org.insert("Lead", converted).unwrap();
    org.convert(&converted).unwrap();
    let service = service(&org, &[]).await;
    let output = delivered(&service, lead(1, "k1", doe())).await;
    assert_ne!(output["status"], 200, "{output}");
    assert_says(&output.to_string(), "CANNOT_UPDATE_CONVERTED_LEAD");
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn several_records_with_one_external_id_fail_the_event_and_are_counted() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    delivered(&service, lead(1, "k1", doe())).await;
    org.add_field(
        "Lead",
        FieldSpec::new("Key__c", FieldType::Text).external_id(),
    );
    let twin = json!({"LastName": "Doe", "Key__c": "k1"});
    org.insert("Lead", twin).unwrap();
    let output = delivered(&service, lead(2, "k1", json!({"City": "Rome"}))).await;
    assert_eq!(output["status"], 400, "{output}");
    assert_says(&output.to_string(), "2 records");
    assert_eq!([city(&org, 0), city(&org, 1)], [Value::Null, Value::Null]);
}

#[tokio::test]
async fn a_field_that_is_no_external_id_any_more_goes_by_lookup() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    delivered(&service, lead(1, "k1", doe())).await;
    let entries = service
        .router([lead(2, "k1", json!({"City": "Rome"})), lead(3, "k2", doe())])
        .await;
    org.add_field("Lead", FieldSpec::new("Key__c", FieldType::Text));
    let output = deliver(&service, &entries[0]).await;
    assert_eq!(
        (&output["status"], city(&org, 0)),
        (&json!(200), json!("Rome"))
    );
    let output = deliver(&service, &entries[1]).await;
    assert_eq!(output["status"], 200, "{output}");
    let leads = org.records("Lead");
    assert_eq!((leads.len(), &leads[1]["Key__c"]), (2, &json!("k2")));
    // What is routed from now on is looked up first.
    let entries = service.router([lead(4, "k3", doe())]).await;
    assert_eq!(super::request(&entries[0]).0, "POST");
    assert_eq!(org.calls().describe, 1);
}

#[tokio::test]
async fn an_upsert_that_was_described_under_other_policies_is_looked_up() {
    let org = keyed_org().build();
    let known = json!({"LastName": "Doe", "Key__c": "k1"});
    org.insert("Lead", known).unwrap();
    let salesforce = serve(org.router()).await;
    let before = Service::start(&salesforce, &UPSERTS).await;
    let entries = before
        .router([lead(1, "k1", doe()), lead(2, "k2", doe())])
        .await;
    let service = Service::start(&salesforce, &["--assignment-rules", "create"]).await;
    for (entry, method, rules) in [
        (&entries[0], "PATCH", Some("FALSE")),
        (&entries[1], "POST", None),
    ] {
        let output = deliver(&service, entry).await;
        assert_eq!(output["status"], 200, "{output}");
        let log = org.log();
        let write = log.last().unwrap();
        assert_eq!(
            (write.method.as_str(), write.auto_assign.as_deref()),
            (method, rules)
        );
    }
    assert_eq!(org.records("Lead").len(), 2);
}

#[tokio::test]
async fn upserts_that_become_creates_of_one_record_take_turns() {
    let org = keyed_org().latency(Duration::from_millis(20)).build();
    let service = service(&org, &[]).await;
    let jobs = (1..=8).map(|n| lead(n, "k1", doe()));
    let entries = service.router(jobs.collect::<Vec<_>>()).await;
    org.add_field("Lead", FieldSpec::new("Key__c", FieldType::Text));
    let entries = entries.as_array().unwrap();
    let outputs = join_all(entries.iter().map(|entry| deliver(&service, entry))).await;
    for output in outputs {
        assert_eq!(output["status"], 200, "{output}");
    }
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn an_upsert_whose_answer_is_lost_is_delivered_again_without_a_second_record() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let entries = service.router([lead(1, "k1", doe())]).await;
    org.fail_next(Call::Upsert, Fault::Dropped, 1);
    let output = deliver(&service, &entries[0]).await;
    assert_eq!(output["status"], 500, "{output}");
    let output = deliver(&service, &entries[0]).await;
    assert_eq!(output["status"], 200, "{output}");
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(org.calls().query, 0);
}

#[tokio::test]
async fn the_code_of_a_refused_field_decides_and_not_its_text() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let entries = service.router([lead(1, "k1", doe())]).await;
    for (status, code) in [(400, "INVALID_FIELD"), (404, "NOT_FOUND")] {
        org.fail_next(Call::Upsert, Fault::Refused(status, code), 1);
        let output = deliver(&service, &entries[0]).await;
        assert_eq!(output["status"], 200, "{code}: {output}");
    }
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(
        org.calls().query,
        1,
        "the second updates what the first has created"
    );
}

#[tokio::test]
async fn every_external_id_arrives_as_it_was_sent() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let long = "k".repeat(255);
    let wide = "ü".repeat(255);
    let keys = [
        "a/b",
        "a?b",
        "a#b",
        "a%2Fb",
        "%2e%2e",
        "../Lead",
        "a\\b",
        "a;b",
        "a+b",
        "a b",
        "a&b=c",
        "a.inc.x",
        "日本",
        "🦀",
        "Id",
        "null",
        "{0}",
        "@{ref.id}",
        "'",
        "\"",
        &long,
        &wide,
    ];
    for (n, key) in keys.iter().enumerate() {
        let entries = service.router([lead(n as u64, key, doe())]).await;
        assert_eq!(super::request(&entries[0]).0, "PATCH", "{key}");
        let output = deliver(&service, &entries[0]).await;
        assert_eq!(output["status"], 200, "{key}: {output}");
    }
    let stored = org.records("Lead");
    let stored: Vec<_> = stored.iter().map(|lead| &lead["Key__c"]).collect();
    assert_eq!(stored, keys);
}
