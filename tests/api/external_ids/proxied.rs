//! The delivery proxy: upserts, and those that go by lookup.

use salesforce_simulator::{FieldSpec, FieldType, Simulator};
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
async fn an_upsert_that_was_described_under_other_policies_changes_no_owner() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let before = Service::start(&salesforce, &UPSERTS).await;
    let entries = before.router([lead(1, "k1", doe())]).await;
    let service = Service::start(&salesforce, &["--assignment-rules", "create"]).await;
    let output = deliver(&service, &entries[0]).await;
    assert_eq!(output["status"], 200, "{output}");
    let log = org.log();
    let upsert = log.iter().find(|call| call.method == "PATCH").unwrap();
    assert_eq!(upsert.auto_assign.as_deref(), Some("FALSE"));
}
