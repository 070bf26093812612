//! Dynamic config: whatever a destination's templates name, the metadata and the destination but for its config come back as
//! they were, what is no template is untouched, and a message only loses what was taken out of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce_transformer::internals::{
    json::Document,
    rudderstack::dynamic_config::{self, ResolvedEntry},
};
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let (Ok(document), Ok(Value::Object(entry))) =
        (Document::read(text), serde_json::from_str(text))
    else {
        return;
    };
    let object = document.root().as_object().expect("an object");
    let Some(destination) = object.get("destination") else {
        return;
    };
    let unlimited = |_| Ok::<(), ()>(());
    let resolved = dynamic_config::resolved(object, destination, usize::MAX, unlimited);
    let Ok(Some(ResolvedEntry::Entry(resolved))) = resolved else {
        return;
    };
    let resolved: Value = serde_json::from_str(resolved.root().json()).expect("JSON");
    let resolved = resolved.as_object().expect("an object");
    assert!(resolved.keys().all(|name| entry.contains_key(name)));
    for (name, before) in &entry {
        // A key that is spelled like the path is what the path names, and taken out.
        let Some(after) = resolved.get(name) else {
            assert!(name.starts_with("message."), "{name}");
            continue;
        };
        match name.as_str() {
            "message" => assert!(is_part(after, before), "{before} {after}"),
            "destination" => {
                let (before, after) = (before.as_object(), after.as_object());
                destination_of(before.expect("an object"), after.expect("an object"));
            }
            _ => assert_eq!(after, before),
        }
    }
});

fn names(members: &Map<String, Value>) -> Vec<&String> {
    members.keys().collect()
}

fn destination_of(before: &Map<String, Value>, after: &Map<String, Value>) {
    assert_eq!(names(before), names(after));
    for (name, before) in before {
        match name.as_str() {
            "Config" => config(before, &after[name]),
            _ => assert_eq!(&after[name], before),
        }
    }
}

/// A config keeps its shape, and what is no template.
fn config(before: &Value, after: &Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            assert_eq!(names(before), names(after));
            before
                .iter()
                .for_each(|(name, before)| config(before, &after[name]));
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before
                .iter()
                .zip(after)
                .for_each(|(before, after)| config(before, after));
        }
        (Value::String(text), after) if is_template(text) => {
            assert!(!after.is_null(), "a default is a text");
        }
        (before, after) => assert_eq!(before, after),
    }
}

fn is_template(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text.contains("||")
}

/// Whether a value is what is left of another.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| is_part(part, whole))),
        (part, whole) => part == whole,
    }
}
