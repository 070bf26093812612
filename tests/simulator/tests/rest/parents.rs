//! Parents that a record names by an external id.

use salesforce_simulator::{FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use super::{call, code, item, refusal};

fn org() -> Simulator {
    let owner = FieldSpec::new("For__c", FieldType::Reference);
    Simulator::builder()
        .external_id("Account", "Domain__c", true)
        .external_id("Contact", "Key__c", false)
        .field("Contact", owner.refers_to(&["Account", "Lead"], "For__r"))
        .external_id("Lead", "Ext__c", true)
        .build()
}

fn contact(org: &Simulator, more: &Value) -> (u16, Value) {
    let mut contact = json!({"LastName": "Doe"});
    contact
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    call(org, "POST", "sobjects/Contact", &contact)
}

#[test]
fn a_child_is_linked_to_the_parent_with_that_external_id() {
    let org = org();
    let account = json!({"Name": "Acme", "Domain__c": "acme.com"});
    let account = org.insert("Account", account).unwrap();
    let lead = org
        .insert("Lead", json!({"LastName": "Roe", "Ext__c": "r"}))
        .unwrap();
    let parents = json!({
        "Account": {"Domain__c": "ACME.com"},
        "For__r": {"attributes": {"type": "Lead"}, "Ext__c": "r"},
    });
    assert_eq!(contact(&org, &parents).0, 201);
    let contact = &org.records("Contact")[0];
    assert_eq!(
        (&contact["AccountId"], &contact["For__c"]),
        (&json!(account), &json!(lead))
    );

    let url = format!("sobjects/Contact/{}", contact["Id"].as_str().unwrap());
    org.insert("Account", json!({"Name": "Beta", "Domain__c": "beta.com"}))
        .unwrap();
    let change = json!({"account": {"Domain__c": "beta.com"}});
    assert_eq!(call(&org, "PATCH", &url, &change).0, 204);
    assert_ne!(org.records("Contact")[0]["AccountId"], json!(account));
}

#[test]
fn a_missing_parent_refuses_the_record_and_is_named() {
    let org = org();
    let answer = contact(&org, &json!({"Account": {"Domain__c": "acme.com"}}));
    assert_eq!(refusal(&answer), (400, "INVALID_FIELD", &json!([])));
    assert_eq!(
        answer.1[0]["message"],
        "Foreign key external ID: acme.com not found for field Domain__c in entity Account"
    );
    assert_eq!(org.records("Contact"), Vec::<Value>::new());
}

#[test]
fn a_parent_is_named_once_by_an_external_id_and_with_its_type_where_it_may_have_several() {
    let org = org();
    let account = org
        .insert("Account", json!({"Name": "Acme", "Domain__c": "a"}))
        .unwrap();
    for parents in [
        json!({"Account": {"Domain__c": "a"}, "AccountId": account}),
        json!({"Account": {"Name": "Acme"}}),
        json!({"Account": {"Domain__c": "a", "Name": "Acme"}}),
        json!({"For__r": {"Domain__c": "a"}}),
        json!({"For__r": {"attributes": {"type": "Case"}, "Domain__c": "a"}}),
        json!({"Boss": {"Domain__c": "a"}}),
    ] {
        let answer = contact(&org, &parents);
        assert_eq!(
            (answer.0, refusal(&answer).1),
            (400, "INVALID_FIELD"),
            "{parents}"
        );
    }
}

#[test]
fn several_parents_with_the_external_id_refuse_the_record() {
    let org = org();
    for _ in 0..2 {
        org.insert("Contact", json!({"LastName": "Boss", "Key__c": "k"}))
            .unwrap();
    }
    let answer = contact(&org, &json!({"ReportsTo": {"Key__c": "k"}}));
    assert_eq!(refusal(&answer), (400, "DUPLICATE_EXTERNAL_ID", &json!([])));
}

#[test]
fn in_a_collection_a_missing_parent_refuses_its_record_alone() {
    let org = org();
    org.insert("Account", json!({"Name": "Acme", "Domain__c": "a"}))
        .unwrap();
    let child = |domain: &str| {
        item(
            "Contact",
            &json!({"LastName": "Doe", "Account": {"Domain__c": domain}}),
        )
    };
    let body = json!({"records": [child("a"), child("b"), child("a")]});
    let (status, results) = call(&org, "POST", "composite/sobjects", &body);
    assert_eq!(status, 200, "{results}");
    let codes: Vec<&str> = results.as_array().unwrap().iter().map(code).collect();
    assert_eq!(codes, ["", "INVALID_FIELD", ""]);
}
