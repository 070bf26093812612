//! Omits values that a record already has (`SKIP_UNCHANGED`).
//!
//! Values are compared as Salesforce stores them: numbers by value, dates by instant, texts exactly; null and the empty
//! text equal an absent value. If it is not certain that two forms are the same value, the field is written.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::{
    json::{Kind, Value},
    transform::{
        mapping::{FieldValue, Fields},
        target::{RecordId, Target},
    },
};

/// What the events of a batch have written to each record, because a later event may set a field back to the value that
/// was looked up.
#[derive(Debug, Default)]
pub(crate) struct Unchanged(HashMap<RecordId, HashSet<String>>);

impl Unchanged {
    /// Omits the fields whose values the record already has. Returns whether anything is left to write; a new record is
    /// always written.
    pub(crate) fn reduce(&mut self, target: &Target<'_>, fields: &mut Fields<'_>) -> bool {
        let Some(record) = target.record() else {
            return true;
        };
        let written = self.0.entry(record).or_default();
        if let Some(stored) = target.stored {
            fields.retain(|name, value| {
                let name = name.text().to_ascii_lowercase();
                let stored = stored.value(&name);
                written.contains(&name) || stored.is_none_or(|stored| !is_stored(value, stored))
            });
        }
        written.extend(fields.names().map(|name| name.text().to_ascii_lowercase()));
        fields.names().next().is_some()
    }
}

/// Whether a field's value equals the one that Salesforce has stored.
fn is_stored(value: &FieldValue<'_>, stored: Value<'_>) -> bool {
    match value {
        FieldValue::Trait(value) => is_same(*value, stored),
        FieldValue::Text(text) => stored.as_text().as_deref() == Some(&**text),
        FieldValue::Json(json) => match stored.kind() {
            Kind::Number => is_same_number(json, stored.json()),
            Kind::Null | Kind::Bool | Kind::Text | Kind::Array | Kind::Object => {
                stored.json() == json
            }
        },
        FieldValue::Placeholder(text) => stored.as_text().as_deref() == Some(*text),
    }
}

fn is_same(value: Value<'_>, stored: Value<'_>) -> bool {
    match (value.kind(), stored.kind()) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Text, Kind::Null) => !value.is_present(),
        (Kind::Bool, Kind::Bool) => value.json() == stored.json(),
        (Kind::Number, Kind::Number) => is_same_number(value.json(), stored.json()),
        // A text field stores a number as its digits.
        (Kind::Number, Kind::Text) => stored.as_text().as_deref() == Some(value.json()),
        (Kind::Text, Kind::Text) => is_same_text(value, stored),
        (Kind::Null | Kind::Bool | Kind::Number | Kind::Text | Kind::Array | Kind::Object, _) => {
            false
        }
    }
}

/// How many digits of a number a double represents exactly.
const EXACT_DIGITS: usize = 15;

/// Whether two numbers are equal. If a double cannot represent all digits, only identical digits are equal.
fn is_same_number(value: &str, stored: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let exact = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|_| digits(text) <= EXACT_DIGITS)
    };
    let is_equal = |(value, stored): (f64, f64)| value.total_cmp(&stored).is_eq();
    value == stored || exact(value).zip(exact(stored)).is_some_and(is_equal)
}

fn is_same_text(value: Value<'_>, stored: Value<'_>) -> bool {
    let (Some(value), Some(stored)) = (value.as_text(), stored.as_text()) else {
        return false;
    };
    value == stored
        || instant_of_salesforce(&stored)
            .is_some_and(|stored| value.parse().is_ok_and(|value: Timestamp| value == stored))
}

/// Parses an instant in the form in which Salesforce writes it: `2026-01-31T08:00:00.000+0000`.
fn instant_of_salesforce(text: &str) -> Option<Timestamp> {
    let utc = text.strip_suffix("+0000")?;
    if utc.len() != "2026-01-31T08:00:00.000".len() {
        return None;
    }
    format!("{utc}Z").parse().ok()
}
