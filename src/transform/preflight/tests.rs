//! Tests of preflight: each row of its table in `docs/behaviour.md`.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its fields where it needs them: object(vec![json!({…})])"
)]

mod properties;
mod values;

use serde_json::{Value, json};

use super::{ChangeDetail, Fitting, Mode, fit};
use crate::{
    config::rules::Compatibility,
    salesforce::{address::Effect, describe::ObjectDescription},
    transform::{
        error::EventError,
        mapping::{
            Fields, as_they_are,
            tests::{filled, members, of_new_lead, rules},
        },
    },
};

/// A field as Salesforce describes it, with attributes in addition to the usual ones.
fn field(name: &str, kind: &str, more: Value) -> Value {
    let mut field = json!({
        "name": name, "type": kind, "createable": true, "updateable": true, "nillable": true, "defaultedOnCreate": false,
        "externalId": false, "unique": false, "length": 0, "precision": 0, "scale": 0, "digits": 0,
    });
    let Value::Object(more) = more else {
        panic!("attributes are an object")
    };
    field.as_object_mut().unwrap().extend(more);
    field
}

fn values(values: &[(&str, &str)]) -> Value {
    let value =
        |(value, label): &(&str, &str)| json!({"value": value, "label": label, "active": true});
    values.iter().map(value).collect()
}

fn object(fields: Vec<Value>) -> ObjectDescription {
    let object =
        json!({"queryable": true, "createable": true, "updateable": true, "fields": fields});
    serde_json::from_str(&object.to_string()).unwrap()
}

/// The leads of an org.
fn lead() -> ObjectDescription {
    object(vec![
        field(
            "LastName",
            "string",
            json!({"length": 80, "nillable": false}),
        ),
        field(
            "Company",
            "string",
            json!({"length": 255, "nillable": false}),
        ),
        field("Email", "email", json!({"length": 80})),
        field("Phone", "phone", json!({"length": 40})),
        field("Website", "url", json!({"length": 20})),
        field("Title", "string", json!({"length": 10})),
        field("Description", "textarea", json!({"length": 20})),
        field(
            "Industry",
            "picklist",
            json!({"length": 255, "picklistValues": values(&[("Energy", "Energy")])}),
        ),
        field(
            "AnnualRevenue",
            "currency",
            json!({"precision": 18, "scale": 0}),
        ),
        field("NumberOfEmployees", "int", json!({"digits": 8})),
        field(
            "CreatedDate",
            "datetime",
            json!({"createable": false, "updateable": false}),
        ),
        field(
            "Source__c",
            "string",
            json!({"length": 20, "updateable": false}),
        ),
        field(
            "Stage__c",
            "string",
            json!({"length": 20, "createable": false}),
        ),
        field("Plan__c", "string", json!({"length": 20})),
        field("First_Purchase__c", "date", json!({})),
        field(
            "Key__c",
            "string",
            json!({"length": 10, "externalId": true, "unique": true}),
        ),
        field("Serial__c", "string", json!({"length": 10, "unique": true})),
        field(
            "Rating",
            "picklist",
            json!({"length": 255, "restrictedPicklist": true, "picklistValues": values(&[("hot", "Very hot"), ("cold", "Cold")])}),
        ),
        field(
            "Tier__c",
            "picklist",
            json!({"length": 255, "restrictedPicklist": false, "picklistValues": values(&[("gold", "Gold")])}),
        ),
        field(
            "Tags__c",
            "multipicklist",
            json!({"length": 4099, "restrictedPicklist": true, "picklistValues": values(&[("a", "A"), ("b", "Letter b"), ("c", "c")])}),
        ),
        field("Score__c", "double", json!({"precision": 5, "scale": 2})),
        field("Active__c", "boolean", json!({"nillable": false})),
        field("Day__c", "date", json!({})),
        field("At__c", "datetime", json!({})),
        field("Time__c", "time", json!({})),
        field(
            "OwnerId",
            "reference",
            json!({"nillable": false, "defaultedOnCreate": true, "referenceTo": ["Group", "User"], "relationshipName": "Owner"}),
        ),
        field(
            "Partner__c",
            "reference",
            json!({"referenceTo": ["Account"], "relationshipName": "Partner__r"}),
        ),
        field("Odd__c", "sundial", json!({})),
        field("State", "string", json!({"length": 80})),
        field(
            "StateCode",
            "picklist",
            json!({"length": 10, "picklistValues": values(&[("CA", "California"), ("WA", "Washington"), ("WA", "Western Australia")])}),
        ),
        field("Country", "string", json!({"length": 80})),
        field(
            "CountryCode",
            "picklist",
            json!({"length": 10, "picklistValues": values(&[("US", "United States"), ("AU", "Australia")])}),
        ),
    ])
}

