//! The fields of a request, and how they differ from the traits.

use std::borrow::Cow;

use crate::{
    config::rules::LetterCase,
    json::{Distinct, Value, Writer},
    text,
    transform::{change::Change, changes::Changes, field_name::FieldName},
};

/// The fields of a request, and how they differ from the traits.
#[derive(Debug)]
pub struct Fields<'a> {
    /// Whether names that differ only in letter case are different.
    case: LetterCase,
    members: Distinct<FieldName<'a>, FieldValue<'a>>,
    /// What differs from the traits, with the reason.
    pub changes: Changes<'a>,
}

/// The field by which a lead is found.
pub(super) const EMAIL: &str = "Email";

/// A field's value. Its `Debug` omits the text.
#[derive(Clone)]
pub enum FieldValue<'a> {
    /// A trait's value, as it came.
    Trait(Value<'a>),
    /// A text that the mapping made, such as a part of a name, or to which preflight has converted a value.
    Text(Cow<'a, str>),
    /// The JSON of a number or a boolean to which preflight has converted a value.
    Json(Cow<'a, str>),
    /// The text that is sent if nothing else fills the field. Any other value takes its place.
    Placeholder(&'static str),
}

impl FieldValue<'_> {
    /// Whether it is sent only because nothing else fills the field.
    pub(crate) fn is_placeholder(&self) -> bool {
        match self {
            Self::Placeholder(_) => true,
            Self::Trait(_) | Self::Text(_) | Self::Json(_) => false,
        }
    }
}

impl std::fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trait(value) => value.fmt(f),
            Self::Text(text) => write!(f, "<a text of {} bytes>", text.len()),
            Self::Json(json) => write!(f, "<JSON of {} bytes>", json.len()),
            Self::Placeholder(text) => write!(f, "{text:?}, a placeholder"),
        }
    }
}

impl FieldValue<'_> {
    fn write(&self, json: &mut Writer) {
        match self {
            Self::Trait(value) => json.value(*value),
            Self::Text(text) => json.text(text),
            Self::Json(value) => json.json(value),
            Self::Placeholder(text) => json.text(text),
        }
    }
}

impl<'a> Fields<'a> {
    /// No fields, with room for this many.
    pub(super) fn with_capacity(fields: usize, case: LetterCase) -> Self {
        Self {
            case,
            members: Distinct::with_capacity(fields),
            changes: Changes::default(),
        }
    }

    /// Sets a field of a table that is not set yet.
    #[inline]
    pub(super) fn add_standard(&mut self, name: &'static str, value: FieldValue<'a>) {
        self.members
            .add(FieldName::standard(name, self.case), value);
    }

    /// Sets a field. If an earlier trait has set it, that trait is left out.
    #[inline]
    pub(super) fn set(&mut self, name: FieldName<'a>, value: FieldValue<'a>) {
        if let Some(name) = self.members.set(name, value) {
            self.changes.push(Change::SameField(name.clone()));
        }
    }

    /// Sets what is sent if nothing else fills a field.
    pub(super) fn set_placeholder(&mut self, name: FieldName<'a>, text: &'static str) {
        let placeholder = || FieldValue::Placeholder(text);
        self.members.set_absent(name, placeholder);
    }

    /// Sets the e-mail of a lead in the form in which it was looked up, if the fields are sent unmapped: where the
    /// e-mail differs only in invisible characters around it, and where a lead would be created without one. Otherwise
    /// the next event of the same person would not find the lead and would create another.
    pub fn settle_email(&mut self, email: &str, creates: bool) {
        let name = FieldName::standard(EMAIL, self.case);
        let looked_up = || FieldValue::Text(Cow::Owned(email.to_owned()));
        match self.members.get_mut(&name) {
            Some(FieldValue::Trait(own)) => {
                let text = own.as_text();
                let text = text.filter(|text| text != email && text::trimmed(text) == email);
                if text.is_some() || creates && !text::is_filled(*own) {
                    self.members.set(name, looked_up());
                }
            }
            None if creates => {
                self.members.set(name, looked_up());
            }
            Some(FieldValue::Text(_) | FieldValue::Json(_) | FieldValue::Placeholder(_)) | None => {
            }
        }
    }

    /// Merges the fields of a later event, which take precedence.
    pub fn absorb(&mut self, later: Self) {
        for (name, value) in later.members {
            match value {
                FieldValue::Placeholder(text) => self.set_placeholder(name, text),
                FieldValue::Trait(_) | FieldValue::Text(_) | FieldValue::Json(_) => {
                    self.members.set(name, value);
                }
            }
        }
        self.changes.absorb(later.changes);
    }

    /// The fields with their values, in order.
    pub(crate) fn members(&self) -> impl Iterator<Item = &(FieldName<'a>, FieldValue<'a>)> {
        self.members.iter()
    }

    /// Replaces all fields. Of two with the same name, the later one stays.
    pub(crate) fn replace(
        &mut self,
        members: impl IntoIterator<Item = (FieldName<'a>, FieldValue<'a>)>,
    ) {
        self.members = Distinct::default();
        self.members.extend(members);
    }

    /// Whether names that differ only in letter case are different.
    pub(crate) fn letter_case(&self) -> LetterCase {
        self.case
    }

    /// The names of the fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &FieldName<'a>> {
        self.members.iter().map(|(name, _)| name)
    }

    /// Keeps the fields for which `changes` returns true.
    pub fn retain(&mut self, changes: impl Fn(&FieldName<'a>, &FieldValue<'a>) -> bool) {
        self.members.retain(changes);
    }

    /// Writes the fields as a JSON object.
    pub fn write(&self, json: &mut Writer) {
        json.object(|json| self.write_members(json, |_| true));
    }

    /// Writes the fields with these names as members.
    pub fn write_members(&self, json: &mut Writer, is_wanted: impl Fn(&FieldName<'a>) -> bool) {
        for (name, value) in self.members.iter().filter(|(name, _)| is_wanted(name)) {
            name.write(json);
            value.write(json);
        }
    }
}
