//! The fields of a request, and what was left out of them.

use std::borrow::Cow;

use crate::{
    config::rules::LetterCase,
    json::{Distinct, Value, Writer},
    text,
    transform::mapping::{field_name::FieldName, left_out::LeftOut},
};

/// The fields of a request, and what was left out of them.
#[derive(Debug)]
pub struct Fields<'a> {
    /// Whether letter case tells names apart.
    case: LetterCase,
    members: Distinct<FieldName<'a>, FieldValue<'a>>,
    /// Traits that no field can take, with the reason.
    pub left_out: Vec<LeftOut<'a>>,
}

/// The field by which a lead is found.
pub(super) const EMAIL: &str = "Email";

/// A field's value. Its `Debug` leaves the text out.
#[derive(Clone)]
pub enum FieldValue<'a> {
    /// A trait's value, as it came.
    Trait(Value<'a>),
    /// A text of ours, such as a part of a name.
    Text(Cow<'a, str>),
    /// The text that is sent if nothing else fills the field. Any other value takes its place.
    Placeholder(&'static str),
}

impl std::fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trait(value) => value.fmt(f),
            Self::Text(text) => write!(f, "<a text of {} bytes>", text.len()),
            Self::Placeholder(text) => write!(f, "{text:?}, a placeholder"),
        }
    }
}

impl FieldValue<'_> {
    fn write(&self, json: &mut Writer) {
        match self {
            Self::Trait(value) => json.value(*value),
            Self::Text(text) => json.text(text),
            Self::Placeholder(text) => json.text(text),
        }
    }
}

impl<'a> Fields<'a> {
    /// No fields, with room for so many.
    pub(super) fn with_capacity(fields: usize, case: LetterCase) -> Self {
        Self {
            case,
            members: Distinct::with_capacity(fields),
            left_out: Vec::new(),
        }
    }

    /// Sets a field of a table, which is not set yet.
    #[inline]
    pub(super) fn add_standard(&mut self, name: &'static str, value: FieldValue<'a>) {
        self.members
            .add(FieldName::standard(name, self.case), value);
    }

    /// Sets a field. Where an earlier trait has set it, that one is left out.
    #[inline]
    pub(super) fn set(&mut self, name: FieldName<'a>, value: FieldValue<'a>) {
        if let Some(name) = self.members.set(name, value) {
            self.left_out.push(LeftOut::SameField(name.clone()));
        }
    }

    /// Sets what is sent if nothing else fills a field.
    pub(super) fn set_placeholder(&mut self, name: FieldName<'a>, text: &'static str) {
        let placeholder = || FieldValue::Placeholder(text);
        self.members.set_absent(name, placeholder);
    }

    /// Sets the e-mail of a lead as it was looked up, among fields that are sent as they are: where only invisible signs
    /// around it differ, and where a lead is created without one. Otherwise the next event of the same person would not find
    /// the lead, and create another.
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
            Some(FieldValue::Text(_) | FieldValue::Placeholder(_)) | None => {}
        }
    }

    /// Takes the fields of a later event in, which win.
    pub fn absorb(&mut self, later: Self) {
        for (name, value) in later.members {
            match value {
                FieldValue::Placeholder(text) => self.set_placeholder(name, text),
                FieldValue::Trait(_) | FieldValue::Text(_) => {
                    self.members.set(name, value);
                }
            }
        }
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
    pub fn write_members(&self, json: &mut Writer, is_wanted: impl Fn(&FieldName<'a>) -> bool) {
        for (name, value) in self.members.iter().filter(|(name, _)| is_wanted(name)) {
            name.write(json);
            value.write(json);
        }
    }
}
