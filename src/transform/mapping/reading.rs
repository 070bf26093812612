//! Reads a record's fields from an event's traits with a table: the standard fields, then the custom ones. Notes what
//! is left out.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{
    Table,
    field::{Access, Field, Source},
    fields::{FieldValue, Fields},
    index::FieldPlaces,
    is_own_id,
    name::Name,
    sorted::Sorted,
};
use crate::{
    config::rules::{CustomFields, Placeholders, Rules},
    json::{Kind, Members, Value},
    transform::{change::Change, changes::Changes, error::EventError, field_name::FieldName},
};

/// About how many fields an event has in addition to its traits: members of `company` and `address`, and parts of a
/// name.
const MORE_FIELDS: usize = 8;

/// How a record's fields are read from an event's traits.
pub(super) struct Reading<'r, 't, 'a> {
    pub(super) traits: &'r Sorted<'t, 'a>,
    pub(super) name: Name<'a>,
    pub(super) table: &'static Table,
    subject: MappedRecord<'r>,
    pub(super) rules: &'r Rules,
}

/// The record whose fields are read.
#[derive(Clone, Copy)]
pub(super) struct MappedRecord<'r> {
    /// The e-mail by which it was looked up; it is written in this form.
    pub(super) email: Option<&'r str>,
    /// Whether it is created.
    pub(super) creates: bool,
    /// Whether the event names it.
    pub(super) is_named: bool,
    /// Whether a trait that is null clears its field (rule `null-clears`).
    pub(super) is_cleared_by_null: bool,
}

/// The traits mapped by a table.
///
/// # Errors
/// [`EventError::EmptyName`], under the stock set.
pub(super) fn mapped<'a>(
    traits: &Members<'a>,
    table: &'static Table,
    subject: MappedRecord<'_>,
    rules: &Rules,
) -> Result<Fields<'a>, EventError> {
    let mut fields = Fields::with_capacity(traits.count() + MORE_FIELDS, rules.field_names);
    let sorted = Sorted::of(traits, &table.index);
    let reading = Reading {
        name: Name::of(sorted.parts(), rules.name_cut, &mut fields.changes)?,
        traits: &sorted,
        table,
        subject,
        rules,
    };
    let placeholders = reading.standard_fields(&mut fields);
    for (name, value) in &reading.traits.others {
        reading.custom_field(name.clone(), *value, &mut fields);
    }
    for (name, text) in placeholders {
        let name = FieldName::standard(name, rules.field_names);
        fields.set_placeholder(name, text);
    }
    if reading.notes() {
        reading.note_unread(&mut fields.changes);
    }
    Ok(fields)
}

impl<'a> Reading<'_, '_, 'a> {
    /// Reads the fields of the table. Returns the placeholders of the fields that no trait fills, because a custom
    /// field may still fill them.
    #[inline]
    fn standard_fields(
        &self,
        fields: &mut Fields<'a>,
    ) -> SmallVec<[(&'static str, &'static str); 2]> {
        let creates = self.subject.creates;
        let mut placeholders = SmallVec::new();
        let is_filled = match self.rules.placeholders {
            Placeholders::Always => true,
            Placeholders::OnCreate => creates,
            Placeholders::Never => false,
        };
        for (field, places) in self.table.rows() {
            let Some(value) = self.value(field, places, &mut fields.changes) else {
                if let Some(text) = field.default.filter(|_| is_filled) {
                    placeholders.push((field.name, text));
                }
                continue;
            };
            match field.access {
                // A part of a name may be known to be empty.
                _ if matches!(&value, FieldValue::Text(text) if text.is_empty()) => {}
                _ if self.rules.system_fields => fields.add_standard(field.name, value),
                Access::Written => fields.add_standard(field.name, value),
                Access::System => fields.changes.push(Change::SystemField(field.name)),
                Access::Missing => fields.changes.push(Change::MissingField(field.name)),
            }
        }
        placeholders
    }

