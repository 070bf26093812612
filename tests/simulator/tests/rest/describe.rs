//! Descriptions of objects.

use salesforce_simulator::{FieldSpec, FieldType, PicklistValue, Simulator};
use serde_json::{Value, json};

use super::{call, send};

const LEAD: &str = "sobjects/Lead/describe";

fn described(org: &Simulator, object: &str, field: &str) -> Value {
    let resource = format!("sobjects/{object}/describe");
    let (status, description) = call(org, "GET", &resource, &Value::Null);
    assert_eq!(status, 200);
    let mut fields = description["fields"].as_array().unwrap().iter();
    let field = fields.find(|one| one["name"] == field);
    field.cloned().unwrap_or_default()
}

fn parts(field: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| field[*name].clone()).collect()
}

#[test]
fn standard_fields_have_the_types_and_lengths_of_the_object_reference() {
    let org = Simulator::builder().build();
    for (object, name, kind, length) in [
        ("Lead", "FirstName", "string", 40),
        ("Lead", "LastName", "string", 80),
        ("Lead", "Company", "string", 255),
        ("Lead", "Title", "string", 128),
        ("Lead", "Phone", "phone", 40),
        ("Lead", "Email", "email", 80),
        ("Lead", "Website", "url", 255),
        ("Lead", "Street", "textarea", 255),
        ("Lead", "Description", "textarea", 32_000),
        ("Lead", "Id", "id", 18),
        ("Contact", "Department", "string", 80),
        ("Account", "AccountNumber", "string", 40),
        ("Case", "Subject", "string", 255),
    ] {
        let field = described(&org, object, name);
        assert_eq!(
            parts(&field, &["type", "length"]),
            [json!(kind), json!(length)],
            "{object}.{name}"
        );
    }
    let revenue = described(&org, "Lead", "AnnualRevenue");
    assert_eq!(
        parts(&revenue, &["type", "precision", "scale"]),
        [json!("currency"), json!(18), json!(0)]
    );
    let employees = described(&org, "Lead", "NumberOfEmployees");
    assert_eq!(
        parts(&employees, &["type", "digits"]),
        [json!("int"), json!(8)]
    );
}

#[test]
fn what_a_create_needs_is_createable_not_nillable_and_not_defaulted() {
    let org = Simulator::builder().build();
    let (_, lead) = call(&org, "GET", LEAD, &Value::Null);
    let fields = lead["fields"].as_array().unwrap().iter();
    let required = fields.filter(|field| {
        field["createable"] == true
            && field["nillable"] == false
            && field["defaultedOnCreate"] == false
    });
    let required: Vec<&Value> = required.map(|field| &field["name"]).collect();
    assert_eq!(required, ["Company", "LastName"]);
}

#[test]
fn a_picklist_shows_its_values_and_the_default() {
    let org = Simulator::builder().build();
    let status = described(&org, "Lead", "Status");
    assert_eq!(
        parts(&status, &["type", "restrictedPicklist", "nillable"]),
        [json!("picklist"), json!(false), json!(false)]
    );
    let first = &status["picklistValues"][0];
    assert_eq!(
        parts(first, &["value", "label", "active", "defaultValue"]),
        [
            json!("Open - Not Contacted"),
            json!("Open - Not Contacted"),
            json!(true),
            json!(true)
        ]
    );
}

#[test]
fn a_reference_names_its_objects_and_its_relationship() {
    let org = Simulator::builder().build();
    let names = ["referenceTo", "relationshipName", "polymorphicForeignKey"];
    assert_eq!(
        parts(&described(&org, "Contact", "AccountId"), &names),
        [json!(["Account"]), json!("Account"), json!(false)]
    );
    assert_eq!(
        parts(&described(&org, "Lead", "OwnerId"), &names),
        [json!(["Group", "User"]), json!("Owner"), json!(true)]
    );
    assert_eq!(
        described(&org, "Lead", "City")["compoundFieldName"],
        "Address"
    );
}

