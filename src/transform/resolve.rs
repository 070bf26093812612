//! Plan + what was looked up → what is written to which record: which record is meant, its fields with their placeholders,
//! what of them changes, and whether the org has a call to spare.
//!
//! Described requests and inline delivery both call [`resolve`]. The delivery proxy cannot: it has no event, only the fields
//! of a request that was described earlier. If it looks a record up again, it takes `target::settle` alone.

use std::borrow::Cow;

use crate::{
    config::{Policies, rules::Rules},
    rudderstack::Destination,
    salesforce::{Found, Row, Spares, key::is_api_name},
    transform::{
        error::EventError,
        mapping::{self, Fields},
        plan::{PlannedTraits, Record},
        target::{self, Target},
        unchanged::Unchanged,
    },
};

/// What an event writes to one of its records, before the record is known.
#[derive(Debug)]
pub(crate) struct Unresolved<'p, 'a> {
    /// The traits of the event.
    pub traits: &'p PlannedTraits<'a>,
    /// The record.
    pub record: &'p Record<'p>,
    /// What a duplicate rule has found in place of it, if it has no key.
    pub duplicate: Option<&'p Row>,
    /// The destination of the event.
    pub destination: &'p Destination,
}

/// What one or several events write to one record.
#[derive(Debug)]
pub(crate) struct Resolved<'p, 'a> {
    /// The record.
    pub target: Target<'p>,
    /// The fields that are set.
    pub fields: Fields<'a>,
}

/// Settles which record an event means and what is written to it. `later` events of the same record are merged into the
/// write: their fields win. What the record holds already is left out if `unchanged` keeps account of it
/// (`SKIP_UNCHANGED`). `None` for spares means that nothing is known of them.
///
/// # Errors
/// [`EventError`] if the lookup has failed or found something that cannot be written to, or the fields cannot be mapped;
/// [`EventError::Unchanged`] if nothing is left to write, [`EventError::Reserved`] if the org has no call to spare.
pub(crate) fn resolve<'p, 'a>(
    first: &Unresolved<'p, 'a>,
    later: impl IntoIterator<Item = Unresolved<'p, 'a>>,
    found: &'p Found,
    rules: (&Rules, &Policies),
    unchanged: Option<&mut Unchanged>,
    spares: Option<&Spares>,
) -> Result<Resolved<'p, 'a>, EventError> {
    let (target, mut fields) = first.mapped(found, rules)?;
    for event in later {
        fields.absorb(event.mapped(found, rules)?.1);
    }
    if let Some(unchanged) = unchanged
        && !unchanged.reduce(&target, &mut fields)
    {
        return Err(EventError::Unchanged);
    }
    let creates = target.id.is_none();
    let call = spares.map_or(Ok(()), |spares| spares.write(creates));
    call.map_err(EventError::Reserved)?;
    Ok(Resolved { target, fields })
}

impl<'p, 'a> Unresolved<'p, 'a> {
    fn mapped(
        &self,
        found: &'p Found,
        rules: (&Rules, &Policies),
    ) -> Result<(Target<'p>, Fields<'a>), EventError> {
        let (record, destination) = (self.record, self.destination);
        let target = target::settle(record, self.duplicate, found, destination, rules)?;
        let fields = mapping::fields(self.traits, record, &target, destination, rules.0)?;
        Ok((target, fields))
    }

    /// The fields whose current values a lookup has to read, so that `resolve` knows what changes; none if the record is
    /// not looked up.
    #[must_use]
    pub(crate) fn fields_to_read(&self, rules: &Rules) -> Vec<String> {
        let key = match self.record {
            Record::Lead(key) | Record::Matching(key) => key,
            Record::Named { .. } => return Vec::new(),
        };
        let update = Target {
            object: Cow::Borrowed(key.object()),
            id: Some(Cow::Borrowed("")),
            email: None,
            stored: None,
            is_duplicate: false,
        };
        let fields = mapping::fields(self.traits, self.record, &update, self.destination, rules);
        let Ok(fields) = fields else {
            return Vec::new();
        };
        let names = fields.names().map(|name| name.text().into_owned());
        names.filter(|name| is_api_name(name)).collect()
    }
}
