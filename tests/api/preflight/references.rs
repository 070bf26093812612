//! Ids in reference fields, and parents that are named by an external id.

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{ada, fields, fits, job_of, ordinary, service};
use crate::inline;

#[tokio::test]
async fn what_is_no_id_by_its_form_is_left_out() {
    for text in ["Acme", "0015g00000000é1", "0015g0000000001AAB"] {
        let told = [("Account", "not_an_id")];
        fits(json!({"Account": text}), json!({}), &told).await;
    }
}

#[tokio::test]
async fn an_id_of_another_standard_object_is_left_out() {
    for id in ["0035g0000000001AAA", "00Q5g0000000001"] {
        let told = [("Account", "other_object")];
        fits(json!({"Account": id}), json!({}), &told).await;
    }
    let traits = json!({"ownerId": "0015g0000000001AAA"});
    fits(traits, json!({}), &[("OwnerId", "other_object")]).await;
}

#[tokio::test]
async fn an_id_of_an_object_of_the_references_is_sent() {
    for owner in ["0055g0000000001AAA", "00G5g0000000001EAA"] {
        fits(json!({"ownerId": owner}), json!({"OwnerId": owner}), &[]).await;
    }
}

/// An org with the account of the domain `navy.example`, and the id of it.
fn with_account() -> (Simulator, String) {
    let org = ordinary().build();
    let account = json!({"Name": "Navy", "Domain__c": "navy.example"});
    let id = org.insert("Account", account).unwrap();
    (org, id)
}

fn child(domain: &str) -> Value {
    job_of(&ada(json!({"Account__r": {"Domain__c": domain}})))
}

#[tokio::test]
async fn a_parent_by_external_id_is_kept() {
    let (org, account) = with_account();
    let service = service(&org, &[]).await;
    let entries = service.router([child("navy.example")]).await;
    let parent = json!({"Domain__c": "navy.example"});
    assert_eq!(fields(&entries[0])["Account__r"], parent);

    let service = inline::inline(&org, &[]).await;
    let entries = inline::deliver(&service, [child("navy.example")]).await;
    assert_eq!(inline::statuses(&entries), [299], "{entries:?}");
    assert_eq!(org.records("Lead")[0]["Account__c"], account);
}

#[tokio::test]
async fn a_parent_that_is_not_there_is_left_out_and_told() {
    let (org, _) = with_account();
    let service = inline::inline(&org, &[]).await;
    let entries = inline::deliver(&service, [child("army.example")]).await;
    assert_eq!(inline::statuses(&entries), [296], "{entries:?}");
    assert!(super::names(
        entries[0]["error"].as_str().unwrap(),
        "Account__r"
    ));
    assert_eq!(org.records("Lead")[0]["Email"], "ada@example.com");
}
