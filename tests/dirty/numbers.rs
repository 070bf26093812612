//! Numbers and booleans in other forms.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("number as text", as_text),
    ("no number", no_number),
    ("number outside the field's range", outside_range),
    ("boolean in another form", boolean),
    ("no boolean", no_boolean),
];

/// The number is written that the text can only mean.
pub(super) fn as_text(rng: &mut Rng, _: bool) -> Event {
    let (name, field, text, value): (_, _, _, Value) = match rng.u8(..5) {
        0 => ("Seats", "Seats__c", "42", json!(42)),
        4 => ("Budget", "Budget__c", "1.200,50", json!(1200.5)),
        1 => ("Budget", "Budget__c", "1,200.50", json!(1200.5)),
        2 => ("Budget", "Budget__c", "$1,000", json!(1000)),
        _ => ("Score", "Score__c", "-12.5", json!(-12.5)),
    };
    Event::of(json!({name: text}))
        .writes(field, value)
        .tells(name, "converted")
}

/// What may mean several numbers, or none, is left out.
fn no_number(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["many", "1.200", "12 apples", "1e", "NaN"]);
    Event::of(json!({"Budget": text}))
        .leaves_out("Budget__c")
        .tells("Budget", "not_a_number")
}

/// It is left out: no other number is meant.
fn outside_range(rng: &mut Rng, _: bool) -> Event {
    let (name, field, value) = match rng.u8(..3) {
        0 => ("Score", "Score__c", json!(1_000)),
        1 => ("Seats", "Seats__c", json!(-1_000_000)),
        _ => ("Discount", "Discount__c", json!(1.0e9)),
    };
    Event::of(json!({name: value}))
        .leaves_out(field)
        .tells(name, "out_of_range")
}

/// True or false is written.
fn boolean(rng: &mut Rng, _: bool) -> Event {
    let (form, value) = match rng.u8(..6) {
        0 => (json!("true"), true),
        1 => (json!("false"), false),
        2 => (json!("yes"), true),
        3 => (json!("No"), false),
        4 => (json!(1), true),
        _ => (json!(0), false),
    };
    Event::of(json!({"hasOptedOutOfEmail": form}))
        .writes("HasOptedOutOfEmail", value)
        .tells("HasOptedOutOfEmail", "converted")
}

/// It is left out.
fn no_boolean(rng: &mut Rng, _: bool) -> Event {
    let value = one(rng, &["maybe", "y/n", "2"]);
    Event::of(json!({"Trial": value}))
        .leaves_out("Trial__c")
        .tells("Trial", "not_a_boolean")
}
