//! How a request differs from the traits of its event, and why: what the mapping, preflight and salvage did.

use std::{borrow::Cow, fmt};

use crate::{
    json::{Kind, Value},
    salesforce::describe::FieldType,
    text::shortened,
    transform::field_name::FieldName,
};

/// What differs between an event's traits and the fields that are sent for them. Its `Display` is for the author of the event
/// and contains no values.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// A trait is an object or an array, which is no value of its field.
    Structure {
        /// The trait's path.
        name: Cow<'a, str>,
        /// The object or array. Preflight may find that the field takes it.
        value: Value<'a>,
    },
    /// A trait would fill a field that Salesforce's REST API never writes.
    SystemField(&'static str),
    /// A trait would fill a field that the object does not have.
    MissingField(&'static str),
    /// No field can have the trait's name.
    NoFieldName {
        /// The trait.
        name: Cow<'a, str>,
        /// The field with the most similar name, where preflight knows the object's fields.
        nearest: Option<Box<str>>,
    },
    /// A trait is not an object, although fields read only its members.
    NotObject(&'static str),
    /// A trait is not a text, so it cannot be a name.
    NotName(&'static str),
    /// No field takes a trait.
    NoField {
        /// The trait that it is a part of.
        of: Option<&'static str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// Only leads have a field for a trait, and the record is the contact that the lead was converted to.
    OfLead(Cow<'a, str>),
    /// Another trait, which takes precedence, fills the field.
    ComesAfter {
        /// The path of the trait that is left out.
        path: &'static str,
        /// The path of the other.
        first: &'static str,
    },
    /// The words of `name` between the first and the last one are left out.
    MiddleOfName,
    /// A later trait fills the same field.
    SameField(FieldName<'a>),
    /// A trait is the record's own id, which a request must not set.
    OwnId(Cow<'a, str>),
    /// A field was made to fit the object, or left out because it does not (rules `preflight` and `salvage`).
    Field {
        /// The field, as the mapping spells it.
        name: FieldName<'a>,
        /// What was done.
        fit: Fit,
        /// Whether it was done. With `PREFLIGHT=warn` it is only said.
        is_done: bool,
    },
}

/// What was done with a field so that Salesforce takes the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is sent in the org's spelling.
    OtherCase(Box<str>),
    /// The object has no such custom field, and the trait goes into this standard field.
    StandardField(Box<str>),
    /// It is left out: the object has no such field.
    UnknownField {
        /// The field with the most similar name.
        nearest: Option<Box<str>>,
    },
    /// It is left out: no field can have this name.
    FieldName {
        /// The field with the most similar name.
        nearest: Option<Box<str>>,
    },
    /// It is left out: new records cannot have it set.
    NotCreateable,
    /// It is left out: it cannot be changed.
    NotUpdateable,
    /// It is left out, because another trait fills the same field.
    SameField,
    /// It is left out: it takes no object or array.
    Structure,
    /// The text is cut to this number of characters.
    Cut(u32),
    /// It is left out: the text has more than this number of characters.
    TooLong(u32),
    /// It is left out: the value is not an e-mail address.
    NotAnEmail,
    /// It is left out: the value is not certainly a number.
    NotANumber,
    /// It is left out: the number has more digits than the field.
    OutOfRange,
    /// It is left out: the value is neither true nor false.
    NotABoolean,
    /// It is left out: the value is not certainly a date, an instant or a time of day.
    NotADate,
    /// The value is sent as one of another type.
    Converted {
        /// What it is in the event.
        from: Kind,
        /// The type of the field.
        to: FieldType,
    },
    /// It is left out: the picklist does not contain the value.
    NotInPicklist,
    /// Some of several values are left out: the picklist does not contain them.
    PartlyInPicklist,
    /// The value is sent in the spelling of the picklist.
    PicklistSpelling,
    /// The value goes into this field, because one of the two takes codes and the other takes names.
    OtherPlaceField(Box<str>),
    /// It is left out: the org's list of states or countries does not contain the value.
    UnknownPlace,
    /// It is left out: it is not the name of the code beside it.
    PlaceContradiction,
    /// It is left out: there is a state without a country.
    StateWithoutCountry,
    /// It is left out: the country beside the state does not have it.
    StateOfOtherCountry,
    /// It is left out: the value is not a record's id.
    NotAnId,
    /// It is left out: the value is the id of a record of another object, this one.
    OtherObject(&'static str),
    /// Nothing fills it, although new records require it.
    RequiredMissing,
    /// It is left out, because Salesforce refused it.
    RefusedBySalesforce,
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Something is not sent.
    LeftOut,
    /// A value is sent in another field.
    Renamed,
    /// A value is sent in another form.
    Converted,
    /// A text is sent in part.
    Shortened,
    /// Nothing is changed, but Salesforce may refuse it.
    Named,
}

impl ChangeKind {
    /// The kind in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftOut => "left_out",
            Self::Renamed => "renamed",
            Self::Converted => "converted",
            Self::Shortened => "shortened",
            Self::Named => "named",
        }
    }
}

impl Fit {
    /// The kind of the change.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::OtherCase(_) | Self::StandardField(_) | Self::OtherPlaceField(_) => {
                ChangeKind::Renamed
            }
            Self::Cut(_) => ChangeKind::Shortened,
            Self::Converted { .. } | Self::PicklistSpelling | Self::PartlyInPicklist => {
                ChangeKind::Converted
            }
            Self::RequiredMissing => ChangeKind::Named,
            Self::UnknownField { .. }
            | Self::FieldName { .. }
            | Self::NotCreateable
            | Self::NotUpdateable
            | Self::SameField
            | Self::Structure
            | Self::TooLong(_)
            | Self::NotAnEmail
            | Self::NotANumber
            | Self::OutOfRange
            | Self::NotABoolean
            | Self::NotADate
            | Self::NotInPicklist
            | Self::UnknownPlace
            | Self::PlaceContradiction
            | Self::StateWithoutCountry
            | Self::StateOfOtherCountry
            | Self::NotAnId
            | Self::OtherObject(_)
            | Self::RefusedBySalesforce => ChangeKind::LeftOut,
        }
    }

    /// What is wrong with the value of a field that is left out.
    pub(crate) fn flaw(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("is left out: ")
            .unwrap_or(&text)
            .to_owned()
    }

    /// The reason's label in metrics and answers.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherCase(_) => "other_case",
            Self::StandardField(_) => "standard_field",
            Self::UnknownField { .. } => "unknown_field",
            Self::FieldName { .. } => "field_name",
            Self::NotCreateable => "not_createable",
            Self::NotUpdateable => "not_updateable",
            Self::SameField => "same_field",
            Self::Structure => "structure",
            Self::Cut(_) | Self::TooLong(_) => "too_long",
            Self::NotAnEmail => "not_an_email",
            Self::NotANumber => "not_a_number",
            Self::OutOfRange => "out_of_range",
            Self::NotABoolean => "not_a_boolean",
            Self::NotADate => "not_a_date",
            Self::Converted { .. } => "converted",
            Self::NotInPicklist | Self::PartlyInPicklist => "not_in_picklist",
            Self::PicklistSpelling => "picklist_spelling",
            Self::OtherPlaceField(_)
            | Self::UnknownPlace
            | Self::PlaceContradiction
            | Self::StateWithoutCountry
            | Self::StateOfOtherCountry => "state_country",
            Self::NotAnId => "not_an_id",
            Self::OtherObject(_) => "other_object",
            Self::RequiredMissing => "required_missing",
            Self::RefusedBySalesforce => "refused_by_salesforce",
        }
    }
}

