//! The parts of an event that are not sent, and why.

use std::{borrow::Cow, fmt};

use crate::{text::shortened, transform::mapping::field_name::FieldName};

/// A trait, or a part of one, that is not sent. Its `Display` is for the author of the event and contains no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut<'a> {
    /// It is an object or an array, which cannot be a field's value.
    Structure(Cow<'a, str>),
    /// It would fill a field that Salesforce's REST API never writes.
    SystemField(&'static str),
    /// It would fill a field that the object does not have.
    MissingField(&'static str),
    /// No field can have its name.
    NoFieldName(Cow<'a, str>),
    /// It is not an object, although fields read only its members.
    NotObject(&'static str),
    /// It is not a text, so it cannot be a name.
    NotName(&'static str),
    /// No field takes it.
    NoField {
        /// The trait that it is a part of.
        of: Option<&'static str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// Only leads have a field for it, and the record is the contact that the lead was converted to.
    OfLead(Cow<'a, str>),
    /// Another trait, which takes precedence, fills the field.
    ComesAfter {
        /// Its path.
        path: &'static str,
        /// The path of the other.
        first: &'static str,
    },
    /// The words of `name` between the first and the last one.
    MiddleOfName,
    /// A later trait fills the same field.
    SameField(FieldName<'a>),
    /// It is the record's own id, which a request must not set.
    OwnId(Cow<'a, str>),
}

impl LeftOut<'_> {
    /// The reason's label in metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Structure(_) => "structure",
            Self::SystemField(_) => "system_field",
            Self::MissingField(_) => "missing_field",
            Self::NoFieldName(_) => "field_name",
            Self::NotObject(_) => "not_object",
            Self::NotName(_) => "not_name",
            Self::NoField { .. } => "no_field",
            Self::OfLead(_) => "lead_only",
            Self::ComesAfter { .. } => "comes_after",
            Self::MiddleOfName => "middle_of_name",
            Self::SameField(_) => "same_field",
            Self::OwnId(_) => "own_id",
        }
    }
}

impl fmt::Display for LeftOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(name) => {
                let name = shortened(name);
                write!(
                    f,
                    "the trait \"{name}\" is left out: an object or array cannot be a field's value"
                )
            }
            Self::SystemField(name) => {
                write!(f, "the field {name} is left out: Salesforce sets it itself")
            }
            Self::MissingField(name) => {
                write!(
                    f,
                    "the field {name} is left out: the object has no such field"
                )
            }
            Self::NoFieldName(name) => write!(
                f,
                "the trait \"{}\" is left out: no field can have this name (ASCII letters, digits and single underscores, a letter \
                 first, no underscore last, at most 40 characters)",
                shortened(name)
            ),
            Self::NotObject(name) => write!(
                f,
                "the trait \"{name}\" is left out: it must be an object, of which only members fill fields"
            ),
            Self::NotName(name) => {
                write!(f, "the trait \"{name}\" is left out: a name must be a text")
            }
            Self::NoField { of, name } => {
                let (of, dot) = of.map_or(("", ""), |of| (of, "."));
                let name = shortened(name);
                write!(
                    f,
                    "the trait \"{of}{dot}{name}\" is left out: no field is filled from it"
                )
            }
            Self::OfLead(name) => write!(
                f,
                "the trait \"{}\" is left out: only leads have a field for it, and the lead was converted to a contact",
                shortened(name)
            ),
            Self::ComesAfter { path, first } => write!(
                f,
                "the trait \"{path}\" is left out: \"{first}\" takes precedence for the same field and has another value"
            ),
            Self::MiddleOfName => write!(
                f,
                "the middle words of the trait \"name\" are left out: only the first and the last word become names"
            ),
            Self::SameField(name) => write!(
                f,
                "two traits name the field {}; the earlier one is left out, because letter case does not distinguish field names",
                shortened(&name.text())
            ),
            Self::OwnId(name) => write!(
                f,
                "the trait \"{name}\" is left out: it is the record's own id, which belongs in `context.externalId` and cannot be set"
            ),
        }
    }
}
