//! What a single field takes: the JSON types, lengths and forms of its values.

use serde_json::Value;

use crate::{
    FieldType::{Boolean, Date, DateTime, Email, Int, MultiPicklist, Picklist},
    Refusal,
    clock::month_lengths,
    id::RecordId,
    refusal::FieldName,
    schema::Field,
};

/// The characters besides letters and digits that Salesforce takes before the `@` of an e-mail address.
const EMAIL_PUNCTUATION: &str = "!#$%&'*/=?^_+-`{|}~.";

/// The value as the field stores it: blanks around a text are taken off, an empty text is null, a text field holds a
/// number's digits.
pub(super) fn stored(field: &Field, value: Value) -> Result<Value, Refusal> {
    match (field.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (kind, Value::String(text)) if kind.is_quoted() => {
            // Signs without a width stay.
            let text = text.trim_matches(|blank: char| blank.is_ascii_whitespace());
            Ok(if text.is_empty() {
                Value::Null
            } else {
                text.into()
            })
        }
        (kind, scalar @ (Value::Number(_) | Value::Bool(_))) if kind.is_text() => {
            Ok(scalar.to_string().into())
        }
        (Int, Value::Number(number)) if is_whole(&number) => Ok(number.into()),
        (kind, value @ Value::Number(_)) if kind.is_number() && kind != Int => Ok(value),
        (Boolean, value @ Value::Bool(_)) => Ok(value),
        (Date, Value::String(text)) if is_date(&text) => Ok(text.into()),
        (DateTime, Value::String(text)) if is_datetime(&text) => Ok(text.into()),
        (_, value) => Err(Refusal::Json(wrong_type(field, &value))),
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// Whether a text is `YYYY-MM-DD`, and a day of the calendar.
fn is_date(text: &str) -> bool {
    if !has_shape(text, "0000-00-00") {
        return false;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let mut months = (1..).zip(month_lengths(year));
    months.any(|(number, length)| number == month && (1..=length).contains(&day))
}

fn is_datetime(text: &str) -> bool {
    let (Some(date), Some(time)) = (text.get(..10), text.get(10..19)) else {
        return false;
    };
    let hour_exists = |time: &str| &time[1..3] < "24" && &time[4..6] < "60";
    is_date(date) && has_shape(time, "T00:00:00") && hour_exists(time)
}

/// Whether a text is like the pattern, in which `0` stands for any digit.
fn has_shape(text: &str, pattern: &str) -> bool {
    let fits =
        |(byte, expected): (u8, u8)| byte == expected || expected == b'0' && byte.is_ascii_digit();
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

fn wrong_type(field: &Field, value: &Value) -> String {
    let (token, shown) = match value {
        Value::Null => ("VALUE_NULL", "null".into()),
        Value::Bool(true) => ("VALUE_TRUE", "true".into()),
        Value::Bool(false) => ("VALUE_FALSE", "false".into()),
        Value::Number(number) if number.is_f64() => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Value::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
        Value::String(text) => ("VALUE_STRING", text.clone()),
        Value::Array(_) => ("START_ARRAY", "[".into()),
        Value::Object(_) => ("START_OBJECT", "{".into()),
    };
    format!(
        "Cannot deserialize instance of {} from {token} value {shown} or request may be missing a required field",
        field.kind.name()
    )
}

/// Whether a value that has the right type is fit for its field.
pub(super) fn check(field: &Field, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::String(text) => check_text(field, text),
        Value::Number(number) => check_number(field, number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Ok(()),
    }
}

fn check_text(field: &Field, text: &str) -> Result<(), Refusal> {
    let (name, value) = (FieldName::of(field), text.to_owned());
    if field.length > 0 && text.chars().count() > field.length {
        let max = field.length;
        return Err(Refusal::TooLong {
            field: name,
            value,
            max,
        });
    }
    match field.kind {
        Email if !is_email(text) => Err(Refusal::InvalidEmail { field: name, value }),
        kind if kind.is_id() && RecordId::parse(text).is_none() => {
            Err(Refusal::InvalidReference { field: name, value })
        }
        Picklist if field.restricted => check_picklist(field, text),
        MultiPicklist if field.restricted => text
            .split(';')
            .try_for_each(|value| check_picklist(field, value.trim())),
        _ => Ok(()),
    }
}

fn check_picklist(field: &Field, text: &str) -> Result<(), Refusal> {
    let mut active = field.values.iter().filter(|value| value.active);
    let is_listed = active.any(|value| value.value == text);
    let types = &field.record_type;
    if is_listed && (types.is_empty() || types.iter().any(|value| value == text)) {
        Ok(())
    } else {
        Err(Refusal::NotInPicklist {
            field: FieldName::of(field),
            value: text.into(),
        })
    }
}

/// A number has no more digits before the point than its field; those behind the point are not looked at.
fn check_number(field: &Field, number: &serde_json::Number) -> Result<(), Refusal> {
    let digits = if field.kind == Int {
        field.digits
    } else {
        field.precision.saturating_sub(field.scale)
    };
    let limit = i32::try_from(digits).map_or(f64::INFINITY, |digits| 10_f64.powi(digits));
    if number.as_f64().is_some_and(|number| number.abs() < limit) {
        Ok(())
    } else {
        Err(Refusal::OutsideRange {
            field: FieldName::of(field),
            value: number.to_string(),
        })
    }
}

/// Whether Salesforce takes a text for an e-mail address: plain characters, one `@`, a domain of two labels or more.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_local = |c: char| c.is_ascii_alphanumeric() || EMAIL_PUNCTUATION.contains(c);
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    !local.is_empty()
        && local.chars().all(is_local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_their_own_forms_and_are_days_of_the_calendar() {
        assert!(is_date("2026-12-31") && is_datetime("2026-12-31T01:02:03Z"));
        assert!(is_date("2028-02-29") && !is_datetime("2026-12-31T24:00:00Z"));
        for wrong in [
            "",
            "31.12.2026",
            "2026-12-3",
            "2026-12-31T01",
            "2026-02-29",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "é2026-12-31T01:02:03",
        ] {
            assert!(!is_date(wrong) && !is_datetime(wrong), "{wrong}");
        }
    }

    #[test]
    fn e_mail_addresses_are_checked_as_salesforce_checks_them() {
        for right in ["a@b.c", "o'brien+x@mail.example.com"] {
            assert!(is_email(right), "{right}");
        }
        for wrong in [
            "", "a", "a@b", "@b.c", "a@b.", "a b@c.d", "a@b@c.d", "a@b..c",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
