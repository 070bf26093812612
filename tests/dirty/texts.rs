//! Texts that are longer than their field, and values that are no text.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("text too long", too_long),
    ("text too long that would be wrong if it were cut", not_cut),
    ("unique text too long", unique),
    ("no e-mail address", no_email),
    ("number for a text", number),
    ("object or array for a text", structure),
];

/// It is cut to the field's length, in characters.
pub(super) fn too_long(rng: &mut Rng, _: bool) -> Event {
    let letter = one(rng, &["x", "ß", "漢", "🦀"]);
    let text = |length: usize| letter.repeat(length);
    if rng.bool() {
        return Event::of(json!({"title": text(200)}))
            .writes("Title", text(128))
            .tells("Title", "too_long");
    }
    Event::of(json!({"Notes": text(300)}))
        .writes("Notes__c", text(255))
        .tells("Notes", "too_long")
}

/// Half a phone number, address or link is none: it is left out.
fn not_cut(rng: &mut Rng, _: bool) -> Event {
    let (name, field, value) = match rng.u8(..4) {
        0 => ("phone", "Phone", "5".repeat(41)),
        1 => (
            "website",
            "Website",
            format!("https://x.example/{}", "a".repeat(255)),
        ),
        2 => ("Second_Phone", "Second_Phone__c", "5".repeat(60)),
        _ => (
            "Second_Email",
            "Second_Email__c",
            format!("{}@example.com", "a".repeat(80)),
        ),
    };
    Event::of(json!({name: value}))
        .leaves_out(field)
        .tells(field, "too_long")
}

/// Cut, two values may become one: it is left out.
fn unique(rng: &mut Rng, _: bool) -> Event {
    let (name, field) = one(rng, &[("Member_Id", "Member_Id__c"), ("Badge", "Badge__c")]);
    Event::of(json!({name: "m".repeat(21)}))
        .leaves_out(field)
        .tells(name, "too_long")
}

/// It is left out.
fn no_email(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["nobody", "a b@example.com", "jane@", "@example.com"]);
    Event::of(json!({"Second_Email": text}))
        .leaves_out("Second_Email__c")
        .tells("Second_Email", "not_an_email")
}

/// Its digits are written.
fn number(rng: &mut Rng, _: bool) -> Event {
    let code = rng.u32(10_000..99_999);
    Event::of(json!({"postalCode": code}))
        .writes("PostalCode", code.to_string())
        .tells("PostalCode", "converted")
}

/// It is left out.
fn structure(rng: &mut Rng, _: bool) -> Event {
    if rng.bool() {
        return Event::of(json!({"Notes": {"a": 1}}))
            .leaves_out("Notes__c")
            .tells("Notes", "structure");
    }
    Event::of(json!({"title": ["Dr."]}))
        .leaves_out("Title")
        .tells("title", "structure")
}
