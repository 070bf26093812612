//! The types of fields.

use serde_json::Value;

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// The id of the record itself.
    Id,
    /// A text of one line: 255 characters unless said otherwise.
    Text,
    /// A text of several lines, of up to 255 characters.
    TextArea,
    /// A text of up to 32,000 characters, which a query cannot filter on.
    LongText,
    /// An e-mail address of up to 80 characters.
    Email,
    /// A phone number of up to 40 characters, in whatever form.
    Phone,
    /// A URL of up to 255 characters, in whatever form.
    Url,
    /// One of a list of values; unless the list is restricted, any other text as well.
    Picklist,
    /// Several of a list of values, as one text with semicolons between them.
    MultiPicklist,
    /// A number, whole or not: 16 digits before the point and 2 behind it, unless said otherwise.
    Number,
    /// A whole number of up to 8 digits.
    Int,
    /// An amount of money: 18 digits before the point, unless said otherwise.
    Currency,
    /// A percentage.
    Percent,
    /// True or false; never null.
    Boolean,
    /// The id of another record.
    Reference,
    /// `YYYY-MM-DD`
    Date,
    /// `YYYY-MM-DDThh:mm:ss` with a zone.
    DateTime,
    /// Several fields shown as one.
    Address,
}

impl FieldType {
    /// The type as a description and Salesforce's messages name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "string",
            Self::TextArea | Self::LongText => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multipicklist",
            Self::Number => "double",
            Self::Int => "int",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Boolean => "boolean",
            Self::Reference => "reference",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Address => "address",
        }
    }

    /// Whether the field holds any text that is not too long.
    pub(crate) fn is_text(self) -> bool {
        match self {
            Self::Text
            | Self::TextArea
            | Self::LongText
            | Self::Email
            | Self::Phone
            | Self::Url
            | Self::Picklist
            | Self::MultiPicklist => true,
            Self::Id
            | Self::Number
            | Self::Int
            | Self::Currency
            | Self::Percent
            | Self::Boolean
            | Self::Reference
            | Self::Date
            | Self::DateTime
            | Self::Address => false,
        }
    }

    /// Whether the field holds a record id.
    pub(crate) fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference)
    }

    /// Whether the field holds a number.
    pub(crate) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Int | Self::Currency | Self::Percent
        )
    }

    /// Whether a query writes the field's values in quotes.
    pub(crate) fn is_quoted(self) -> bool {
        self.is_text() || self.is_id()
    }

    /// What a field holds that nobody has set.
    pub(crate) fn unset(self) -> Value {
        if self == Self::Boolean {
            Value::Bool(false)
        } else {
            Value::Null
        }
    }

    /// The most characters that the field's texts have, unless said otherwise; 0 for what is no text.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Id | Self::Reference => 18,
            Self::Text | Self::TextArea | Self::Url | Self::Picklist => 255,
            Self::LongText => 32_000,
            Self::Email => 80,
            Self::Phone => 40,
            Self::MultiPicklist => 4_099,
            Self::Number
            | Self::Int
            | Self::Currency
            | Self::Percent
            | Self::Boolean
            | Self::Date
            | Self::DateTime
            | Self::Address => 0,
        }
    }

    /// All digits and those behind the point, of numbers that have a point.
    pub(super) fn precision(self) -> (usize, usize) {
        match self {
            Self::Number | Self::Currency | Self::Percent => (18, 2),
            _ => (0, 0),
        }
    }
}
