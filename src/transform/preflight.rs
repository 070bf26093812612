//! Preflight: fits the fields of a request to the org's description of their object (rule `preflight`).
//!
//! Nearly all fields fit. They are only looked at, and nothing is allocated. As soon as one does not fit, [`refit`] goes through all
//! of them again.

mod address;
mod choice;
mod date;
mod form;
mod name;
mod number;
mod place;
mod refit;
mod value;

use self::{form::Form, place::Places, refit::Refit};
use crate::{
    salesforce::{
        address::Effect,
        describe::{FieldDescription, ObjectDescription},
    },
    transform::{
        change::Change,
        changes::ChangeDetail,
        error::EventError,
        mapping::{FieldValue, Fields},
    },
};

/// What the fields have to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fitting<'d> {
    /// The object, as the user of the session sees it.
    pub description: &'d ObjectDescription,
    /// What the write does. An upsert may create or update, so that a field has to allow both.
    pub effect: Effect,
    /// Whether the fields are changed.
    pub mode: Mode,
    /// The field by which the record is identified. It is never left out where a record may be created.
    pub key: Option<&'d str>,
    /// Whether fields of other events are merged with them, so that nothing is missing yet.
    pub is_part: bool,
    /// How much is told of each change.
    pub detail: ChangeDetail,
    /// The fields that are left out because Salesforce refuses them again and again, in any letter case.
    pub refused: &'d [Box<str>],
}

/// What preflight does with a field that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It only notes what would be changed.
    Warn,
    /// It changes the field, or leaves it out, and notes that.
    Fix,
}

/// Fits the fields to the object and notes each change in them. An array or object that the mapping has left out as
/// [`Change::Structure`] is taken up where the object has a place for it.
///
/// # Errors
/// [`EventError::KeyDoesNotFit`]: the value by which the record is identified does not fit its field. Not in [`Mode::Warn`].
pub(crate) fn fit(fields: &mut Fields<'_>, fitting: &Fitting<'_>) -> Result<(), EventError> {
    if fitting.takes_all(fields) {
        return Ok(());
    }
    let mut refit = Refit::new(*fitting);
    refit.fit_all(fields);
    address::compare(&mut refit);
    refit.finish(fields)
}

impl Fitting<'_> {
    /// Whether all fields fit as they are, none is missing, and there is nothing that the mapping has left out and that may fit.
    fn takes_all(&self, fields: &Fields<'_>) -> bool {
        let (mut places, mut required) = (Places::default(), 0);
        for (name, value) in fields.members() {
            let Some(field) = name::exact(self.description, name) else {
                return false;
            };
            if !self.takes(field, value, &mut places) {
                return false;
            }
            required += usize::from(field.is_required() && Form::of(value).is_filled());
        }
        places.are_whole(self.description)
            && (self.is_part
                || self.effect != Effect::Create
                || required == self.description.count_required())
            && !fields.changes.iter().any(may_be_taken_up)
    }

    /// Whether a field takes a value as it is.
    fn takes<'v, 'a>(
        &self,
        field: &FieldDescription,
        value: &'v FieldValue<'a>,
        places: &mut Places<'v, 'a>,
    ) -> bool {
        if name::is_writable(field, self.effect).is_err() || self.refuses(&field.name) {
            return false;
        }
        match field.place() {
            Some(part) if Form::of(value).is_filled() => {
                place::takes(self.description, part, value) && places.note(part, value)
            }
            Some(_) | None => {
                value::takes(field, value)
                    || matches!(value::fitted(field, value, self.description), Ok(None))
            }
        }
    }

    /// Whether a field is left out because Salesforce refuses it.
    fn refuses(&self, field: &str) -> bool {
        self.refused
            .iter()
            .any(|refused| refused.eq_ignore_ascii_case(field))
    }

    /// Whether the record is identified by this field.
    fn is_key(&self, field: &str) -> bool {
        self.key.is_some_and(|key| key.eq_ignore_ascii_case(field))
    }
}

/// Whether the mapping has left out something that the object may take, or that a similar name can be given for.
fn may_be_taken_up(change: &Change<'_>) -> bool {
    matches!(
        change,
        Change::Structure { .. } | Change::NoFieldName { nearest: None, .. }
    )
}

#[cfg(test)]
mod tests;
