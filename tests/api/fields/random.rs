//! What must be true of any traits.

use std::collections::HashSet;

use proptest::prelude::*;
use salesforce_simulator::FieldType;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::{described_at, named, sync};
use crate::{
    fixtures::{destination, identify, org},
    service::Service,
};

/// Names that may be one field, and some that are none.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[aAbB](__[cC])?",
        "[eE]xt__[cC]",
        "(name|firstName|lastName|email|Email|EMAIL|company|address|city|City|id|Id|age|title)",
        "(ns__)?[a-c_1]{1,4}(__c)?",
        "[ a.$é-]{0,3}",
        "a{38,42}(__c)?",
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ a\u{A0}\u{200B}\n]{0,3}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let object = prop::collection::btree_map("(name|city|id|industry)", scalar(), 0..3);
    prop_oneof![
        4 => scalar(),
        1 => object.prop_map(|members| json!(members)),
        1 => prop::collection::vec(scalar(), 0..2).prop_map(Value::from),
    ]
}

fn traits() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((name(), value()), 0..60).prop_map(|traits| traits.into_iter().collect())
}

/// No two keys are one field.
fn assert_distinct(fields: &Value) {
    let mut seen = HashSet::new();
    for name in fields.as_object().unwrap().keys() {
        assert!(
            seen.insert(name.to_ascii_lowercase()),
            "{name} twice in {fields}"
        );
    }
}

/// What Salesforce's guides say of the names of custom fields.
fn is_custom_name(name: &str) -> bool {
    let Some(stem) = name
        .to_ascii_lowercase()
        .strip_suffix("__c")
        .map(str::to_owned)
    else {
        return false;
    };
    let parts: Vec<&str> = stem.split("__").collect();
    let is_part = |part: &&str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && !part.ends_with('_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && part.len() <= 40
    };
    parts.len() <= 2 && parts.iter().all(is_part)
}

/// The fields that the Lead table fills, of those that [`traits`] may fill.
const STANDARD: [&str; 8] = [
    "Email",
    "FirstName",
    "LastName",
    "Company",
    "City",
    "Industry",
    "Title",
    "Street",
];

#[test]
fn no_two_keys_of_a_written_record_are_one_field_and_each_can_be_a_fields_name() {
    let runtime = Runtime::new().unwrap();
    let service = runtime.block_on(async { Service::unfitted(&org().build()).await });
    let mut unmapped = destination("dst-1");
    unmapped["Config"]["mapProperties"] = json!(false);
    let config = ProptestConfig::with_cases(64);
    proptest!(config, |(mut traits in traits())| {
        let as_it_is = named("Account", &json!("001A"), json!(traits));
        traits.insert("email".to_owned(), json!("ada@example.com"));
        let lead = identify(json!(traits));
        for (destination, event) in [(&unmapped, &as_it_is), (&unmapped, &lead), (&destination("dst-1"), &lead)] {
            let described = runtime.block_on(described_at(&service, destination, event));
            assert_distinct(&described.fields);
            prop_assert!(described.fields.as_object().unwrap().keys().all(|name| {
                destination == &unmapped || STANDARD.contains(&name.as_str()) || is_custom_name(name)
            }), "{}", described.fields);
        }
    });
}

#[test]
fn the_identifier_of_a_sync_wins_over_every_spelling_of_its_field() {
    let runtime = Runtime::new().unwrap();
    let org = org()
        .custom_field("Contact", "Ext__c", FieldType::Text)
        .build();
    let service = runtime.block_on(async { Service::unfitted(&org).await });
    let destination = destination("dst-1");
    let config = ProptestConfig::with_cases(32);
    proptest!(config, |(traits in traits())| {
        let event = sync("Contact", "Ext__c", &json!("e1"), json!(traits));
        let described = runtime.block_on(described_at(&service, &destination, &event));
        assert_distinct(&described.fields);
        prop_assert_eq!(&described.fields["Ext__c"], &json!("e1"));
    });
}

#[test]
fn the_written_email_is_the_one_that_was_looked_up() {
    let runtime = Runtime::new().unwrap();
    let config = ProptestConfig::with_cases(32);
    let service = runtime.block_on(async { Service::unfitted(&org().build()).await });
    proptest!(config, |(around in "[ \t\n\u{A0}\u{3000}\u{200B}\u{FEFF}]{0,4}", email in "[a-zA-Z]{1,5}@[a-z]{1,5}\\.example")| {
        let event = identify(json!({"email": format!("{around}{email}{around}")}));
        let described = runtime.block_on(described_at(&service, &destination("dst-1"), &event));
        prop_assert_eq!(&described.fields["Email"], &json!(email));
    });
}
