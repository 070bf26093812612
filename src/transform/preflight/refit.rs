//! Fits all fields anew, once one of them does not fit.

use super::{
    Fitting, Mode,
    form::Form,
    name::{self, Meaning, Renaming},
    place, value,
};
use crate::{
    salesforce::{address::Effect, describe::FieldDescription},
    transform::{
        change::{Change, ChangeKind, Fit},
        changes::{ChangeDetail, Changes},
        error::EventError,
        field_name::FieldName,
        mapping::{FieldValue, Fields},
    },
};

/// The usual number of fields of an event.
const USUAL_FIELDS: usize = 16;

/// The fields of a request while they are fitted.
pub(super) struct Refit<'d, 'a> {
    pub(super) fitting: Fitting<'d>,
    entries: Vec<Option<Entry<'a>>>,
    /// The position in `entries` of each field of the object, counted from 1; 0 if it is not set.
    places: Vec<u32>,
    changes: Changes<'a>,
    /// Why the value by which the record is identified does not fit.
    key_flaw: Option<EventError>,
}

/// A field that fits.
pub(super) struct Entry<'a> {
    /// The name as the mapping spells it.
    name: FieldName<'a>,
    /// The name in the org.
    renamed: Option<FieldName<'a>>,
    pub(super) value: FieldValue<'a>,
    /// Whether only the similarity of the names says that the trait is meant for this field.
    is_guess: bool,
}

impl<'d, 'a> Refit<'d, 'a> {
    pub(super) fn new(fitting: Fitting<'d>) -> Self {
        Self {
            fitting,
            entries: Vec::with_capacity(USUAL_FIELDS),
            places: vec![0; fitting.description.count()],
            changes: Changes::default(),
            key_flaw: None,
        }
    }

    /// Fits each field, and what the mapping has left out.
    pub(super) fn fit_all(&mut self, fields: &mut Fields<'a>) {
        for (name, value) in fields.members() {
            self.fit(name, value.clone());
        }
        let mut noted = std::mem::take(&mut fields.changes);
        noted.settle(|change| self.take_up(change, fields));
        fields.changes = noted;
    }

    /// Puts the fields back, unless it is only noted what would be changed.
    ///
    /// # Errors
    /// [`EventError::KeyDoesNotFit`].
    pub(super) fn finish(mut self, fields: &mut Fields<'a>) -> Result<(), EventError> {
        self.note_missing();
        fields.changes.absorb(std::mem::take(&mut self.changes));
        if self.fitting.mode == Mode::Warn {
            return Ok(());
        }
        if let Some(error) = self.key_flaw {
            return Err(error);
        }
        let entries = self.entries.into_iter().flatten();
        fields.replace(entries.map(|entry| (entry.renamed.unwrap_or(entry.name), entry.value)));
        Ok(())
    }

    /// Fits one field.
    fn fit(&mut self, name: &FieldName<'a>, value: FieldValue<'a>) {
        let fitted = match name::meant(&self.fitting, name, &value) {
            Ok((meaning, renaming)) => self.fit_meant(&meaning, renaming, name, value),
            Err(flaw) => Err(flaw),
        };
        if let Err(flaw) = fitted {
            self.note_flaw(name, flaw);
        }
    }

    /// Fits a field that the object has.
    fn fit_meant(
        &mut self,
        meaning: &Meaning<'d>,
        renaming: Option<Renaming>,
        name: &FieldName<'a>,
        value: FieldValue<'a>,
    ) -> Result<(), Fit> {
        let (Meaning::Field(field) | Meaning::Parent(field, _)) = *meaning;
        self.allows(field)?;
        let (to, spelling, value, fit) = match *meaning {
            Meaning::Parent(field, relationship) => (field, relationship, value, None),
            Meaning::Field(field) => {
                let (to, value, fit) = self.fitted(field, value)?;
                (to, &*to.name, value, fit)
            }
        };
        let is_guess = renaming == Some(Renaming::StandardField);
        let is_renamed = *spelling != *name.text();
        if let Some(renaming) = renaming {
            self.note(name, renaming.reason(), |_| renaming.fit(spelling));
        }
        if let Some(fit) = fit {
            self.note_fit(name, fit);
        }
        let entry = Entry {
            name: name.clone(),
            renamed: is_renamed.then(|| name.renamed(spelling)),
            value,
            is_guess,
        };
        self.set(to.index(), entry);
        Ok(())
    }

