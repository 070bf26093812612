//! Scanning, reading, changing and writing JSON, compared with `serde_json`.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// The repeating key of these texts.
const REPEATING: &str = "same";

fn document(text: &str) -> Document<'_> {
    Document::read_within(text, Some(REPEATING), |_| Ok::<(), ()>(())).unwrap()
}

/// The value at a path of a JSON object, as JSON.
fn at<'t>(document: &'t Document<'_>, path: &str) -> Option<&'t str> {
    document
        .root()
        .as_object()
        .unwrap()
        .at(path)
        .map(Value::json)
}

#[test]
fn a_key_spelled_like_the_path_comes_before_the_nested_value() {
    assert_eq!(at(&document(r#"{"a.b":1,"a":{"b":2}}"#), "a.b"), Some("1"));
}

#[test]
fn a_path_is_walked_through_objects_joined_keys_and_arrays() {
    let document = document(r#"{"a":{"b.c":3,"d":[{"e":4}]}}"#);
    assert_eq!(at(&document, "a.b.c"), Some("3"));
    assert_eq!(at(&document, "a.d.0.e"), Some("4"));
    assert_eq!(at(&document, "a.b"), None);
    assert_eq!(at(&document, "a.d.x"), None);
}

#[test]
fn a_repeated_key_takes_its_last_value_and_keeps_its_place() {
    let document = document(r#"{"a":1,"b":2,"a":3}"#);
    assert_eq!(at(&document, "a"), Some("3"));
    let members = document.root().as_members().unwrap();
    assert_eq!(members.to_json(), r#"{"a":3,"b":2}"#);
}

#[test]
fn many_members_are_distinct_too() {
    let many: Vec<String> = (0..100)
        .map(|key| format!("\"{}\":{key}", key % 50))
        .collect();
    let text = format!("{{{}}}", many.join(","));
    let members = document(&text).root().as_members().unwrap().to_json();
    let expected: Vec<String> = (0..50)
        .map(|key| format!("\"{key}\":{}", key + 50))
        .collect();
    assert_eq!(members, format!("{{{}}}", expected.join(",")));
}

#[test]
fn a_key_is_known_by_what_its_escapes_mean() {
    let document = document(r#"{"\u0061\"":1,"b":"\n"}"#);
    assert_eq!(at(&document, "a\""), Some("1"));
    assert_eq!(at(&document, "b"), Some(r#""\n""#));
}

#[test]
fn numbers_keep_their_digits() {
    assert_eq!(
        at(&document(r#"{"n":12345678901234567890.10}"#), "n"),
        Some("12345678901234567890.10")
    );
}

#[test]
fn truth_is_javascripts() {
    for falsy in ["null", "false", "0", "-0", "0.0", "0e9", "\"\""] {
        assert!(!document(falsy).root().is_truthy(), "{falsy}");
    }
    for truthy in ["true", "1", "\"0\"", "\"false\"", "[]", "{}"] {
        assert!(document(truthy).root().is_truthy(), "{truthy}");
    }
}

#[test]
fn debug_shows_no_content() {
    let document = document(r#""jane@example.com""#);
    assert_eq!(format!("{:?}", document.root()), "<a text of 18 bytes>");
    assert_eq!(format!("{document:?}"), "<JSON of 18 bytes>");
}

#[test]
fn a_repeated_object_is_the_same_value() {
    let text =
        r#"[{"same":{"ID":"d","c":[1]}},{"same":{"ID":"e"}},{"same":{"ID":"d","c":[1]},"x":2}]"#;
    let document = document(text);
    let entries = document.root().as_array().unwrap();
    let objects: Vec<_> = entries
        .iter()
        .map(|entry| entry.as_object().unwrap().get("same").unwrap())
        .collect();
    assert!(objects[2].is(objects[0]) && !objects[1].is(objects[0]));
    let third = entries[2].as_object().unwrap();
    assert_eq!(third.at("same.c.0").unwrap().json(), "1");
    assert_eq!(third.get("x").unwrap().json(), "2");
    assert_eq!(entries[2].json(), r#"{"same":{"ID":"d","c":[1]},"x":2}"#);
}

#[test]
fn many_different_objects_are_all_found_where_they_are() {
    let entry = |n: usize| format!(r#"{{"same":{{"ID":{}}},"n":{n}}}"#, n % 20);
    let entries: Vec<String> = (0..60).map(entry).collect();
    let text = format!("[{}]", entries.join(","));
    let document = document(&text);
    let elements = document.root().as_array().unwrap();
    for (n, element) in elements.into_iter().enumerate() {
        assert_eq!(element.json(), entry(n));
        let object = element.at("same.ID").unwrap();
        assert_eq!(object.json(), (n % 20).to_string());
        assert_eq!(element.at("n").unwrap().json(), n.to_string());
    }
}

#[test]
fn members_keep_their_keys_distinct_however_many_there_are() {
    let mut members = Distinct::default();
    let key = |n: usize| std::borrow::Cow::Owned(format!("key{n}"));
    for n in 0..100 {
        members.set(key(n), n);
    }
    members.retain(|_, n| n % 2 == 0);
    for n in 0..100 {
        members.set_absent(key(n), || 1_000 + n);
        members.set(key(n), n);
    }
    let keys: std::collections::HashSet<_> = members.iter().map(|(key, _)| key).collect();
    assert_eq!((keys.len(), members.iter().count()), (100, 100));
}

#[test]
fn a_flaw_is_found_at_any_depth_and_in_each_repetition() {
    for (json, flaw) in [
        (r#"{"a":["\ud800"]}"#, Unencodable::LoneSurrogate),
        (r#"{"\udc00":1}"#, Unencodable::LoneSurrogate),
        (r#""\ud83d\u0041""#, Unencodable::LoneSurrogate),
        (r#""\uD83Dx""#, Unencodable::LoneSurrogate),
        ("1e400", Unencodable::NumberOutOfRange),
        ("[-1E+400]", Unencodable::NumberOutOfRange),
        (&"9".repeat(400), Unencodable::NumberOutOfRange),
    ] {
        assert_eq!(document(json).root().flaw(), Some(flaw), "{json}");
        let twice = format!(r#"[{{"same":{{"x":{json}}}}},1,{{"same":{{"x":{json}}}}}]"#);
        let document = document(&twice);
        let flaws: Vec<_> = document.root().as_array().unwrap();
        let flaws: Vec<_> = flaws.into_iter().map(Value::flaw).collect();
        assert_eq!(flaws, [Some(flaw), None, Some(flaw)], "{json}");
    }
}

#[test]
fn what_a_receiver_can_read_has_no_flaw() {
    for json in [
        r#""\ud83d\ude00""#,
        r#""1e400""#,
        r#""\\ud800""#,
        "1e-400",
        "1.5E3",
        "12345678901234567890123",
        r#"{"é\u00e9":[null,true]}"#,
    ] {
        assert_eq!(document(json).root().flaw(), None, "{json}");
    }
}

#[test]
fn more_nesting_than_a_decoder_follows_is_found_without_a_stack_of_its_own() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(document(&nested(places::MAX_DEPTH)).root().flaw(), None);
    assert_eq!(
        document(&nested(500_000)).root().flaw(),
        Some(Unencodable::TooDeep)
    );
    let wide = format!("[{}]", vec!["[]"; 5_000].join(","));
    assert_eq!(document(&wide).root().flaw(), None);
}

#[test]
fn an_answer_has_its_commas_and_escapes() {
    let mut json = Writer::default();
    json.object(|json| {
        json.key("a");
        json.array(|json| {
            json.text("x");
            json.text("\"\n");
            json.object(|_| {});
        });
        json.name("b\\", "__c");
        json.json("1");
    });
    assert_eq!(json.into_text(), r#"{"a":["x","\"\n",{}],"b\\__c":1}"#);
}

/// Texts that are almost JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(":"),
        Just(","),
        Just(" \n"),
        Just("\""),
        Just("\\"),
        Just("-"),
        Just("0"),
        Just("12"),
        Just("."),
        Just("e+"),
        Just("E"),
        Just("true"),
        Just("false"),
        Just("null"),
        Just("\"a\""),
        Just("\"a\":"),
        Just("{\"same\":{}}"),
        Just("\"same\":{}"),
        Just("\"\\u12aB\""),
        Just("\\ud800"),
        Just("\u{1}"),
        Just("é"),
        Just("01"),
        Just("nul"),
        Just("\"abcdefghijk\\\"lm\""),
    ];
    let noise = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let whole = any_json().prop_map(|json| json.to_string()).boxed();
    prop_oneof![
        noise,
        whole.clone(),
        (whole, any::<prop::sample::Index>()).prop_map(|(mut text, at)| {
            let at = at.index(text.len() + 1);
            if text.is_char_boundary(at) {
                text.truncate(at);
            }
            text
        })
    ]
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let key = prop_oneof![Just(REPEATING.to_owned()), ".{0,12}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Converts a value with our views only.
fn opened(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        Kind::Object => {
            let members = value.as_members().unwrap();
            let members = members
                .iter()
                .map(|(key, value)| (key.to_string(), opened(*value)));
            serde_json::Value::Object(members.collect())
        }
        Kind::Array => value.as_array().unwrap().into_iter().map(opened).collect(),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Text => {
            serde_json::from_str(value.json()).unwrap()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_json_is_told_as_serde_tells_it(text in nearly_json()) {
        let serde = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(scan::places(&text, Some(REPEATING), &mut |_| true).is_ok(), serde, "{}", text);
    }

    #[test]
    fn all_values_are_found_where_they_are(json in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
        let text = text.unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(opened(document(&text).root()), expected);
    }
}