    /// The field's value: that of the first path that has one. Objects and arrays are not values and are noted, unless
    /// the table reads their members, as for `company`. Values at later paths are noted, too.
    #[inline]
    fn value(
        &self,
        field: &Field,
        places: &FieldPlaces,
        changes: &mut Changes<'a>,
    ) -> Option<FieldValue<'a>> {
        match field.source {
            Source::FirstName => {
                let first = self.name.first.clone();
                first.or_else(|| self.cleared(self.traits.first_name()))
            }
            Source::LastName => self.name.last.clone(),
            Source::Email => {
                let own = self.first(places, changes);
                self.email(own)
            }
            Source::Traits(_) if !self.traits.is_any(places) => None,
            Source::Traits(_) => {
                let value = self.first(places, changes).map(FieldValue::Trait);
                value.or_else(|| self.null(field, places))
            }
        }
    }

    /// The null that clears a field of which no trait has a value. A required field cannot be cleared.
    #[cold]
    fn null(&self, field: &Field, places: &FieldPlaces) -> Option<FieldValue<'a>> {
        let places = places.places.iter();
        let values = places.flat_map(|place| self.traits.at(place, self.rules.blank_text));
        let mut nulls = values.filter_map(|value| self.cleared(value));
        nulls.next().filter(|_| field.default.is_none())
    }

    /// A trait that clears its field because it is null.
    fn cleared(&self, value: Option<Value<'a>>) -> Option<FieldValue<'a>> {
        let value = value.filter(|value| self.is_clearing(*value))?;
        Some(FieldValue::Trait(value))
    }

    fn is_clearing(&self, value: Value<'_>) -> bool {
        self.subject.is_cleared_by_null && value.is_null()
    }

    /// The first value at these places that a field can have.
    fn first(&self, places: &FieldPlaces, changes: &mut Changes<'a>) -> Option<Value<'a>> {
        let mut first: Option<(&'static str, Value<'a>)> = None;
        for place in &places.places {
            let path = place.path;
            for value in self.traits.at(place, self.rules.blank_text) {
                let Some(value) = value.filter(|value| self.counts(*value)) else {
                    continue;
                };
                match first {
                    _ if !self.is_sent(value) => changes.extend(self.structure(path, value)),
                    None => first = Some((path, value)),
                    Some((first, taken)) if self.notes() && !taken.is_same_as(value) => {
                        changes.push(Change::ComesAfter { path, first });
                    }
                    Some(_) => {}
                }
            }
        }
        first.map(|(_, value)| value)
    }

    /// The note on an object or array at a path; `None` for an object whose members the table reads.
    fn structure(&self, path: &'static str, value: Value<'a>) -> Option<Change<'a>> {
        let is_read = value.kind() == Kind::Object && self.table.reads_below(path);
        (!is_read).then_some(Change::Structure {
            name: Cow::Borrowed(path),
            value,
        })
    }

    /// The e-mail: in the form in which the record was looked up, otherwise as in the trait.
    pub(super) fn email(&self, own: Option<Value<'a>>) -> Option<FieldValue<'a>> {
        match (self.subject.email, own) {
            (None, own) => own.map(FieldValue::Trait),
            (Some(email), Some(own)) if own.says(email) => Some(FieldValue::Trait(own)),
            (Some(_), None) if !self.subject.creates => None,
            (Some(email), _) => Some(FieldValue::Text(Cow::Owned(email.to_owned()))),
        }
    }

    /// Reads a trait as a custom field.
    #[inline]
    fn custom_field(&self, name: Cow<'a, str>, value: Value<'a>, fields: &mut Fields<'a>) {
        let case = self.rules.field_names;
        let name = match self.rules.custom_fields {
            CustomFields::Truthy if value.is_truthy() => Ok(FieldName::suffixed(name, case)),
            CustomFields::Values if self.counts(value) || self.is_clearing(value) => {
                self.custom_name(name, value)
            }
            CustomFields::Truthy | CustomFields::Values => return,
        };
        match name {
            Ok(name) => fields.set(name, FieldValue::Trait(value)),
            Err(change) => fields.changes.extend(change),
        }
    }

    /// The custom field of a trait that has a value.
    ///
    /// # Errors
    /// There is no custom field, and why; without a reason if the trait already fills a field of the table.
    fn custom_name(
        &self,
        name: Cow<'a, str>,
        value: Value<'a>,
    ) -> Result<FieldName<'a>, Option<Change<'a>>> {
        if self.subject.is_named && !self.rules.own_id && is_own_id(&name) {
            return Err(Some(Change::OwnId(name)));
        }
        if self.table.before.is_some_and(|before| before.takes(&name)) {
            return Err(Some(Change::OfLead(name)));
        }
        let change = if is_scalar(value) {
            match FieldName::custom(name, self.rules.field_names) {
                Ok(name) => return Ok(name),
                Err(name) => Change::NoFieldName {
                    name,
                    nearest: None,
                },
            }
        } else {
            Change::Structure { name, value }
        };
        let is_read = change
            .trait_name()
            .is_some_and(|name| self.table.index.is_path(&name));
        Err((!is_read).then_some(change))
    }

    /// Notes what no field reads: traits, members of traits, and traits that are not objects although only their
    /// members are read.
    fn note_unread(&self, changes: &mut Changes<'a>) {
        let index = &self.table.index;
        for (name, value) in self.traits.filled(index.unread, index) {
            if self.counts(value) {
                let name = Cow::Borrowed(name);
                changes.push(Change::NoField { of: None, name });
            }
        }
        for (name, value) in self.traits.filled(index.read_inside, index) {
            if self.counts(value) && value.as_object().is_none() {
                changes.push(Change::NotObject(name));
            }
        }
        for part in &self.traits.unread_parts {
            if self.counts(part.value) {
                let (of, name) = (Some(part.of), part.name.clone());
                changes.push(Change::NoField { of, name });
            }
        }
    }

    /// Whether what is left out is noted.
    pub(super) fn notes(&self) -> bool {
        self.rules.custom_fields == CustomFields::Values
    }

    /// Whether a trait has a value.
    #[inline]
    pub(super) fn counts(&self, value: Value<'_>) -> bool {
        !self.rules.blank_text.is_absent(value)
    }

    /// Whether a value is sent in a field of the table.
    #[inline]
    pub(super) fn is_sent(&self, value: Value<'_>) -> bool {
        self.rules.custom_fields == CustomFields::Truthy || is_scalar(value)
    }
}

/// Whether a field can have this value.
fn is_scalar(value: Value<'_>) -> bool {
    !matches!(value.kind(), Kind::Object | Kind::Array)
}
