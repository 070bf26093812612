//! What of an event is not sent, and why.

use std::{borrow::Cow, fmt};

use crate::{text::shortened, transform::mapping::field_name::FieldName};

/// A trait, or a part of one, that is not sent. Its `Display` is for the person who has sent it, and repeats no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut<'a> {
    /// It is an object or an array, which is no field value.
    Structure(Cow<'a, str>),
    /// It would fill a field that Salesforce's REST API never writes.
    SystemField(&'static str),
    /// It would fill a field that the object does not have.
    MissingField(&'static str),
    /// No field can have its name.
    NoFieldName(Cow<'a, str>),
    /// It is no object, and only parts of one fill fields.
    NotObject(&'static str),
    /// It is no text, of which names are made.
    NotName(&'static str),
    /// No field takes it.
    NoField {
        /// The trait that it is a part of.
        of: Option<&'static str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// Only a lead has a field for it, and the record is the contact that the lead has become.
    OfLead(Cow<'a, str>),
    /// Another trait that comes before it fills the field.
    ComesAfter {
        /// Its path.
        path: &'static str,
        /// The path of the other.
        first: &'static str,
    },
    /// The words of `name` between the first and the last.
    MiddleOfName,
    /// A later trait is the same field.
    SameField(FieldName<'a>),
    /// It is the record's own id, which no request sets.
    OwnId(Cow<'a, str>),
}

impl LeftOut<'_> {
    /// The word for the reason in metrics.
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
                    "the trait \"{name}\" is left out: an object or array is no field value"
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
                "the trait \"{name}\" is left out: it is no object, and only parts of one fill fields"
            ),
            Self::NotName(name) => {
                write!(f, "the trait \"{name}\" is left out: a name is a text")
            }
            Self::NoField { of, name } => {
                let (of, dot) = of.map_or(("", ""), |of| (of, "."));
                let name = shortened(name);
                write!(
                    f,
                    "the trait \"{of}{dot}{name}\" is left out: no field takes it"
                )
            }
            Self::OfLead(name) => write!(
                f,
                "the trait \"{}\" is left out: only a lead has a field for it, and the lead has become a contact",
                shortened(name)
            ),
            Self::ComesAfter { path, first } => write!(
                f,
                "the trait \"{path}\" is left out: \"{first}\" comes before it for the same field, and says something else"
            ),
            Self::MiddleOfName => write!(
                f,
                "of the trait \"name\" the middle is left out: the first word and the last one are names"
            ),
            Self::SameField(name) => write!(
                f,
                "of two traits for the field {} the first is left out: field names have no letter case, and the later trait counts",
                shortened(&name.text())
            ),
            Self::OwnId(name) => write!(
                f,
                "the trait \"{name}\" is left out: it is the record's own id, which `context.externalId` names and no request sets"
            ),
        }
    }
}
