//! What a custom field can be called.

use salesforce_simulator::FieldType;
use serde_json::json;

use super::{ada, described, lead};
use crate::{
    fixtures::{destination, job, org},
    inline::{deliver, inline, statuses},
    service::Service,
};

/// Traits after which no custom field can be called.
fn impossible() -> Vec<String> {
    let names = [
        "",
        " ",
        "a b",
        "a-b",
        "a.b",
        "$a",
        "a$",
        "1a",
        "_a",
        "a_",
        "a__",
        "__c",
        "a___c",
        "é",
        "prénom",
        "名前",
        "a\u{0}",
        "a\"b",
        "a__b__d__c",
    ];
    let too_long = [
        "a".repeat(41),
        format!("{}__c", "a".repeat(41)),
        "a".repeat(100_000),
    ];
    names
        .map(str::to_owned)
        .into_iter()
        .chain(too_long)
        .collect()
}

#[tokio::test]
async fn a_trait_that_can_be_no_field_name_is_left_out_and_named() {
    let service = Service::unfitted(&org().build()).await;
    for name in impossible() {
        let described = described(&service, &ada(json!({&name: 1, "plan": "pro"}))).await;
        assert_eq!(described.fields, lead(json!({"plan__c": "pro"})), "{name}");
        let shown: String = name.chars().take(40).filter(|c| !c.is_control()).collect();
        assert!(
            described.says(shown.trim_end_matches("\"b"), "no field can have this name"),
            "{described:?}"
        );
        assert_eq!(described.explanation.len(), 1, "{described:?}");
        assert!(described.explanation[0].len() < 400, "{described:?}");
    }
}

#[tokio::test]
async fn a_trait_that_can_be_a_field_name_is_sent() {
    let service = Service::unfitted(&org().build()).await;
    let long = "a".repeat(40);
    for (name, field) in [
        ("a", "a__c"),
        ("newProp", "newProp__c"),
        ("new_prop_1", "new_prop_1__c"),
        ("x__c", "x__c"),
        ("X__C", "X__C"),
        ("ns__Field__c", "ns__Field__c"),
        ("ns__Field", "ns__Field__c"),
        (&long, &format!("{long}__c")),
    ] {
        let described = described(&service, &ada(json!({name: 1}))).await;
        assert_eq!(described.fields, lead(json!({field: 1})), "{name}");
    }
}

#[tokio::test]
async fn the_person_is_saved_where_traits_can_be_no_fields() {
    let org = org()
        .custom_field("Lead", "plan__c", FieldType::Text)
        .build();
    let service = inline(&org, &[]).await;
    let mut traits = json!({"plan": "pro"});
    for name in impossible() {
        traits[name] = json!("x");
    }
    let entries = deliver(&service, [job(1, ada(traits), &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [296], "{entries:?}");
    assert_eq!(org.records("Lead")[0]["plan__c"], "pro");
    let metrics = service.get("/metrics").await.text;
    let count = format!(
        r#"traits_changed_total{{reason="field_name"}} {}"#,
        impossible().len()
    );
    assert!(metrics.contains(&count), "{metrics}");
}
