//! Tests of resolving templates.

use serde_json::{Value as JsonValue, json};

use super::*;

/// The resolved entry, as text.
fn text(entry: &str) -> Option<String> {
    let entry = Document::read(entry).unwrap();
    let entry = entry.root().as_object().unwrap();
    let destination = entry.get("destination").unwrap();
    if !may_have_templates(destination) {
        return None;
    }
    let unlimited = |_| Ok::<(), ()>(());
    match resolved(entry, destination, usize::MAX, unlimited).unwrap()? {
        ResolvedEntry::Entry(document) => Some(document.root().json().to_owned()),
        ResolvedEntry::TooLong { length, .. } => panic!("{length} bytes are too long"),
    }
}

/// The resolved config and the traits that are left, for a template and the traits of an event.
fn outcome(template: &str, traits: &JsonValue) -> (JsonValue, JsonValue) {
    let entry = json!({"message": {"traits": traits}, "metadata": {"jobId": 1}, "destination": {"ID": "d", "Config": {"x": template}}}).to_string();
    match text(&entry) {
        Some(text) => {
            let resolved: JsonValue = serde_json::from_str(&text).unwrap();
            (
                resolved["destination"]["Config"]["x"].clone(),
                resolved["message"]["traits"].clone(),
            )
        }
        None => (json!(template), traits.clone()),
    }
}

#[test]
fn a_value_replaces_its_template_with_its_type_and_leaves_the_event() {
    for value in [json!("FOO"), json!(1), json!(0), json!(""), json!({"a": 1})] {
        for path in ["message.traits.foo", "event.traits.foo"] {
            let expected = (value.clone(), json!({"bar": 2}));
            assert_eq!(
                outcome(
                    &format!("  {{{{ {path} || \"d\" }}}} "),
                    &json!({"foo": value, "bar": 2})
                ),
                expected
            );
        }
    }
}

#[test]
fn null_and_absence_give_the_default_without_its_quotes() {
    for (template, expected) in [
        (r#"{{ message.traits.foo || "d" }}"#, "d"),
        (r#"{{ message.traits.nope || "de f" }}"#, "de f"),
        ("{{message.traits.nope||dd}}", "dd"),
        ("{{ message.traits.nope || }}", ""),
        (r#"{{ message.traits.nope || "a" || "b" }}"#, "a || b"),
        ("{{ message.traits.nope || 'd' }}", "'d'"),
        (r#"{{ message.constructor.name || "d" }}"#, "d"),
        (r#"{{ message.__proto__.x || "d" }}"#, "d"),
    ] {
        assert_eq!(
            outcome(template, &json!({"foo": null})),
            (json!(expected), json!({"foo": null})),
            "{template}"
        );
    }
}

#[test]
fn metadata_and_destination_are_read_and_stay_whole() {
    let entry = r#"{"message":{},"metadata":{"jobId":1},"destination":{"ID":"d","Config":{"a":"{{ metadata.jobId || x }}","b":"{{ destination.ID || x }}"}}}"#;
    let text = text(entry).unwrap();
    let expected = r#"{"message":{},"metadata":{"jobId":1},"destination":{"ID":"d","Config":{"a":1,"b":"d"}}}"#;
    assert_eq!(text, expected);
}

#[test]
fn what_is_no_template_stays() {
    for text in [
        "{{ message.traits.foo }}",
        "a {{ message.traits.foo || b }}",
        "{{ message.traits.foo || b }} c",
        "{{ message.a-b || c }}",
        "{{ arr.0 || c }}",
        "{{{ message.traits.foo || d }}}",
    ] {
        assert_eq!(
            outcome(text, &json!({"foo": 1})),
            (json!(text), json!({"foo": 1})),
            "{text}"
        );
    }
}

#[test]
fn of_two_templates_with_one_path_the_first_gets_the_value() {
    let template = "{{ message.traits.foo || d }}";
    let entry = json!({"message": {"traits": {"foo": "F"}}, "destination": {"Config": {"a": template, "b": [template]}}}).to_string();
    let text = text(&entry).unwrap();
    let resolved: JsonValue = serde_json::from_str(&text).unwrap();
    assert_eq!(
        resolved["destination"]["Config"],
        json!({"a": "F", "b": ["d"]})
    );
}

#[test]
fn a_destination_can_say_that_it_has_no_templates() {
    let entry = r#"{"message":{"a":1},"destination":{"hasDynamicConfig":false,"Config":{"x":"{{ message.a || d }}"}}}"#;
    assert_eq!(text(entry), None);
}

#[test]
fn numbers_keep_their_digits() {
    let entry = r#"{"message":{"n":12345678901234567890},"destination":{"Config":{"x":"{{ message.a || d }}"}}}"#;
    assert!(text(entry).unwrap().contains("12345678901234567890"));
}

#[test]
fn an_entry_that_templates_enlarge_is_measured_before_it_is_written() {
    let config: Vec<&str> = vec!["{{ metadata.x || }}"; 1_000];
    let big = "x".repeat(1_000);
    let entry =
        json!({"message": {}, "metadata": {"x": big}, "destination": {"Config": {"x": config}}})
            .to_string();
    let entry = Document::read(entry).unwrap();
    let entry = entry.root().as_object().unwrap();
    let destination = entry.get("destination").unwrap();
    let mut asked = 0;
    let reserve = |bytes| {
        asked += bytes;
        Ok::<(), ()>(())
    };
    let length = match resolved(entry, destination, 100_000, reserve).unwrap() {
        Some(ResolvedEntry::TooLong {
            length,
            most: 100_000,
        }) => length,
        other => panic!("{other:?}"),
    };
    assert!((1_000_000..1_010_000).contains(&length), "{length}");
    assert_eq!(asked, 0);
}
