//! Everything that is left out of a lead is named in `explanation`, with the reason, and counted by it.

use serde_json::{Value, json};

use super::{ada, described, lead};
use crate::{
    fixtures::{destination, job, org},
    inline::{deliver, inline, statuses},
    service::{Service, assert_says},
};

/// Traits of which something is left out: the fields that they fill, and for each thing its name and the reason.
type Case = (Value, Value, Vec<(&'static str, &'static str)>);

const STRUCTURE: &str = "an object or array cannot be a field's value";
const NOT_NAME: &str = "a name must be a text";
const NOT_OBJECT: &str = "it must be an object";
const NO_FIELD: &str = "no field is filled from it";
const AFTER: &str = "takes precedence";

fn cases() -> Vec<Case> {
    let mut cases = structures();
    cases.extend(names());
    cases.extend(parts());
    cases
}

/// Objects and arrays, and what is none where one is expected.
fn structures() -> Vec<Case> {
    vec![
        (
            json!({"address": "1 Main St"}),
            json!({}),
            vec![("\"address\"", NOT_OBJECT)],
        ),
        (
            json!({"address": ["x"]}),
            json!({}),
            vec![("\"address\"", NOT_OBJECT)],
        ),
        (
            json!({"address": 5}),
            json!({}),
            vec![("\"address\"", NOT_OBJECT)],
        ),
        (
            json!({"address": false}),
            json!({}),
            vec![("\"address\"", NOT_OBJECT)],
        ),
        (
            json!({"address": "1 Main St", "city": "London"}),
            json!({"City": "London"}),
            vec![("\"address\"", NOT_OBJECT)],
        ),
        (
            json!({"company": ["x"]}),
            json!({}),
            vec![("\"company\"", STRUCTURE)],
        ),
        (
            json!({"company": {"name": {}}}),
            json!({}),
            vec![("\"company.name\"", STRUCTURE)],
        ),
        (
            json!({"address": {"city": []}}),
            json!({}),
            vec![("\"address.city\"", STRUCTURE)],
        ),
        (
            json!({"address": {"city": "London"}, "city": {}}),
            json!({"City": "London"}),
            vec![("\"city\"", STRUCTURE)],
        ),
        (
            json!({"title": {"a": 1}}),
            json!({}),
            vec![("\"title\"", STRUCTURE)],
        ),
        (
            json!({"tags": []}),
            json!({}),
            vec![("\"tags\"", STRUCTURE)],
        ),
        (json!({"a b": {}}), json!({}), vec![("\"a b\"", STRUCTURE)]),
    ]
}

/// What is no name, and names of which not all is written.
fn names() -> Vec<Case> {
    let ann_lee = || json!({"FirstName": "Ann", "LastName": "Lee"});
    let mut cases = vec![
        (
            json!({"name": "Ann Lee", "firstName": "Anna"}),
            json!({"FirstName": "Anna", "LastName": "Lee"}),
            vec![("\"name\"", AFTER)],
        ),
        (
            json!({"name": "Ann van Lee"}),
            ann_lee(),
            vec![("\"name\"", "the middle")],
        ),
        (
            json!({"name": ["x"], "firstName": "Ann", "lastName": "Lee"}),
            ann_lee(),
            vec![("\"name\"", NOT_NAME)],
        ),
    ];
    for no_text in [
        json!(["x"]),
        json!([]),
        json!({}),
        json!({"a": 1}),
        json!(true),
        json!(false),
        json!(0),
    ] {
        cases.push((
            json!({"name": no_text}),
            json!({}),
            vec![("\"name\"", NOT_NAME)],
        ));
        cases.push((
            json!({"firstName": no_text}),
            json!({}),
            vec![("\"firstName\"", NOT_NAME)],
        ));
        cases.push((
            json!({"lastName": no_text, "name": "Ann Lee"}),
            ann_lee(),
            vec![("\"lastName\"", NOT_NAME)],
        ));
    }
    cases
}

