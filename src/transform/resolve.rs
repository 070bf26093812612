//! Turns a plan and its lookup results into a write: determines the record, maps its fields, fits them to the object, omits
//! unchanged values, and checks whether the org has an API call left for it.
//!
//! Described requests and inline delivery both call [`resolve`]. The delivery proxy cannot, because it has only the fields of a
//! request that was described earlier, and no event. If it looks a record up again, it calls only `target::settle`.

use std::{borrow::Cow, sync::Arc};

use smallvec::SmallVec;

use crate::{
    config::{Policies, Preflight, rules::Rules},
    rudderstack::Destination,
    salesforce::{Found, Key, Row, Spares, address::Address, key::is_api_name},
    transform::{
        changes::ChangeDetail,
        choice::Choice,
        error::EventError,
        mapping::{self, Fields},
        plan::{PlannedTraits, Record},
        preflight::{self, Fitting, Mode},
        refused::Refused,
        target::{self, Target},
        unchanged::Unchanged,
    },
};

/// A write of an event, before its record has been determined.
#[derive(Debug)]
pub(crate) struct Unresolved<'p, 'a> {
    /// The traits of the event.
    pub traits: &'p PlannedTraits<'a>,
    /// The record.
    pub record: &'p Record<'p>,
    /// The record that a duplicate rule found instead, if the planned record has no key.
    pub duplicate: Option<&'p Row>,
    /// The destination of the event.
    pub destination: &'p Destination,
    /// How much is told of what is changed.
    pub detail: ChangeDetail,
    /// What refusals of earlier attempts have shown, if there were any.
    pub refused: Option<Arc<Refused>>,
}

/// A write of one or several events to one record.
#[derive(Debug)]
pub(crate) struct Resolved<'p, 'a> {
    /// The record.
    pub target: Target<'p>,
    /// The fields that are set.
    pub fields: Fields<'a>,
}

/// Determines the record of an event and the fields to write. The fields of `later` events of the same record are merged and
/// take precedence. If `unchanged` is given (`SKIP_UNCHANGED`), values that the record already has are omitted. `spares` is
/// `None` if it is not known how many calls the org has left.
///
/// # Errors
/// [`EventError`] if the lookup failed or found a record that cannot be written, or if the fields cannot be mapped;
/// [`EventError::Unchanged`] if no field is left; [`EventError::Reserved`] if the org has no call left.
pub(crate) fn resolve<'p, 'a>(
    first: &Unresolved<'p, 'a>,
    later: impl IntoIterator<Item = Unresolved<'p, 'a>>,
    found: &'p Found,
    rules: (&Rules, &Policies),
    unchanged: Option<&mut Unchanged>,
    spares: Option<&Spares>,
) -> Result<Resolved<'p, 'a>, EventError> {
    resolve_observed(first, later, found, rules, unchanged, spares, &mut ())
}

/// Watches how the fields of a write come about. Nothing is watched by default, which costs nothing.
pub(crate) trait Observer<'p, 'a> {
    /// The record is known, and its fields are mapped.
    fn mapped(&mut self, _target: &Target<'p>, _fields: &Fields<'a>) {}
    /// The fields have been fitted to the object.
    fn fitted(&mut self, _fields: &Fields<'a>) {}
    /// The values that the record already has are omitted.
    fn reduced(&mut self, _fields: &Fields<'a>) {}
}

impl Observer<'_, '_> for () {}

/// The same as [`resolve`], for somebody who watches.
///
/// # Errors
/// As [`resolve`].
#[inline]
pub(crate) fn resolve_observed<'p, 'a>(
    first: &Unresolved<'p, 'a>,
    later: impl IntoIterator<Item = Unresolved<'p, 'a>>,
    found: &'p Found,
    rules: (&Rules, &Policies),
    unchanged: Option<&mut Unchanged>,
    spares: Option<&Spares>,
    observer: &mut impl Observer<'p, 'a>,
) -> Result<Resolved<'p, 'a>, EventError> {
    let (target, mut fields) = first.mapped(found, rules)?;
    let mut refused: SmallVec<[Arc<Refused>; 1]> = first.refused.iter().cloned().collect();
    observer.mapped(&target, &fields);
    let mut later = later.into_iter().peekable();
    if later.peek().is_some() {
        // A later value that does not fit must not displace an earlier one that does.
        first.fit(&mut fields, &target, (found, rules.1), &refused, true)?;
    }
    for event in later {
        let mut own = event.mapped(found, rules)?.1;
        event.fit(
            &mut own,
            &target,
            (found, rules.1),
            event.refused.as_slice(),
            true,
        )?;
        refused.extend(event.refused.clone());
        fields.absorb(own);
    }
    first.fit(&mut fields, &target, (found, rules.1), &refused, false)?;
    for refused in refused {
        refused.leave_out(&target.object, &mut fields);
    }
    observer.fitted(&fields);
    if let Some(unchanged) = unchanged {
        let is_left = unchanged.reduce(&target, &mut fields);
        observer.reduced(&fields);
        if !is_left {
            return Err(EventError::Unchanged);
        }
    }
    let may_create = target.address.effect().may_create();
    let call = spares.map_or(Ok(()), |spares| spares.write(may_create));
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
        let fields = mapping::fields(self.traits, record, &target, destination, rules)?;
        Ok((target, fields))
    }

    /// Fits the fields to the object, if the org has described it and the destination wants that (rule `preflight`), or if Salesforce
    /// could not read one of them (rule `salvage`). `refused` is what refusals have shown. `is_part` says that fields of other events
    /// are merged with them.
    fn fit(
        &self,
        fields: &mut Fields<'a>,
        target: &Target<'_>,
        (found, policies): (&Found, &Policies),
        refused: &[Arc<Refused>],
        is_part: bool,
    ) -> Result<(), EventError> {
        let must_fit = refused.iter().any(|refused| refused.must_fit);
        let mode = match policies.preflight.of(&self.destination.id) {
            Preflight::Off if !must_fit => return Ok(()),
            Preflight::Warn if !must_fit => Mode::Warn,
            Preflight::Off | Preflight::Warn | Preflight::Fix => Mode::Fix,
        };
        let Some(description) = found.description(&target.object) else {
            return Ok(());
        };
        let effect = target.address.effect();
        let fitting = Fitting {
            description,
            effect,
            mode,
            key: self.record.key().map(Key::field),
            detail: self.detail,
            is_part,
            refused: found.refused(&target.object, effect),
        };
        preflight::fit(fields, &fitting)
    }

    /// The fields whose stored values the lookup has to read so that `resolve` can omit unchanged ones; none if the record is not
    /// looked up.
    #[must_use]
    pub(crate) fn fields_to_read(&self, rules: (&Rules, &Policies)) -> Vec<String> {
        let key = match self.record {
            Record::Lead(key) | Record::Matching(key) => key,
            Record::Named { .. } => return Vec::new(),
        };
        let update = Target {
            object: Cow::Borrowed(key.object()),
            address: Address::Id(Cow::Borrowed("")),
            email: None,
            stored: None,
            is_duplicate: false,
            choice: Choice::Named,
        };
        let fields = mapping::fields(self.traits, self.record, &update, self.destination, rules);
        let Ok(fields) = fields else {
            return Vec::new();
        };
        let names = fields.names().map(|name| name.text().into_owned());
        names.filter(|name| is_api_name(name)).collect()
    }
}