impl<'a> Change<'a> {
    /// A change to a field.
    #[must_use]
    pub(crate) fn of_field(name: &FieldName<'a>, fit: Fit) -> Self {
        let name = name.clone();
        Self::Field {
            name,
            fit,
            is_done: true,
        }
    }

    /// A change that `PREFLIGHT=fix` would make to a field.
    #[must_use]
    pub(crate) fn suggested(name: &FieldName<'a>, fit: Fit) -> Self {
        let name = name.clone();
        Self::Field {
            name,
            fit,
            is_done: false,
        }
    }

    /// Whether it was done, and not only said.
    pub(crate) fn is_done(&self) -> bool {
        !matches!(self, Self::Field { is_done: false, .. })
    }

    /// The kind of the change.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::Field { is_done: false, .. } => ChangeKind::Named,
            Self::Field { fit, .. } => fit.kind(),
            Self::Structure { .. }
            | Self::SystemField(_)
            | Self::MissingField(_)
            | Self::NoFieldName { .. }
            | Self::NotObject(_)
            | Self::NotName(_)
            | Self::NoField { .. }
            | Self::OfLead(_)
            | Self::ComesAfter { .. }
            | Self::MiddleOfName
            | Self::SameField(_)
            | Self::OwnId(_) => ChangeKind::LeftOut,
        }
    }

    /// The reason's label in metrics and answers.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Structure { .. } => "structure",
            Self::SystemField(_) => "system_field",
            Self::MissingField(_) => "missing_field",
            Self::NoFieldName { .. } => "field_name",
            Self::NotObject(_) => "not_object",
            Self::NotName(_) => "not_name",
            Self::NoField { .. } => "no_field",
            Self::OfLead(_) => "lead_only",
            Self::ComesAfter { .. } => "comes_after",
            Self::MiddleOfName => "middle_of_name",
            Self::SameField(_) => "same_field",
            Self::OwnId(_) => "own_id",
            Self::Field { fit, .. } => fit.reason(),
        }
    }

    /// The trait, shortened, if its name is known.
    #[must_use]
    pub fn trait_name(&self) -> Option<String> {
        let name: Cow<'_, str> = match self {
            Self::Structure { name, .. }
            | Self::NoFieldName { name, .. }
            | Self::NoField { of: None, name }
            | Self::OfLead(name)
            | Self::OwnId(name) => Cow::Borrowed(name),
            Self::NoField { of: Some(of), name } => Cow::Owned(format!("{of}.{name}")),
            Self::NotObject(name) | Self::NotName(name) => Cow::Borrowed(name),
            Self::ComesAfter { path, .. } => Cow::Borrowed(path),
            Self::MiddleOfName => Cow::Borrowed("name"),
            Self::SameField(name) | Self::Field { name, .. } => name.trait_name()?,
            Self::SystemField(_) | Self::MissingField(_) => return None,
        };
        Some(shortened(&name))
    }

    /// The field, shortened, as the mapping spells it, if the change concerns a certain one.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        match self {
            Self::SystemField(name) | Self::MissingField(name) => Some((*name).to_owned()),
            Self::SameField(name) | Self::Field { name, .. } => Some(shortened(&name.text())),
            Self::Structure { .. }
            | Self::NoFieldName { .. }
            | Self::NotObject(_)
            | Self::NotName(_)
            | Self::NoField { .. }
            | Self::OfLead(_)
            | Self::ComesAfter { .. }
            | Self::MiddleOfName
            | Self::OwnId(_) => None,
        }
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure { name, .. } => {
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
            Self::NoFieldName { name, nearest } => {
                write!(
                    f,
                    "the trait \"{}\" is left out: {NO_FIELD_NAME}",
                    shortened(name)
                )?;
                write_nearest(f, nearest.as_deref())
            }
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
            Self::Field { name, fit, is_done } => {
                let with = if *is_done { "" } else { "with PREFLIGHT=fix, " };
                write!(f, "{with}the field {} {fit}", shortened(&name.text()))
            }
        }
    }
}

