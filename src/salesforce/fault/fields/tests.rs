//! Which refusals are about fields, and about which.

use serde_json::{Value, json};

use crate::{json::Document, salesforce::Fault};

const SENT: &str = r#"{"attributes":{"type":"Lead"},"id":"00Q1","LastName":"Doe","Phone":"5","State":"Kent",
    "AccountId":"x","plan__c":"a' on sobject of type Lead","a'b":1,"a":2,
    "Account__r":{"Domain__c":"acme in entity X not found for field Y"},"Owner__r":{"Domain__c":7}}"#;

/// The names of the refused fields, those that are refused with any value marked with an asterisk.
fn refused(errors: &Value) -> Option<String> {
    let document = Document::read(SENT).unwrap();
    let fault = Fault::read(400, errors.to_string().as_bytes());
    let is_reference = |name: &str| name == "AccountId";
    let fields = fault.refused_fields(document.root().as_object().unwrap(), is_reference)?;
    let shown = fields.iter().map(|field| {
        format!(
            "{}{}",
            field.name,
            if field.with_any_value { "*" } else { "" }
        )
    });
    Some(shown.collect::<Vec<_>>().join(" "))
}

fn error(code: &str, fields: &[&str]) -> Value {
    json!({"errorCode": code, "message": "m", "fields": fields})
}

fn said(message: &str) -> Value {
    json!([{"errorCode": "INVALID_FIELD", "message": message, "fields": []}])
}

#[test]
fn the_code_decides_whether_named_fields_are_to_blame() {
    for (code, field, expected) in [
        ("INVALID_FIELD", "PHONE", Some("Phone*")),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", "Phone", Some("Phone*")),
        ("STRING_TOO_LONG", "Phone", Some("Phone")),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Phone",
            Some("Phone"),
        ),
        ("INVALID_EMAIL_ADDRESS", "Phone", Some("Phone")),
        ("NUMBER_OUTSIDE_VALID_RANGE", "Phone", Some("Phone")),
        ("MALFORMED_ID", "AccountId", Some("AccountId")),
        ("MALFORMED_ID", "Phone", None),
        (
            "INVALID_CROSS_REFERENCE_KEY",
            "AccountId",
            Some("AccountId"),
        ),
        ("INVALID_CROSS_REFERENCE_KEY", "Id", None),
        ("FIELD_INTEGRITY_EXCEPTION", "State", Some("State")),
        ("FIELD_INTEGRITY_EXCEPTION", "Phone", None),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone", None),
        ("REQUIRED_FIELD_MISSING", "Phone", None),
        ("DUPLICATE_VALUE", "Phone", None),
        ("SOMETHING_NEW", "Phone", None),
    ] {
        let named = refused(&json!([error(code, &[field])]));
        assert_eq!(named.as_deref(), expected, "{code} {field}");
        assert_eq!(refused(&json!([error(code, &[])])), None, "{code}");
    }
}

#[test]
fn all_errors_of_a_record_must_be_about_fields_that_were_sent() {
    let long = error("STRING_TOO_LONG", &["Phone"]);
    let both = json!([long, error("INVALID_FIELD", &["plan__c", "State"]), long]);
    assert_eq!(refused(&both).as_deref(), Some("Phone plan__c* State*"));
    for other in [
        error("FIELD_CUSTOM_VALIDATION_EXCEPTION", &[]),
        error("STRING_TOO_LONG", &["Fax"]),
        error("STRING_TOO_LONG", &["Phone", "Fax"]),
        error("UNABLE_TO_LOCK_ROW", &[]),
        error("SOMETHING_NEW", &[]),
    ] {
        assert_eq!(refused(&json!([long, other])), None, "{other}");
        assert_eq!(refused(&json!([other, long])), None, "{other}");
    }
    let many = vec![long; 20];
    assert_eq!(refused(&json!(many)), None);
}

#[test]
fn a_column_in_the_text_counts_if_it_was_sent_and_stands_in_its_place() {
    let of = |column: &str| {
        refused(&said(&format!(
            "No such column '{column}' on sobject of type Lead"
        )))
    };
    assert_eq!(of("PHONE").as_deref(), Some("Phone*"));
    assert_eq!(of("a'b").as_deref(), Some("a'b*"));
    assert_eq!(of("Fax"), None);
    assert_eq!(of("Id"), None);
    assert_eq!(of("attributes"), None);
    for message in [
        "x No such column 'Phone' on sobject of type Lead",
        "No such column 'Phone'",
        "No such column 'Phone' on sobject of type Lead, he said",
    ] {
        assert_eq!(refused(&said(message)), None, "{message}");
    }
    let other_code = json!([{"errorCode": "STRING_TOO_LONG", "message": "No such column 'Phone' on sobject of type Lead"}]);
    assert_eq!(refused(&other_code), None);
}

#[test]
fn a_missing_parent_is_told_by_its_field_and_its_value() {
    let of = |value: &str, field: &str| {
        refused(&said(&format!(
            "Foreign key external ID: {value} not found for field {field} in entity Account"
        )))
    };
    let value = "ACME in entity X not found for field Y";
    assert_eq!(of(value, "domain__c").as_deref(), Some("Account__r"));
    assert_eq!(of("7", "Domain__c").as_deref(), Some("Owner__r"));
    assert_eq!(of("8", "Domain__c"), None);
    assert_eq!(of(value, "Y"), None);
}
