//! JSON read one level at a time: values stay slices of the request, in and out byte for byte.
//!
//! The rules of presence, truth and paths are those of the SDKs' JavaScript, because the field tables and the
//! configuration of destinations were written against them.

mod object;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use self::object::Object;

/// A JSON value as the text it came in. Its `Debug` shows the kind and the length, never the content.
#[derive(Clone, Copy)]
pub struct Value<'a>(&'a RawValue);

/// What a [`Value`] is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, of any size and precision.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The word for this kind in a message to a person, with its article.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl<'a> Value<'a> {
    /// `null`.
    pub const NULL: Value<'static> = Value(RawValue::NULL);

    /// What the value is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.json().as_bytes().first() {
            Some(b'n') | None => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'"') => Kind::Text,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(_) => Kind::Number,
        }
    }

    /// The value's JSON text, as it came.
    #[must_use]
    pub fn json(self) -> &'a str {
        self.0.get()
    }

    /// The value as serde's raw text, to be written as it came.
    #[must_use]
    pub fn raw(self) -> &'a RawValue {
        self.0
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether the value is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.json() == "true"
    }

    /// Whether a field table takes the value: anything but `null` and `""`, so `0` and `false` too.
    #[must_use]
    pub fn is_present(self) -> bool {
        !matches!(self.json(), "null" | "\"\"")
    }

    /// JavaScript's truth: all but `null`, `false`, `""` and zero.
    #[must_use]
    pub fn is_truthy(self) -> bool {
        match self.kind() {
            Kind::Null => false,
            Kind::Bool => self.is_true(),
            Kind::Text => self.is_present(),
            Kind::Number => self.json().parse::<f64>().is_ok_and(|number| number != 0.0),
            Kind::Array | Kind::Object => true,
        }
    }

    /// The text of a string, borrowed where it holds no escape; `None` for any other kind.
    #[must_use]
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        let inner = self.json().strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return serde_json::from_str(self.json()).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inner))
    }

    /// The text of a string, or a number as it is written; `None` for any other kind.
    #[must_use]
    pub fn as_text_or_number(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text => self.as_text(),
            Kind::Number => Some(Cow::Borrowed(self.json())),
            Kind::Null | Kind::Bool | Kind::Array | Kind::Object => None,
        }
    }

    /// The value's members; `None` where it is no object.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'a>> {
        if self.kind() != Kind::Object {
            return None;
        }
        serde_json::from_str(self.json()).ok()
    }

    /// The value's elements; `None` where it is no array.
    #[must_use]
    pub fn as_array(self) -> Option<Vec<Value<'a>>> {
        if self.kind() != Kind::Array {
            return None;
        }
        serde_json::from_str(self.json()).ok()
    }

    /// The value at `path` below this one, see [`Object::at`]. A number in the path picks an array's element.
    fn at(self, path: &str) -> Option<Value<'a>> {
        match self.kind() {
            Kind::Object => self.as_object()?.at(path),
            Kind::Array => {
                let (index, rest) = path
                    .split_once('.')
                    .map_or((path, None), |(index, rest)| (index, Some(rest)));
                let element = *self.as_array()?.get(index.parse::<usize>().ok()?)?;
                rest.map_or(Some(element), |rest| element.at(rest))
            }
            Kind::Null | Kind::Bool | Kind::Number | Kind::Text => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} of {} bytes>", self.kind().noun(), self.json().len())
    }
}

impl<'a> From<&'a RawValue> for Value<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object<'_> {
        serde_json::from_str(text).unwrap()
    }

    fn value(text: &str) -> Value<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_key_spelled_like_the_path_comes_before_the_nested_value() {
        let object = object(r#"{"a.b":1,"a":{"b":2}}"#);
        assert_eq!(object.at("a.b").unwrap().json(), "1");
    }

    #[test]
    fn a_path_is_walked_through_objects_joined_keys_and_arrays() {
        let object = object(r#"{"a":{"b.c":3,"d":[{"e":4}]}}"#);
        assert_eq!(object.at("a.b.c").unwrap().json(), "3");
        assert_eq!(object.at("a.d.0.e").unwrap().json(), "4");
        assert!(object.at("a.b").is_none());
        assert!(object.at("a.d.x").is_none());
    }

    #[test]
    fn a_repeated_key_takes_its_last_value() {
        assert_eq!(
            object(r#"{"a":1,"b":2,"a":3}"#).get("a").unwrap().json(),
            "3"
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            object(r#"{"n":12345678901234567890.10}"#)
                .get("n")
                .unwrap()
                .json(),
            "12345678901234567890.10"
        );
    }

    #[test]
    fn truth_is_javascripts() {
        for falsy in ["null", "false", "0", "-0", "0.0", "0e9", "\"\""] {
            assert!(!value(falsy).is_truthy(), "{falsy}");
        }
        for truthy in ["true", "1", "\"0\"", "\"false\"", "[]", "{}"] {
            assert!(value(truthy).is_truthy(), "{truthy}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(
            format!("{:?}", value(r#""jane@example.com""#)),
            "<a text of 18 bytes>"
        );
    }
}
