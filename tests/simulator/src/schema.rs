//! What an org can hold: its objects, and their fields with type, length and access.

mod standard;

use std::borrow::Cow;

use serde_json::Value;

use self::standard::SYSTEM;
pub(super) use self::standard::{
    ASSIGNMENT_RULES, CUSTOM, DUPLICATE_RULES, STANDARD_OBJECTS, prefix,
};
use super::Refusal;

/// The type of a field, as far as the API treats values differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A text of up to 255 characters; picklists, phones and URLs are such texts here.
    Text,
    /// A text of up to 32,000 characters, which a query cannot filter on.
    LongText,
    /// An e-mail address of up to 80 characters.
    Email,
    /// A number, whole or not.
    Number,
    /// True or false; never null.
    Boolean,
    /// The id of a record.
    Reference,
    /// `YYYY-MM-DD`
    Date,
    /// `YYYY-MM-DDThh:mm:ss` with a zone.
    DateTime,
}

impl FieldType {
    /// The type as Salesforce's messages name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::LongText => "textarea",
            Self::Email => "email",
            Self::Number => "double",
            Self::Boolean => "boolean",
            Self::Reference => "reference",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }

    /// Whether a query writes the field's values in quotes.
    pub(super) fn is_quoted(self) -> bool {
        match self {
            Self::Text | Self::LongText | Self::Email | Self::Reference => true,
            Self::Number | Self::Boolean | Self::Date | Self::DateTime => false,
        }
    }

    /// What a field holds that nobody has set.
    pub(super) fn unset(self) -> Value {
        if self == Self::Boolean {
            Value::Bool(false)
        } else {
            Value::Null
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::LongText => 32_000,
            Self::Email => 80,
            Self::Text
            | Self::Number
            | Self::Boolean
            | Self::Reference
            | Self::Date
            | Self::DateTime => 255,
        }
    }
}

/// Who may write a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The API, and a record cannot be without it.
    Required,
    /// The API.
    Writable,
    /// Salesforce only.
    ReadOnly,
}

/// A field of an object.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: Cow<'static, str>,
    pub(super) kind: FieldType,
    /// The most characters that a text may have.
    pub(super) length: usize,
    pub(super) access: Access,
}

impl Field {
    const fn new(name: Cow<'static, str>, kind: FieldType) -> Self {
        Self {
            name,
            kind,
            length: kind.length(),
            access: Access::Writable,
        }
    }

    pub(super) fn is_required(&self) -> bool {
        self.access == Access::Required
    }
}

/// An object, in Salesforce's sense: a kind of record.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: String,
    /// The first three characters of its records' ids.
    pub(super) prefix: String,
    pub(super) fields: Vec<Field>,
    /// Whether the API writes its records.
    pub(super) is_writable: bool,
    /// Whether the API knows it.
    pub(super) is_visible: bool,
}

impl Object {
    /// An object with fields of its own besides those that every object has.
    pub(super) fn new(name: &str, prefix: String, own: &[Field]) -> Self {
        Self {
            name: name.into(),
            prefix,
            fields: [SYSTEM, own].concat(),
            is_writable: ![ASSIGNMENT_RULES, DUPLICATE_RULES].contains(&name),
            is_visible: true,
        }
    }

    /// Refuses a write where the API does not write the object's records.
    pub(super) fn admit_write(&self) -> Result<(), Refusal> {
        if self.is_writable {
            Ok(())
        } else {
            Err(Refusal::NoAccess)
        }
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, name: &str) {
        self.fields
            .retain(|field| !field.name.eq_ignore_ascii_case(name));
    }

    /// Adds a field, or changes the type of the one that has this name.
    pub(super) fn declare(&mut self, name: &str, kind: FieldType) {
        self.remove(name);
        self.fields.push(Field::new(Cow::Owned(name.into()), kind));
    }

    /// The field of this name, in any letter case.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }
}