/// An event's request after preflight, and each change as `field: reason`.
#[derive(Debug)]
struct Done {
    fields: Value,
    changes: Vec<String>,
}

const FIX: Mode = Mode::Fix;

fn run(
    fields: &mut Fields<'_>,
    object: &ObjectDescription,
    effect: Effect,
    mode: Mode,
) -> Result<Done, EventError> {
    let fitting = Fitting {
        description: object,
        effect,
        mode,
        key: Some("Key__c"),
        is_part: false,
        detail: ChangeDetail::Everything,
        refused: &[],
    };
    fit(fields, &fitting)?;
    let named = fields.changes.iter().map(|change| {
        let name = change.field().or_else(|| change.trait_name()).unwrap();
        format!("{name}: {}", change.reason())
    });
    Ok(Done {
        fields: filled(fields),
        changes: named.collect(),
    })
}

/// The traits of an update, sent as they are.
fn fitted(traits: &str) -> Done {
    let mut fields = as_they_are(&members(traits), &rules(Compatibility::Documented));
    run(&mut fields, &lead(), Effect::Update, FIX).unwrap()
}

/// The traits of a lead that is updated, mapped.
fn mapped(traits: &str) -> Done {
    let mut fields = of_new_lead(traits);
    run(&mut fields, &lead(), Effect::Update, FIX).unwrap()
}

#[track_caller]
fn assert_done(done: &Done, fields: Value, changes: &[&str]) {
    assert_eq!(done.fields, fields);
    assert_eq!(done.changes, changes);
}

#[test]
fn fields_that_fit_stay_as_they_are() {
    let traits = r#"{"LastName":"Doe","Title":"\u00c4rztin","Email":"a@b.c","Score__c":12.5,"Active__c":true,"Rating":"hot","Tags__c":"a;b",
        "Day__c":"2026-01-31","At__c":"2026-01-31T08:00:00Z","OwnerId":"0055e00000B9cDe","NumberOfEmployees":5,"Odd__c":1,"Tier__c":"new","Phone":null}"#;
    let fields: Value = serde_json::from_str(traits).unwrap();
    assert_done(&fitted(traits), fields, &[]);
}

