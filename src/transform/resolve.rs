//! Plan + what was looked up → what is written to which record.
//!
//! [`resolve`] settles the record and its fields, [`Resolved::keep_changes`] leaves out what the record holds already and asks
//! whether the org has a call to spare. Described requests and inline delivery both take these two steps. Between them,
//! inline delivery merges the events of one record ([`Resolved::absorb`]).

use crate::{
    config::rules::Rules,
    rudderstack::Destination,
    salesforce::{Found, Spares},
    transform::{
        error::EventError,
        mapping::{self, Fields},
        plan::{Plan, Record},
        target::{self, Target},
        unchanged::Unchanged,
    },
};

/// What an event writes to one record.
#[derive(Debug)]
pub(crate) struct Resolved<'p, 'a> {
    /// The record.
    pub target: Target<'p>,
    /// The fields that are set.
    pub fields: Fields<'a>,
}

/// Settles which record is meant, and what is written to it.
///
/// # Errors
/// [`EventError`] where the lookup failed or found something that cannot be written to, or the fields cannot be mapped.
pub(crate) fn resolve<'p, 'a>(
    plan: &Plan<'a>,
    record: &'p Record<'_>,
    found: &'p Found,
    destination: &Destination,
    rules: &Rules,
) -> Result<Resolved<'p, 'a>, EventError> {
    let target = target::settle(record, found, destination, rules)?;
    let fields = mapping::fields(plan, record, &target, destination, rules)?;
    Ok(Resolved { target, fields })
}

impl Resolved<'_, '_> {
    /// Takes in what a later event writes to the same record. Its fields win.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.fields.absorb(later.fields);
    }

    /// Leaves out what the record holds already, where `unchanged` keeps account of it (`SKIP_UNCHANGED`), and checks that the
    /// org has a call to spare. `None` for spares means that nothing is known of them.
    ///
    /// # Errors
    /// [`EventError::Unchanged`] if nothing is left to write, [`EventError::Reserved`] if the org has no call to spare.
    pub(crate) fn keep_changes(
        &mut self,
        unchanged: Option<&mut Unchanged>,
        spares: Option<&Spares>,
    ) -> Result<(), EventError> {
        if let Some(unchanged) = unchanged
            && !unchanged.reduce(&self.target, &mut self.fields)
        {
            return Err(EventError::Unchanged);
        }
        let creates = self.target.id.is_none();
        let call = spares.map_or(Ok(()), |spares| spares.write(creates));
        call.map_err(EventError::Reserved)
    }
}
