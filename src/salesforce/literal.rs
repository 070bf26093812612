//! Values as SOQL literals, and as they appear in responses.

use std::{borrow::Cow, fmt::Write};

use crate::json::{Kind, Value};

/// A value in a `WHERE` clause.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Literal<'v> {
    /// Written in quotes.
    Text(Cow<'v, str>),
    /// Written without quotes.
    Number(Cow<'v, str>),
    /// Written without quotes.
    Bool(bool),
}

impl<'v> Literal<'v> {
    /// The literal for a JSON value; `None` for an object, an array and null.
    #[must_use]
    pub(crate) fn of(value: Value<'v>) -> Option<Self> {
        match value.kind() {
            Kind::Text => value.as_text().map(Self::Text),
            Kind::Number => Some(Self::Number(Cow::Borrowed(value.json()))),
            Kind::Bool => Some(Self::Bool(value.is_true())),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }

    /// The value as text.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }

    /// Whether the value is written in quotes.
    #[must_use]
    pub(crate) fn is_quoted(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The literal, including quotes and escapes.
    #[must_use]
    pub(crate) fn soql(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(_) | Self::Bool(_) => self.text().to_owned(),
        }
    }

    /// The form that is equal for two values that Salesforce treats as equal: strings without regard to case, numbers
    /// by value.
    #[must_use]
    pub(crate) fn folded(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => lower(text),
            Self::Number(number) => by_value(number).map_or(Cow::Borrowed(&**number), Cow::Owned),
            Self::Bool(_) => Cow::Borrowed(self.text()),
        }
    }

    /// The form that is equal only for values that are certainly equal: strings letter for letter, numbers by value.
    #[must_use]
    pub(crate) fn exact(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(_) | Self::Bool(_) => self.folded(),
        }
    }
}

/// A value in a response: its text, or its JSON if it is not a string.
#[derive(Clone)]
pub(crate) struct FoundValue(String);

impl FoundValue {
    /// Reads a value of a response; `None` for null.
    #[must_use]
    pub(crate) fn read(value: Value<'_>) -> Option<Self> {
        let text = value.as_text().unwrap_or(Cow::Borrowed(value.json()));
        (!value.is_null()).then(|| Self(text.into_owned()))
    }

    /// The forms in which the value may have been requested, the most likely first.
    pub(crate) fn forms(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let text = self.0.as_str();
        let number = std::iter::once_with(|| by_value(text.trim())).flatten();
        let instant = std::iter::once_with(|| instant(text)).flatten();
        [Cow::Borrowed(text), lower(text), lower(text.trim())]
            .into_iter()
            .chain(number.map(Cow::Owned))
            .chain(instant.map(Cow::Owned))
    }

    /// Whether the value consists of ASCII characters only.
    #[must_use]
    pub(crate) fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

/// A text in lower case, as Salesforce compares it, but for ASCII letters only. Salesforce may treat different letters
/// beyond ASCII as equal; here they stay different, so that no text is taken for that of another person.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A number in a form that depends only on its value; `None` if a double cannot hold all its digits.
pub(super) fn by_value(number: &str) -> Option<String> {
    number
        .parse::<f64>()
        .ok()
        .filter(|number| number.abs() < 9e15)
        .map(|number| format!("{number:?}"))
}

/// A date and time in a form that depends only on the instant, not on its time zone; `None` for any other text.
/// Salesforce writes the offset as `+0000`.
pub(crate) fn instant(text: &str) -> Option<String> {
    let with_zone = text
        .strip_suffix("+0000")
        .map_or_else(|| text.to_owned(), |utc| format!("{utc}Z"));
    let instant: jiff::Timestamp = with_zone.parse().ok()?;
    Some(instant.to_string())
}

pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    let is_reserved = |byte: u8| byte.is_ascii_control() || matches!(byte, b'\\' | b'\'');
    if !text.bytes().any(is_reserved) {
        literal.extend([text, "'"]);
        return literal;
    }
    for character in text.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            control if control.is_ascii_control() => {
                // Writing to a String cannot fail.
                let _ = write!(literal, "\\u{:04X}", u32::from(control));
            }
            plain => literal.push(plain),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::value;

    fn answers(asked: &str, answered: &str) -> bool {
        let asked = Literal::of(value(asked)).unwrap();
        let answered = FoundValue::read(value(answered));
        answered.is_some_and(|answered| answered.forms().any(|form| form == asked.folded()))
    }

    #[test]
    fn an_answer_is_recognised_as_salesforce_compares() {
        for (asked, answered) in [
            (r#""Jane@X.com""#, r#""jane@x.COM""#),
            (r#""a""#, r#"" a ""#),
            ("5", "5.0"),
            ("72727", r#""72727""#),
            (r#""12.5""#, "12.5"),
            ("true", "true"),
        ] {
            assert!(answers(asked, answered), "{asked} {answered}");
        }
    }

    #[test]
    fn another_value_is_another_value() {
        for (asked, answered) in [
            (r#""a""#, r#""b""#),
            (r#""007""#, "7"),
            ("5", "6"),
            ("true", "false"),
            (r#""null""#, "null"),
            (r#""\u212Aate""#, r#""kate""#),
        ] {
            assert!(!answers(asked, answered), "{asked} {answered}");
        }
    }

    #[test]
    fn every_reserved_character_is_escaped() {
        let literal = Literal::Text("a'\\\"\n\r\t\u{8}\u{c}\u{0}".into());
        assert_eq!(literal.soql(), r#"'a\'\\"\n\r\t\b\f\u0000'"#);
    }
}
