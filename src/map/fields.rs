//! The fields of a request, and what was left out of them.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::{
    contract::json::{Distinct, Kind, Value, Writer},
    map::field_name::FieldName,
    rules::CustomFields,
};

/// The fields of a request, and what was left out of them.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    pub(super) members: Distinct<FieldName<'a>, FieldValue<'a>>,
    /// What is sent for fields that nothing fills.
    pub(super) placeholders: SmallVec<[(&'static str, &'static str); 2]>,
    /// Traits that no field can take, with the reason.
    pub left_out: Vec<LeftOut<'a>>,
}

/// A field's value. Its `Debug` leaves the text out.
#[derive(Clone)]
pub enum FieldValue<'a> {
    /// A trait's value, as it came.
    Trait(Value<'a>),
    /// A text of ours, such as a part of a name.
    Text(Cow<'a, str>),
}

/// A trait that is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut<'a> {
    /// It is an object or an array, which is no field value.
    Structure(Cow<'a, str>),
    /// It would fill a field that Salesforce's REST API never writes.
    SystemField(&'static str),
}

impl std::fmt::Display for LeftOut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Structure(name) => write!(
                f,
                "the trait \"{name}\" is left out: an object or array is no field value"
            ),
            Self::SystemField(name) => {
                write!(f, "the field {name} is left out: Salesforce sets it itself")
            }
        }
    }
}

impl std::fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trait(value) => value.fmt(f),
            Self::Text(text) => write!(f, "<a text of {} bytes>", text.len()),
        }
    }
}

impl FieldValue<'_> {
    pub(super) fn is_present(&self) -> bool {
        match self {
            Self::Trait(value) => value.is_present(),
            Self::Text(text) => !text.is_empty(),
        }
    }

    fn write(&self, json: &mut Writer) {
        match self {
            Self::Trait(value) => json.value(*value),
            Self::Text(text) => json.text(text),
        }
    }
}

impl<'a> Fields<'a> {
    /// Sets the e-mail of a lead that is created, where its traits have none: without it the next event of the same person
    /// would not find the lead, and create another.
    pub fn complete_email(&mut self, email: &str) {
        let text = || FieldValue::Text(Cow::Owned(email.to_owned()));
        self.members.set_absent(Cow::Borrowed("Email").into(), text);
    }

    /// Takes the fields of a later event in, which win.
    pub fn absorb(&mut self, later: Self) {
        self.members.extend(later.members);
        self.placeholders.extend(later.placeholders);
        self.left_out.extend(later.left_out);
    }

    /// The names of the fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &FieldName<'a>> {
        self.members.iter().map(|(name, _)| name)
    }

    /// Keeps the fields that `changes` something.
    pub fn retain(&mut self, changes: impl Fn(&FieldName<'a>, &FieldValue<'a>) -> bool) {
        self.members.retain(changes);
    }

    /// Writes the fields as a JSON object.
    pub fn write(&self, json: &mut Writer) {
        json.object(|json| self.write_members(json, |_| true));
    }

    /// Writes the fields of these names as members.
    pub(crate) fn write_members(&self, json: &mut Writer, wanted: impl Fn(&FieldName<'a>) -> bool) {
        for (name, value) in self.members.iter().filter(|(name, _)| wanted(name)) {
            name.write(json);
            value.write(json);
        }
    }

    /// Fills what nothing has filled (row 7), once nothing more can come.
    pub fn fill_placeholders(&mut self) {
        for (name, text) in self.placeholders.drain(..) {
            let text = || FieldValue::Text(Cow::Borrowed(text));
            self.members.set_absent(Cow::Borrowed(name).into(), text);
        }
    }

    /// Adds a trait as a custom field.
    pub(super) fn add_custom(&mut self, name: Cow<'a, str>, value: Value<'a>, which: CustomFields) {
        let (wanted, keep_suffix) = match which {
            CustomFields::Values => (value.is_present(), has_custom_suffix(&name)),
            CustomFields::Truthy => (value.is_truthy(), false),
        };
        if !wanted {
            return;
        }
        if which == CustomFields::Values && !is_scalar(value) {
            self.left_out.push(LeftOut::Structure(name));
            return;
        }
        let name = if keep_suffix {
            name.into()
        } else {
            FieldName::custom(name)
        };
        self.members.set(name, FieldValue::Trait(value));
    }
}

/// Whether a value is one that a field can hold.
pub(super) fn is_scalar(value: Value<'_>) -> bool {
    !matches!(value.kind(), Kind::Object | Kind::Array)
}

fn has_custom_suffix(name: &str) -> bool {
    name.len()
        .checked_sub(3)
        .and_then(|start| name.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case("__c"))
}
