//! The JSON walker: it takes just the texts that serde_json takes, and finds the same values in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce_transformer::internals::json::{Document, Kind, Value};
use serde::de::IgnoredAny;
use serde_json::Value as Json;

fuzz_target!(|text: &str| {
    let document = Document::read(text);
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(document.is_ok(), is_json, "{text:?}");
    let Ok(document) = document else { return };
    let root = document.root();
    assert_eq!(root.json(), text.trim_matches([' ', '\n', '\r', '\t']));
    match serde_json::from_str::<Json>(text) {
        Ok(json) => {
            assert_eq!(root.flaw(), None, "{text:?}");
            compare(root, &json);
        }
        Err(error) if error.to_string().contains("recursion limit") => {}
        Err(_) => assert!(root.flaw().is_some(), "{text:?}"),
    }
    let again = root.to_document().expect("a value is a text");
    assert_eq!(again.root().json(), root.json());
});

fn compare(value: Value<'_>, json: &Json) {
    match json {
        Json::Null => assert_eq!(value.kind(), Kind::Null),
        Json::Bool(is_true) => {
            assert_eq!((value.kind(), value.is_true()), (Kind::Bool, *is_true));
        }
        Json::Number(number) => {
            assert_eq!(value.kind(), Kind::Number);
            let ours: f64 = value.json().parse().expect("a number");
            let theirs = number.as_f64().expect("a number");
            // serde_json's own reading is not exact in the last digit.
            assert!(
                (ours - theirs).abs() <= ours.abs() * 1e-15,
                "{}",
                value.json()
            );
        }
        Json::String(text) => assert_eq!(value.as_text().as_deref(), Some(text.as_str())),
        Json::Array(elements) => {
            let ours = value.as_array().expect("an array");
            assert_eq!(ours.len(), elements.len());
            for (ours, json) in ours.into_iter().zip(elements) {
                compare(ours, json);
            }
        }
        Json::Object(members) => {
            let object = value.as_object().expect("an object");
            let ours = value.as_members().expect("an object");
            assert_eq!(ours.iter().count(), members.len(), "{}", value.json());
            // What is inside is compared once: twice at each level would take twice as long with each.
            for (name, ours) in ours.iter() {
                assert!(object.get(name).is_some_and(|found| found.is(*ours)));
                compare(*ours, &members[&**name]);
            }
        }
    }
}
