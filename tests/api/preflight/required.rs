//! Fields that a new record needs.

use salesforce_simulator::{FieldSpec, FieldType};
use serde_json::json;

use super::{ada, fields, fits, job_of, ordinary, pairs, service};
use crate::inline;

#[tokio::test]
async fn a_lead_without_a_name_or_a_company_gets_placeholders_and_nothing_is_told() {
    let org = ordinary().build();
    let service = service(&org, &[]).await;
    let mut event = ada(json!({}));
    event["traits"] = json!({"email": "ada@example.com"});
    let entries = service.router([job_of(&event)]).await;
    let lead = json!({"Email": "ada@example.com", "LastName": "n/a", "Company": "n/a"});
    assert_eq!(fields(&entries[0]), lead);
    assert!(super::explained(&service, &event).await.is_empty());
}

#[tokio::test]
async fn a_required_field_that_is_absent_is_named_and_the_record_sent_all_the_same() {
    let region = FieldSpec::new("Region__c", FieldType::Text).required();
    let org = ordinary().field("Lead", region).build();
    let described = service(&org, &[]).await;
    let event = ada(json!({}));
    let entries = described.router([job_of(&event)]).await;
    assert_eq!(fields(&entries[0])["LastName"], "Lovelace");
    let told = pairs(&[("Region__c", "required_missing")]);
    assert_eq!(super::explained(&described, &event).await, told);

    let service = inline::inline(&org, &[]).await;
    let entries = inline::deliver(&service, [job_of(&event)]).await;
    assert_eq!(inline::statuses(&entries), [400]);
    let error = entries[0]["error"].as_str().unwrap();
    assert!(error.contains("REQUIRED_FIELD_MISSING"), "{error}");
}

#[tokio::test]
async fn a_field_that_salesforce_fills_in_is_not_missing() {
    fits(json!({}), json!({}), &[]).await;
}
