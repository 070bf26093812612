//! How records are kept.

use serde_json::json;

use super::*;
use crate::oauth::USER_ID;

const USER: Caller<'static> = Caller {
    user: USER_ID,
    version: 50,
    auto_assign: None,
    duplicate_rule: None,
};
const LEAD: &[u8] = br#"{"FirstName": "Jane", "LastName": "Doe", "Company": "Acme"}"#;

fn org_with_lead() -> (Org, String) {
    let mut org = Org::new();
    let id = org.create(&USER, "lead", LEAD).unwrap();
    (org, id.to_string())
}

fn seed(fields: Value) -> (Org, String) {
    let mut org = Org::new();
    let id = org
        .seed("Lead", serde_json::from_value(fields).unwrap())
        .unwrap();
    (org, id.to_string())
}

#[test]
fn a_created_record_gets_an_id_of_its_object_an_owner_a_name_and_dates() {
    let (org, id) = org_with_lead();
    let lead = org.read(&USER, "v50.0", "LEAD", &id).unwrap();
    assert!(id.starts_with("00Q"));
    assert_eq!(
        (&lead["Id"], &lead["Name"], &lead["OwnerId"]),
        (&json!(id), &json!("Jane Doe"), &json!(USER_ID))
    );
    assert_eq!(lead["CreatedDate"], lead["LastModifiedDate"]);
    assert_eq!(
        (&lead["IsConverted"], &lead["Email"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(
        lead["attributes"]["url"],
        format!("/services/data/v50.0/sobjects/Lead/{id}")
    );
}

#[test]
fn an_update_changes_what_it_names_and_the_modification_date() {
    let (mut org, id) = org_with_lead();
    let before = org.records("Lead").remove(0);
    org.update(&USER, "Lead", &id[..15], br#"{"lastname": "Roe"}"#)
        .unwrap();
    let after = org.records("Lead").remove(0);
    assert_eq!(
        (&after["Name"], &after["Company"]),
        (&json!("Jane Roe"), &json!("Acme"))
    );
    assert_eq!(after["CreatedDate"], before["CreatedDate"]);
    assert!(after["LastModifiedDate"].as_str() > before["LastModifiedDate"].as_str());
}

#[test]
fn a_deleted_record_is_refused_by_its_id_and_no_longer_listed() {
    let (mut org, id) = org_with_lead();
    org.delete(&USER, "Lead", &id).unwrap();
    assert_eq!(
        org.update(&USER, "Lead", &id, LEAD),
        Err(Refusal::EntityIsDeleted)
    );
    assert_eq!(
        org.delete(&USER, "Lead", &id),
        Err(Refusal::EntityIsDeleted)
    );
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[test]
fn a_converted_lead_is_not_updated() {
    let (mut org, id) = seed(json!({"LastName": "Doe", "IsConverted": true}));
    assert_eq!(
        org.update(&USER, "Lead", &id, LEAD),
        Err(Refusal::ConvertedLead)
    );
}

#[test]
fn unknown_objects_ids_and_malformed_ids_are_told_apart() {
    let (mut org, id) = org_with_lead();
    assert_eq!(
        org.update(&USER, "Loyalty__c", &id, LEAD),
        Err(Refusal::NotFound)
    );
    assert_eq!(
        org.update(&USER, "Contact", &id, LEAD),
        Err(Refusal::NotFound)
    );
    assert_eq!(
        org.update(&USER, "Lead", "42", LEAD),
        Err(Refusal::MalformedId("42".into()))
    );
}

#[test]
fn a_seed_may_set_what_the_api_may_not_but_not_the_id() {
    let (org, _) = seed(json!({"LastModifiedDate": "2020-01-01T00:00:00.000+0000"}));
    assert_eq!(
        org.records("Lead")[0]["LastModifiedDate"],
        "2020-01-01T00:00:00.000+0000"
    );
    let with_id = serde_json::from_value(json!({"Id": USER_ID})).unwrap();
    assert_eq!(
        Org::new().seed("Lead", with_id),
        Err(Refusal::ReadOnly(vec!["Id".into()]))
    );
}

#[test]
fn objects_of_ones_own_have_prefixes_of_their_own() {
    let mut org = Org::new();
    org.declare("Loyalty__c");
    org.declare("Visit__c");
    let ids = ["Loyalty__c", "Visit__c"].map(|object| {
        org.create(&USER, object, br#"{"Name": "x"}"#)
            .unwrap()
            .to_string()
    });
    assert!(
        ids[0].starts_with("a00") && ids[1].starts_with("a01"),
        "{ids:?}"
    );
}
