//! The value of a field in the form in which rules look at it.

use std::borrow::Cow;

use crate::{
    json::{Kind, Value},
    transform::mapping::FieldValue,
};

/// The value of a field.
pub(super) enum Form<'v> {
    Null,
    Bool(bool),
    /// The JSON of a number.
    Number(&'v str),
    Text(Cow<'v, str>),
    Structure(Value<'v>),
}

impl<'v> Form<'v> {
    pub(super) fn of(value: &'v FieldValue<'_>) -> Self {
        match value {
            FieldValue::Trait(value) => Self::of_trait(*value),
            FieldValue::Text(text) => Self::Text(Cow::Borrowed(text)),
            FieldValue::Placeholder(text) => Self::Text(Cow::Borrowed(text)),
            FieldValue::Json(json) => match &**json {
                "true" => Self::Bool(true),
                "false" => Self::Bool(false),
                number => Self::Number(number),
            },
        }
    }

    pub(super) fn of_trait(value: Value<'v>) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(value.is_true()),
            Kind::Number => Self::Number(value.json()),
            // A text that cannot be decoded never gets here. Its JSON resembles no value that a rule looks for.
            Kind::Text => Self::Text(value.as_text().unwrap_or(Cow::Borrowed(value.json()))),
            Kind::Array | Kind::Object => Self::Structure(value),
        }
    }

    /// Whether there is anything: neither null nor an empty text.
    pub(super) fn is_filled(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !text.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::Structure(_) => true,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Structure(value) => value.kind(),
        }
    }

    /// The value as a text; `None` for null, arrays and objects.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null | Self::Structure(_) => None,
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Number(number) => Some(Cow::Borrowed(number)),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
    }
}
