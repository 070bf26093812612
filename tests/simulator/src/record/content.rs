//! What a single field takes: the JSON types, lengths and forms of its values.

use serde_json::Value;

use crate::{
    FieldType::{self, Boolean, Date, DateTime, Email, LongText, Number, Text},
    Refusal,
    id::RecordId,
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
        (Text | LongText | Email, scalar @ (Value::Number(_) | Value::Bool(_))) => {
            Ok(scalar.to_string().into())
        }
        (Number, value @ Value::Number(_)) | (Boolean, value @ Value::Bool(_)) => Ok(value),
        (Date, Value::String(text)) if is_date(&text) => Ok(text.into()),
        (DateTime, Value::String(text)) if is_datetime(&text) => Ok(text.into()),
        (kind, value) => Err(Refusal::Json(wrong_type(kind, &value))),
    }
}

fn is_date(text: &str) -> bool {
    has_shape(text, "0000-00-00")
}

fn is_datetime(text: &str) -> bool {
    let zoneless = text.get(..19);
    zoneless.is_some_and(|zoneless| has_shape(zoneless, "0000-00-00T00:00:00"))
}

/// Whether a text is like the pattern, in which `0` stands for any digit.
fn has_shape(text: &str, pattern: &str) -> bool {
    let fits =
        |(byte, expected): (u8, u8)| byte == expected || expected == b'0' && byte.is_ascii_digit();
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

fn wrong_type(kind: FieldType, value: &Value) -> String {
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
        kind.name()
    )
}

/// Whether a text is fit for its field.
pub(super) fn check(field: &Field, text: &str) -> Result<(), Refusal> {
    let (name, value) = (field.name.to_string(), text.to_owned());
    if text.chars().count() > field.length {
        return Err(Refusal::TooLong {
            field: name,
            value,
            max: field.length,
        });
    }
    match field.kind {
        FieldType::Email if !is_email(text) => Err(Refusal::InvalidEmail { field: name, value }),
        FieldType::Reference if RecordId::parse(text).is_none() => {
            Err(Refusal::InvalidReference { field: name, value })
        }
        _ => Ok(()),
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
    fn dates_have_their_own_forms() {
        assert!(is_date("2026-12-31") && is_datetime("2026-12-31T01:02:03Z"));
        for wrong in [
            "",
            "31.12.2026",
            "2026-12-3",
            "2026-12-31T01",
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
