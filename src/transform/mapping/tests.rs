//! Tests of mapping traits to fields.

use serde_json::json;

use super::*;
use crate::{
    config::rules::{Compatibility, Placeholders},
    json::{Writer, value},
};

pub(crate) fn members(traits: &str) -> Members<'static> {
    value(traits).as_members().unwrap()
}

pub(crate) fn rules(compatibility: Compatibility) -> Rules {
    Rules::new(compatibility, Placeholders::Always)
}

/// The fields of a known lead by the documented rules.
fn lead(traits: &str) -> serde_json::Value {
    let known = MappedRecord {
        creates: false,
        ..NEW
    };
    let rules = rules(Compatibility::Documented);
    filled(&mapped(&members(traits), &lead::TABLE, known, &rules).unwrap())
}

/// A record that is created without a lookup.
const NEW: MappedRecord<'static> = MappedRecord {
    email: None,
    creates: true,
    is_named: false,
    is_cleared_by_null: false,
};

fn of_new(table: &'static Table, traits: &str) -> Fields<'static> {
    let rules = rules(Compatibility::Documented);
    mapped(&members(traits), table, NEW, &rules).unwrap()
}

pub(crate) fn of_new_lead(traits: &str) -> Fields<'static> {
    of_new(&lead::TABLE, traits)
}

pub(crate) fn filled(fields: &Fields<'_>) -> serde_json::Value {
    serde_json::from_str(&text(fields)).unwrap()
}

pub(crate) fn text(fields: &Fields<'_>) -> String {
    let mut json = Writer::default();
    fields.write(&mut json);
    json.into_text()
}

#[test]
fn parts_of_company_and_address_fill_their_fields() {
    let traits = r#"{"company":{"name":"N","industry":"I","annualRevenue":0,"employee_count":5},"address":{"city":"C"},"city":"D","country":"X"}"#;
    let expected = json!({"AnnualRevenue":0,"City":"C","Company":"N","Country":"X","Industry":"I","LastName":"n/a","NumberOfEmployees":5});
    assert_eq!(lead(traits), expected);
    assert_eq!(
        lead(r#"{"company":{"industry":"I"}}"#),
        json!({"Company":"n/a","Industry":"I","LastName":"n/a"})
    );
}

#[test]
fn zero_and_false_are_values_and_null_and_empty_text_are_none() {
    let traits = r#"{"zero":0,"no":false,"nothing":null,"empty":"","phone":0,"fax":""}"#;
    assert_eq!(
        lead(traits),
        json!({"Company":"n/a","LastName":"n/a","Phone":0,"zero__c":0,"no__c":false})
    );
}

#[test]
fn a_null_clears_its_field_where_the_destination_wants_that_and_the_field_is_not_required() {
    let known = MappedRecord {
        creates: false,
        is_cleared_by_null: true,
        ..NEW
    };
    let rules = Rules::new(Compatibility::Documented, Placeholders::Never);
    let traits = r#"{"email":null,"firstName":null,"lastName":null,"company":null,"phone":null,"title":"","plan":null,
        "address":{"city":null},"city":"Berlin","pref":{"a":null}}"#;
    let fields = mapped(&members(traits), &lead::TABLE, known, &rules).unwrap();
    assert_eq!(
        filled(&fields),
        json!({"FirstName":null,"Phone":null,"plan__c":null,"City":"Berlin"})
    );
}

#[test]
fn a_required_field_stays_empty_where_placeholders_are_never_filled_in() {
    let rules = Rules::new(Compatibility::Documented, Placeholders::Never);
    let fields = mapped(&members(r#"{"plan":1}"#), &lead::TABLE, NEW, &rules).unwrap();
    assert_eq!(filled(&fields), json!({"plan__c":1}));
}

#[test]
fn a_custom_name_keeps_its_case_and_its_suffix() {
    let traits = r#"{"NewProp":1,"done":0,"done__c":2,"Undone__C":3,"Company":4}"#;
    assert_eq!(
        lead(traits),
        json!({"Company":"n/a","LastName":"n/a","NewProp__c":1,"done__c":2,"Undone__C":3,"Company__c":4})
    );
}

#[test]
fn objects_arrays_and_system_fields_are_left_out_and_named() {
    let traits = r#"{"tags":["a"],"pref":{"b":1},"createdAt":"2026-01-01","isDeleted":false}"#;
    let fields = of_new_lead(traits);
    let named: Vec<String> = fields.changes.iter().map(ToString::to_string).collect();
    assert_eq!(named.len(), 4);
    assert!(
        named[0].contains("CreatedDate")
            && named[1].contains("IsDeleted")
            && named[2].contains("tags")
            && named[3].contains("pref")
    );
    assert_eq!(filled(&fields), json!({"Company":"n/a","LastName":"n/a"}));
}

#[test]
fn a_structure_in_the_place_of_a_value_is_named_and_one_that_is_read_from_is_not() {
    let traits = r#"{"title":{"a":1},"company":{"industry":"I"},"address":{"city":["x"]}}"#;
    let fields = of_new_lead(traits);
    let named: Vec<_> = fields
        .changes
        .iter()
        .map(|change| (change.reason(), change.trait_name().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            ("structure", "address.city".to_owned()),
            ("structure", "title".to_owned())
        ]
    );
}

#[test]
fn a_later_event_for_the_same_new_record_wins_and_its_gaps_do_not() {
    let mut fields = of_new_lead(r#"{"email":"a@b.c","name":"A B","company":"C","plan":"free"}"#);
    fields.absorb(of_new_lead(
        r#"{"email":"a@b.c","firstName":"X","plan":"pro"}"#,
    ));
    let expected =
        json!({"Company":"C","Email":"a@b.c","FirstName":"X","LastName":"B","plan__c":"pro"});
    assert_eq!(filled(&fields), expected);
}

#[test]
fn traits_as_they_are_keep_every_value_and_every_digit() {
    let traits = r#"{"n":12345678901234567890,"x":null,"y":"","z":{"a":[1]}}"#;
    for set in [Compatibility::Documented, Compatibility::Stock] {
        assert_eq!(text(&as_they_are(&members(traits), &rules(set))), traits);
    }
}