/// Why no field can have a name.
const NO_FIELD_NAME: &str = "no field can have this name (ASCII letters, digits and single underscores, a letter \
                 first, no underscore last, at most 40 characters)";

/// The rest of a sentence that begins with a field.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCase(name) => write!(f, "is sent as {name}, the org's spelling"),
            Self::StandardField(name) => {
                write!(f, "does not exist; its trait goes into the standard field {name}")
            }
            Self::UnknownField { nearest } => {
                f.write_str("is left out: the object has no such field, or the user may not see it")?;
                write_nearest(f, nearest.as_deref())
            }
            Self::FieldName { nearest } => {
                write!(f, "is left out: {NO_FIELD_NAME}")?;
                write_nearest(f, nearest.as_deref())
            }
            Self::Cut(length) => write!(f, "is cut to its length of {length} characters"),
            Self::TooLong(length) => write!(
                f,
                "is left out: the text is longer than {length} characters, and this field's values cannot be cut"
            ),
            Self::Converted { from, to } => {
                write!(f, "is converted from {} to {}", from.noun(), to.noun())
            }
            Self::OtherPlaceField(name) => write!(
                f,
                "is sent as {name}: of the two fields, one takes codes and the other takes names"
            ),
            Self::OtherObject(object) => write!(
                f,
                "is left out: the value is the id of a record of {object}, which this field cannot refer to"
            ),
            Self::NotCreateable => f.write_str(
                "is left out: the user cannot set it in a new record",
            ),
            Self::NotUpdateable => f.write_str(
                "is left out: the user cannot change it in an existing record",
            ),
            Self::SameField => f.write_str(
                "is left out once: another trait fills the same field",
            ),
            Self::Structure => f.write_str(
                "is left out: it does not take an object or array",
            ),
            Self::NotAnEmail => f.write_str(
                "is left out: the value is not an e-mail address",
            ),
            Self::NotANumber => f.write_str(
                "is left out: the value is not a number, or can be read as two different ones",
            ),
            Self::OutOfRange => f.write_str(
                "is left out: the number has more digits than the field",
            ),
            Self::NotABoolean => f.write_str(
                "is left out: the value is neither true nor false",
            ),
            Self::NotADate => f.write_str(
                "is left out: the value is not a date or time such as 2026-01-31 or 2026-01-31T08:00:00Z",
            ),
            Self::NotInPicklist => f.write_str(
                "is left out: its picklist has no such value",
            ),
            Self::PartlyInPicklist => f.write_str(
                "is sent without the values that its picklist does not have",
            ),
            Self::PicklistSpelling => f.write_str(
                "is sent in the spelling of its picklist",
            ),
            Self::UnknownPlace => f.write_str(
                "is left out: the org's list of states and countries has no such code or name",
            ),
            Self::PlaceContradiction => f.write_str(
                "is left out: it is not the name of the code that is beside it",
            ),
            Self::StateWithoutCountry => f.write_str(
                "is left out: a state needs its country beside it",
            ),
            Self::StateOfOtherCountry => f.write_str(
                "is left out: the country beside it has no such state",
            ),
            Self::NotAnId => f.write_str(
                "is left out: the value is not the id of a record",
            ),
            Self::RequiredMissing => f.write_str(
                "is empty, although new records require it: Salesforce refuses the record unless a flow or a trigger fills it",
            ),
            Self::RefusedBySalesforce => f.write_str(
                "is left out: Salesforce has refused it",
            ),
        }
    }
}

fn write_nearest(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| {
        write!(f, "; the nearest name is {nearest}")
    })
}
