//! The forms in which a value can be written in a query.

use serde::{Deserialize, Serialize};

use crate::salesforce::literal::{self, Literal, instant};

/// The form of a literal.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Form {
    /// In quotes.
    Text,
    /// Digits without quotes.
    Number,
    /// `true` or `false`.
    Bool,
    /// `2026-01-31`.
    Date,
    /// `2026-01-31T08:00:00Z`.
    DateTime,
}

impl Form {
    /// Writes a value in this form; `None` if that is not possible. A value is written without quotes only if it has
    /// exactly the form of such a literal, which rules out SOQL injection.
    pub(super) fn write(self, value: &Literal<'_>) -> Option<String> {
        let text = value.text().trim();
        match self {
            Self::Text => Some(literal::quoted(value.text())),
            Self::Number => is_number(text).then(|| text.to_owned()),
            Self::Bool => {
                let text = text.to_ascii_lowercase();
                matches!(text.as_str(), "true" | "false").then_some(text)
            }
            Self::Date => text
                .parse::<jiff::civil::Date>()
                .ok()
                .filter(|_| text.len() == "2026-01-31".len())
                .map(|date| date.to_string()),
            Self::DateTime => instant(text),
        }
    }
}

/// Whether a text is a plain decimal number.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        None => digits(unsigned),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use salesforce_simulator::soql::{Condition, parse};

    #[test]
    fn a_value_is_written_in_another_form_where_it_has_one() {
        let text = |text: &str| Literal::Text(text.to_owned().into());
        assert_eq!(Form::Number.write(&text(" 42 ")).as_deref(), Some("42"));
        assert_eq!(
            Form::Text.write(&Literal::Number("5.0".into())).as_deref(),
            Some("'5.0'")
        );
        assert_eq!(Form::Bool.write(&text("TRUE")).as_deref(), Some("true"));
        assert_eq!(
            Form::Date.write(&text("2026-01-31")).as_deref(),
            Some("2026-01-31")
        );
        assert_eq!(
            Form::DateTime
                .write(&text("2026-01-31T09:00:00+01:00"))
                .as_deref(),
            Some("2026-01-31T08:00:00Z")
        );
        assert_eq!(Form::Number.write(&text("0) OR Id != null")), None);
        assert_eq!(Form::Date.write(&text("LAST_N_DAYS:5")), None);
    }

    proptest! {
        #[test]
        fn no_value_changes_the_shape_of_a_query_in_any_form(text in r#"[-0-9.eTZ:'"\\ ()a-z,=+]{0,30}"#) {
            for form in [Form::Text, Form::Number, Form::Bool] {
                if let Some(literal) = form.write(&Literal::Text(text.as_str().into())) {
                    let parsed = parse(&format!("SELECT Id FROM Lead WHERE X IN ({literal})")).unwrap();
                    let is_one_value = matches!(parsed.condition, Some(Condition::In { values, .. }) if values.len() == 1);
                    prop_assert!(is_one_value);
                }
            }
            for form in [Form::Date, Form::DateTime] {
                let literal = form.write(&Literal::Text(text.as_str().into())).unwrap_or_default();
                prop_assert!(literal.bytes().all(|byte| byte.is_ascii_digit() || b"-:.TZ".contains(&byte)));
            }
        }
    }
}