    /// The value that a field takes, and the field that it goes into: the same one, or the other one for the place.
    fn fitted(
        &self,
        field: &'d FieldDescription,
        value: FieldValue<'a>,
    ) -> Result<(&'d FieldDescription, FieldValue<'a>, Option<Fit>), Fit> {
        let object = self.fitting.description;
        let part = field
            .place()
            .filter(|part| Form::of(&value).is_filled() && !place::takes(object, *part, &value));
        if let Some(part) = part {
            let (to, text) = place::settled(object, part, &value)?;
            self.allows(to)?;
            let fit = if to.index() == field.index() {
                Fit::PicklistSpelling
            } else {
                Fit::OtherPlaceField(to.name.clone())
            };
            return Ok((to, place::spelled(text), Some(fit)));
        }
        match value::fitted(field, &value, object)? {
            Some((_, Fit::Cut(length))) if self.fitting.is_key(&field.name) => {
                Err(Fit::TooLong(length))
            }
            Some((value, fit)) => Ok((field, value, Some(fit))),
            None => Ok((field, value, None)),
        }
    }

    /// Whether a field can be written, and Salesforce does not refuse it all the same.
    fn allows(&self, field: &FieldDescription) -> Result<(), Fit> {
        name::is_writable(field, self.fitting.effect)?;
        if self.fitting.refuses(&field.name) {
            return Err(Fit::RefusedBySalesforce);
        }
        Ok(())
    }

    /// Sets a field of the object. If it is set already, the later value wins, unless it is a placeholder, or the name of its trait
    /// only resembles that of a field that the mapping has filled.
    fn set(&mut self, index: usize, entry: Entry<'a>) {
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        let earlier = (*place as usize)
            .checked_sub(1)
            .and_then(|place| self.entries.get_mut(place));
        let Some(earlier) = earlier else {
            self.entries.push(Some(entry));
            *place = u32::try_from(self.entries.len()).unwrap_or(0);
            return;
        };
        let loser = match earlier {
            Some(_) if entry.value.is_placeholder() => return,
            Some(known) if entry.is_guess && known.is_certain() => Some(entry),
            earlier => earlier.replace(entry),
        };
        if let Some(loser) = loser.filter(|loser| !loser.value.is_placeholder()) {
            self.note_fit(&loser.name, Fit::SameField);
        }
    }