/// What no field takes, or another trait fills already.
fn parts() -> Vec<Case> {
    vec![
        (
            json!({"age": 36, "anonymousId": "a", "avatar": "a", "birthday": "1815-12-10", "gender": "f"}),
            json!({}),
            [
                "\"age\"",
                "\"anonymousId\"",
                "\"avatar\"",
                "\"birthday\"",
                "\"gender\"",
            ]
            .map(|name| (name, NO_FIELD))
            .to_vec(),
        ),
        (
            json!({"company": {"name": "Acme", "id": "c-1", "plan": null}}),
            json!({"Company": "Acme"}),
            vec![("\"company.id\"", NO_FIELD)],
        ),
        (
            json!({"address": {"city": "London", "zip": "N1"}}),
            json!({"City": "London"}),
            vec![("\"address.zip\"", NO_FIELD)],
        ),
        (
            json!({"address": {"city": "London"}, "city": "Paris"}),
            json!({"City": "London"}),
            vec![("\"city\"", AFTER)],
        ),
        (
            json!({"address": {"city": "London"}, "city": "London"}),
            json!({"City": "London"}),
            vec![],
        ),
        (
            json!({"company.name": "Acme", "company": {"industry": "Computing"}}),
            json!({"Company": "Acme", "Industry": "Computing"}),
            vec![],
        ),
        (
            json!({"company.name": "Acme", "company": {"name": "Other"}}),
            json!({"Company": "Acme"}),
            vec![("\"company.name\"", AFTER)],
        ),
        (
            json!({"createdAt": "2026-01-01", "accuracy": 1}),
            json!({}),
            vec![
                ("CreatedDate", "Salesforce sets it itself"),
                ("Accuracy", "the object has no such field"),
            ],
        ),
    ]
}

#[tokio::test]
async fn everything_that_is_left_out_is_explained() {
    let service = Service::unfitted(&org().build()).await;
    for (traits, fields, left_out) in cases() {
        let described = described(&service, &ada(traits.clone())).await;
        assert_eq!(described.fields, lead(fields), "{traits}");
        for (name, why) in &left_out {
            assert!(described.says(name, why), "{traits} {name}: {described:?}");
        }
        assert_eq!(described.explanation.len(), left_out.len(), "{described:?}");
    }
}

#[tokio::test]
async fn what_says_nothing_is_not_said_to_be_left_out() {
    let service = Service::unfitted(&org().build()).await;
    for nothing in [json!(null), json!(""), json!(" ")] {
        let traits = json!({
            "address": nothing, "name": nothing, "firstName": nothing, "age": nothing, "company": {"id": nothing}, "a b": nothing,
            "createdAt": nothing, "x": nothing,
        });
        let described = described(&service, &ada(traits)).await;
        assert_eq!(described.fields, lead(json!({})), "{nothing}");
        assert!(described.explanation.is_empty(), "{described:?}");
    }
}

#[tokio::test]
async fn of_more_than_a_person_reads_only_the_number_is_told() {
    let service = Service::unfitted(&org().build()).await;
    let traits: Value = (0..150)
        .map(|n| (format!("no field {n}"), json!(1)))
        .collect();
    let described = described(&service, &ada(traits)).await;
    assert_eq!(described.explanation.len(), 101);
    assert_eq!(described.explanation[100], "50 more changes are not listed");
}

#[tokio::test]
async fn what_is_left_out_is_counted_by_its_reason_whoever_writes_the_record() {
    let traits = json!({
        "address": "1 Main St", "name": "Ann van Lee", "firstName": {}, "age": 36, "a b": 1, "tags": [], "createdAt": "2026",
        "accuracy": 1, "Plan": 1, "plan": 2,
    });
    let reasons = [
        "not_object",
        "middle_of_name",
        "not_name",
        "no_field",
        "field_name",
        "structure",
        "system_field",
        "missing_field",
        "same_field",
    ];
    let event = || job(1, ada(traits.clone()), &destination("dst-1"));
    let org = org()
        .custom_field("Lead", "plan__c", salesforce_simulator::FieldType::Number)
        .build();
    let described = Service::unfitted(&org).await;
    described.router([event()]).await;
    let written = inline(&org, &[]).await;
    assert_eq!(statuses(&deliver(&written, [event()]).await), [296]);
    for service in [described, written] {
        let metrics = service.get("/metrics").await.text;
        for reason in reasons {
            assert_says(
                &metrics,
                &format!(r#"traits_changed_total{{reason="{reason}"}} 1"#),
            );
        }
    }
}