#[test]
fn a_name_in_other_letter_case_becomes_the_orgs_spelling() {
    assert_done(
        &fitted(r#"{"title":"CEO","PLAN__C":"pro"}"#),
        json!({"Title":"CEO","Plan__c":"pro"}),
        &["title: other_case", "PLAN__C: other_case"],
    );
}

#[test]
fn a_trait_without_a_custom_field_goes_into_the_writable_standard_field_of_its_name() {
    let done = mapped(
        r#"{"industry":"Energy","AnnualRevenue":5,"numberOfEmployees":7,"CREATEDDATE":"2026-01-31"}"#,
    );
    assert_done(
        &done,
        json!({"LastName":"n/a","Company":"n/a","Industry":"Energy","AnnualRevenue":5,"NumberOfEmployees":7}),
        &[
            "industry__c: standard_field",
            "AnnualRevenue__c: standard_field",
            "numberOfEmployees__c: standard_field",
            "CREATEDDATE__c: unknown_field",
        ],
    );
    assert_done(
        &fitted(r#"{"Industry__c":"Energy"}"#),
        json!({}),
        &["Industry__c: unknown_field"],
    );
}

#[test]
fn an_unknown_field_is_left_out_with_the_nearest_name() {
    let explained = |traits| {
        let mut fields = of_new_lead(traits);
        run(&mut fields, &lead(), Effect::Update, FIX).unwrap();
        fields.changes.iter().next().unwrap().to_string()
    };
    assert_eq!(
        explained(r#"{"plann":1}"#),
        "the field plann__c is left out: the object has no such field, or the user may not see it; the nearest name is Plan__c"
    );
    assert_eq!(
        explained(r#"{"zodiac":1}"#),
        "the field zodiac__c is left out: the object has no such field, or the user may not see it"
    );
    assert!(
        explained(r#"{"first purchase":"x"}"#)
            .ends_with("at most 40 characters); the nearest name is First_Purchase__c")
    );
}

#[test]
fn a_name_that_no_field_can_have_is_left_out() {
    let traits = r#"{"first purchase":1,"a.b":1,"größe":1,"2fa":1}"#;
    let names = ["first purchase", "a.b", "größe", "2fa"];
    let changes = names.map(|name| format!("{name}: field_name"));
    assert_eq!(mapped(traits).changes, changes);
    assert_done(
        &fitted(traits),
        json!({}),
        &changes.each_ref().map(String::as_str),
    );
}

#[test]
fn a_field_is_left_out_for_the_operation_that_cannot_write_it() {
    let traits = r#"{"Source__c":"ad","Stage__c":"new"}"#;
    for (effect, fields, changes) in [
        (
            Effect::Create,
            json!({"Source__c":"ad"}),
            vec![
                "Stage__c: not_createable",
                "LastName: required_missing",
                "Company: required_missing",
            ],
        ),
        (
            Effect::Update,
            json!({"Stage__c":"new"}),
            vec!["Source__c: not_updateable"],
        ),
        (
            Effect::Upsert,
            json!({}),
            vec!["Source__c: not_updateable", "Stage__c: not_createable"],
        ),
    ] {
        let mut given = as_they_are(&members(traits), &rules(Compatibility::Documented));
        assert_done(
            &run(&mut given, &lead(), effect, FIX).unwrap(),
            fields,
            &changes,
        );
    }
}

#[test]
fn of_two_traits_of_one_field_the_later_wins() {
    let changes = ["plan__c: other_case", "plan__c: same_field"];
    for traits in [r#"{"plan__c":"free","Plan__c":"pro"}"#] {
        for set in [Compatibility::Documented, Compatibility::Stock] {
            let mut fields = as_they_are(&members(traits), &rules(set));
            let done = run(&mut fields, &lead(), Effect::Update, FIX).unwrap();
            assert_eq!(done.fields, json!({"Plan__c":"pro"}));
            if set == Compatibility::Stock {
                assert_eq!(done.changes, changes);
            }
        }
    }
    assert_eq!(
        mapped(r#"{"industry":"Energy","Industry":"Food"}"#).fields["Industry"],
        json!("Food")
    );
}

#[test]
fn a_trait_that_only_resembles_a_standard_field_does_not_replace_its_own_trait() {
    let done = mapped(r#"{"Title":"guess","title":"own","Company":"C"}"#);
    assert_done(
        &done,
        json!({"Title":"own","LastName":"n/a","Company":"C"}),
        &[
            "Title__c: standard_field",
            "Title__c: same_field",
            "Company__c: standard_field",
        ],
    );
}

#[test]
fn a_required_field_that_nothing_fills_is_named_on_create_and_sent_all_the_same() {
    let run = |traits, effect| {
        let mut fields = as_they_are(&members(traits), &rules(Compatibility::Documented));
        run(&mut fields, &lead(), effect, FIX).unwrap()
    };
    let done = run(r#"{"LastName":"","Title":"CEO"}"#, Effect::Create);
    let missing = ["LastName: required_missing", "Company: required_missing"];
    assert_done(&done, json!({"LastName":"","Title":"CEO"}), &missing);
    assert_eq!(run(r#"{"Title":"CEO"}"#, Effect::Update).changes, [""; 0]);
    assert_eq!(run(r#"{"Title":"CEO"}"#, Effect::Upsert).changes, [""; 0]);
}

#[test]
fn the_key_is_never_cut_or_left_out_where_a_record_may_be_created() {
    for (traits, effect) in [
        (r#"{"Key__c":"12345678901"}"#, Effect::Create),
        (r#"{"Key__c":"12345678901"}"#, Effect::Update),
        (r#"{"Key__c":"12345678901"}"#, Effect::Upsert),
        (r#"{"Key__c":["a"]}"#, Effect::Create),
    ] {
        let mut fields = as_they_are(&members(traits), &rules(Compatibility::Documented));
        let error = run(&mut fields, &lead(), effect, FIX).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(matches!(&error, EventError::KeyDoesNotFit { field, .. } if **field == *"Key__c"));
        assert!(!error.to_string().contains("1234"));
    }
}

#[test]
fn warn_notes_every_change_and_makes_none() {
    let traits = r#"{"title":"CEO","Score__c":"42","zodiac":"fish","Key__c":"12345678901"}"#;
    let mut fields = as_they_are(&members(traits), &rules(Compatibility::Documented));
    let done = run(&mut fields, &lead(), Effect::Update, Mode::Warn).unwrap();
    let expected = [
        "title: other_case",
        "Score__c: converted",
        "zodiac: unknown_field",
        "Key__c: too_long",
    ];
    assert_done(&done, serde_json::from_str(traits).unwrap(), &expected);
}

#[test]
fn a_nested_object_that_names_a_parent_is_kept_and_any_other_structure_is_left_out() {
    let traits = r#"{"partner__R":{"Domain__c":"acme.com"},"tags":["A","zz"],"prefs":{"a":1},"list":[1],"plan":{"a":1}}"#;
    let done = mapped(traits);
    assert_done(
        &done,
        json!({"LastName":"n/a","Company":"n/a","Partner__r":{"Domain__c":"acme.com"},"Tags__c":"a"}),
        &[
            "prefs: structure",
            "list: structure",
            "plan: structure",
            "partner__R__c: other_case",
            "tags__c: other_case",
            "tags__c: not_in_picklist",
        ],
    );
    assert_done(
        &fitted(
            r#"{"Partner__r":{"Domain__c":"acme.com"},"Title":{"a":1},"Plan__c":[1],"prefs":{"a":1},"Partner__c":{"a":1}}"#,
        ),
        json!({"Partner__r":{"Domain__c":"acme.com"}}),
        &[
            "Title: structure",
            "Plan__c: structure",
            "prefs: unknown_field",
            "Partner__c: structure",
        ],
    );
}

#[test]
fn the_id_of_a_parent_takes_precedence_over_a_nested_object_of_a_mapped_trait() {
    let done = mapped(r#"{"Partner__r":{"Domain__c":"acme.com"},"Partner__c":"0015e00000B9cDe"}"#);
    assert_eq!(done.fields["Partner__c"], json!("0015e00000B9cDe"));
    assert_eq!(done.changes, ["Partner__r: structure"]);
}

#[test]
fn fields_that_salesforce_refuses_again_and_again_are_left_out() {
    let mut fields = as_they_are(
        &members(r#"{"Title":"CEO","Plan__c":"pro"}"#),
        &rules(Compatibility::Documented),
    );
    let object = lead();
    let fitting = Fitting {
        description: &object,
        effect: Effect::Update,
        mode: FIX,
        key: None,
        is_part: false,
        detail: ChangeDetail::Everything,
        refused: &["plan__c".into()],
    };
    fit(&mut fields, &fitting).unwrap();
    assert_eq!(filled(&fields), json!({"Title":"CEO"}));
    assert_eq!(
        fields.changes.iter().next().unwrap().reason(),
        "refused_by_salesforce"
    );
}