    /// Looks whether the object takes what the mapping has left out: an object that names a parent, or an array for a multi-select
    /// picklist. Returns the change that remains.
    fn take_up(&mut self, change: Change<'a>, fields: &Fields<'a>) -> Option<Change<'a>> {
        match change {
            Change::Structure { name, value } => {
                let is_fixed = self.fitting.mode == Mode::Fix;
                let field = FieldName::custom(name.clone(), fields.letter_case());
                let taken = field
                    .ok()
                    .filter(|_| is_fixed)
                    .is_some_and(|field| self.takes_structure(&field, FieldValue::Trait(value)));
                (!taken).then_some(Change::Structure { name, value })
            }
            Change::NoFieldName { name, .. } => {
                let nearest = name::nearest(&self.fitting, &name);
                Some(Change::NoFieldName { name, nearest })
            }
            other => Some(other),
        }
    }

    fn takes_structure(&mut self, name: &FieldName<'a>, value: FieldValue<'a>) -> bool {
        let is_taken = match name::meant(&self.fitting, name, &value) {
            Ok((Meaning::Field(field), _)) => {
                // The mapping has not noted where among the traits the list stood, so that any other trait takes precedence.
                self.allows(field).is_ok()
                    && self.places.get(field.index()) == Some(&0)
                    && value::fitted(field, &value, self.fitting.description).is_ok()
            }
            // The id of the record to refer to takes precedence over an object that names it.
            Ok((Meaning::Parent(field, _), _)) => {
                self.allows(field).is_ok() && self.places.get(field.index()) == Some(&0)
            }
            Err(_) => false,
        };
        if is_taken {
            self.fit(name, value);
        }
        is_taken
    }

    /// Names the fields that a new record requires and that nothing fills.
    fn note_missing(&mut self) {
        if self.fitting.is_part || self.fitting.effect != Effect::Create {
            return;
        }
        for field in self.fitting.description.required() {
            let index = u16::try_from(field.index()).unwrap_or(u16::MAX);
            let entry = self.entry(index);
            if !entry.is_some_and(|entry| Form::of(&entry.value).is_filled()) {
                let name = FieldName::of_org(&field.name);
                self.note_fit(&name, Fit::RequiredMissing);
            }
        }
    }

    /// The field at this position in the object, if it is set.
    pub(super) fn entry(&self, index: u16) -> Option<&Entry<'a>> {
        let place = *self.places.get(usize::from(index))?;
        self.entries.get((place as usize).checked_sub(1)?)?.as_ref()
    }

    /// Leaves out a field that is set.
    pub(super) fn leave_out(&mut self, index: u16, flaw: Fit) {
        let place = self.places.get_mut(usize::from(index));
        let place = place.map_or(0, std::mem::take) as usize;
        let entry = place
            .checked_sub(1)
            .and_then(|place| self.entries.get_mut(place));
        if let Some(entry) = entry.and_then(Option::take) {
            self.withdraw(&entry.name);
            self.note_flaw(&entry.name, flaw);
        }
    }

    /// Forgets what was done to a field that is left out after all.
    fn withdraw(&mut self, name: &FieldName<'_>) {
        let name = name.text();
        let is_of = |change: &Change<'_>| matches!(change, Change::Field { name: of, .. } if of.text() == name);
        self.changes
            .settle(|change| Some(change).filter(|change| !is_of(change)));
    }

    fn note_fit(&mut self, name: &FieldName<'a>, fit: Fit) {
        self.note(name, fit.reason(), |_| fit);
    }

    /// Notes a change, or only counts it if nobody is told.
    fn note(
        &mut self,
        name: &FieldName<'a>,
        reason: &'static str,
        fit: impl FnOnce(ChangeDetail) -> Fit,
    ) {
        let detail = self.fitting.detail;
        if self.changes.keeps(detail) {
            let fit = fit(detail);
            self.changes.push(match self.fitting.mode {
                Mode::Fix => Change::of_field(name, fit),
                Mode::Warn => Change::suggested(name, fit),
            });
        } else {
            self.changes.count(reason, 1);
        }
    }

    fn note_flaw(&mut self, name: &FieldName<'a>, flaw: Fit) {
        debug_assert_eq!(flaw.kind(), ChangeKind::LeftOut);
        let is_certain = self.fitting.effect == Effect::Update;
        let is_harmless =
            matches!(flaw, Fit::NotUpdateable | Fit::UnknownField { .. }) && is_certain;
        if self.fitting.key.is_some() && !is_harmless && self.fitting.is_key(&name.text()) {
            self.key_flaw = Some(EventError::KeyDoesNotFit {
                field: name.text().as_ref().into(),
                why: flaw.clone(),
            });
        }
        let fitting = self.fitting;
        self.note(name, flaw.reason(), |detail| match detail {
            ChangeDetail::Everything => name::with_nearest(&fitting, name, flaw),
            ChangeDetail::Names | ChangeDetail::Counts => flaw,
        });
    }
}

impl Entry<'_> {
    /// Whether the mapping itself has filled the field.
    fn is_certain(&self) -> bool {
        self.name.is_of_table() && !self.value.is_placeholder()
    }
}