#[test]
fn a_field_of_ones_own_is_described_as_it_was_declared() {
    let tier = FieldSpec::new("Tier__c", FieldType::MultiPicklist)
        .label("Level")
        .picklist([
            PicklistValue::new("g").labelled("Gold"),
            PicklistValue::new("s").inactive(),
        ])
        .restricted()
        .not_updateable();
    let key = FieldSpec::new("Key__c", FieldType::Text)
        .length(20)
        .external_id()
        .unique()
        .case_sensitive();
    let total = FieldSpec::new("Total__c", FieldType::Number).calculated();
    let org = Simulator::builder()
        .field("Loyalty__c", tier)
        .field("Loyalty__c", key)
        .field("Loyalty__c", total)
        .build();
    let tier = described(&org, "Loyalty__c", "Tier__c");
    let names = [
        "label",
        "type",
        "createable",
        "updateable",
        "restrictedPicklist",
    ];
    assert_eq!(
        parts(&tier, &names),
        [
            json!("Level"),
            json!("multipicklist"),
            json!(true),
            json!(false),
            json!(true)
        ]
    );
    assert_eq!(tier["picklistValues"][0]["label"], "Gold");
    assert_eq!(tier["picklistValues"][1]["active"], false);
    let key = described(&org, "Loyalty__c", "Key__c");
    let names = [
        "length",
        "externalId",
        "unique",
        "idLookup",
        "caseSensitive",
        "custom",
    ];
    assert_eq!(
        parts(&key, &names),
        [
            json!(20),
            json!(true),
            json!(true),
            json!(true),
            json!(true),
            json!(true)
        ]
    );
    let total = described(&org, "Loyalty__c", "Total__c");
    assert_eq!(
        parts(&total, &["calculated", "createable", "updateable"]),
        [json!(true), json!(false), json!(false)]
    );
}

#[test]
fn an_object_that_has_not_changed_is_answered_304_without_a_body() {
    let org = Simulator::builder().build();
    let session = org.session();
    let describe = |headers: &[(&str, &str)]| {
        send(
            &org,
            &session,
            ("GET", "v60.0", LEAD),
            headers,
            &Value::Null,
        )
    };
    let (status, headers, _) = describe(&[]);
    assert_eq!(status, 200);
    let since = headers["last-modified"].to_str().unwrap().to_owned();
    let asked = [("If-Modified-Since", since.as_str())];
    let (status, _, body) = describe(&asked);
    assert_eq!((status, body), (304, Value::Null));

    org.add_field("Lead", FieldSpec::new("plan__c", FieldType::Text));
    let (status, headers, _) = describe(&asked);
    assert_eq!(status, 200);
    let added = headers["last-modified"].to_str().unwrap().to_owned();
    org.remove_field("lead", "plan__c");
    let (status, headers, _) = describe(&[("If-Modified-Since", &added)]);
    assert_eq!(status, 200);
    assert_ne!(headers["last-modified"].to_str().unwrap(), added);
    assert_eq!(org.calls().describe, 4);
}

#[test]
fn a_change_of_another_object_or_of_records_is_none_of_the_objects() {
    let org = Simulator::builder().build();
    let session = org.session();
    let ask = ("GET", "v60.0", LEAD);
    let (_, headers, _) = send(&org, &session, ask, &[], &Value::Null);
    org.add_field("Contact", FieldSpec::new("plan__c", FieldType::Text));
    org.insert("Lead", json!({"LastName": "Doe"})).unwrap();
    let since = headers["last-modified"].to_str().unwrap();
    let since = [("If-Modified-Since", since)];
    assert_eq!(send(&org, &session, ask, &since, &Value::Null).0, 304);
}

#[test]
fn an_object_that_the_org_does_not_have_is_not_found() {
    let org = Simulator::builder().without_object("Contact").build();
    for object in ["Nothing__c", "Contact"] {
        let resource = format!("sobjects/{object}/describe");
        let (status, body) = call(&org, "GET", &resource, &Value::Null);
        assert_eq!((status, &body[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    }
}
