//! Traits → fields: rows 7 to 8a of the behaviour table. The tables are data, in `lead` and `contact`.

mod contact;
mod field_name;
mod fields;
mod index;
mod lead;
mod left_out;
mod name;
mod sorted;
mod table;

pub use field_name::FieldName;
pub use fields::{FieldValue, Fields};
pub use left_out::LeftOut;
pub use table::Table;

use std::borrow::Cow;

use crate::{
    contract::{
        Destination,
        json::{Kind, Members, Value},
    },
    error::EventError,
    map::{name::Name, sorted::Sorted, table::Access},
    plan::{Plan, Record},
    rules::{CustomFields, MappingSwitch, NamedTables, Placeholders, Rules},
    target::Target,
};

/// How many fields an event has beyond its traits, about: what is inside `company` and `address`, and parts of a name.
const MORE_FIELDS: usize = 8;

/// How a record's fields are read from an event's traits.
struct Reading<'r, 't, 'a> {
    traits: Sorted<'t, 'a>,
    name: Name<'a>,
    table: &'static Table,
    subject: Subject<'r>,
    rules: &'r Rules,
}

/// The record whose fields are read.
#[derive(Clone, Copy)]
struct Subject<'r> {
    /// The e-mail that it was looked up by, which is written in this form.
    email: Option<&'r str>,
    /// Whether it is created.
    creates: bool,
    /// Whether the event names it.
    is_named: bool,
}

/// The table for a record that was found by its e-mail: a Lead, or the Contact that a lead has become.
fn table_of_found(object: &str) -> Option<&'static Table> {
    match object {
        "Lead" => Some(&lead::TABLE),
        "Contact" => Some(&contact::TABLE),
        _ => None,
    }
}

/// The table for a record that the event names, where it has one (row 8).
fn table_of_named(object: &str, named: NamedTables) -> Option<&'static Table> {
    match named {
        NamedTables::Lead => object.eq_ignore_ascii_case("Lead").then_some(&lead::TABLE),
        NamedTables::LeadAndContact => table_of_found(object),
    }
}

/// The standard fields that the mapping fills in records of an object; none where it has no table.
pub fn standard_fields(object: &str) -> impl Iterator<Item = &'static str> {
    let fields = table_of_found(object).map_or([].as_slice(), |table| table.fields);
    let writable = fields
        .iter()
        .filter(|field| field.access == Access::Written);
    writable.map(|field| field.name)
}

/// Whether a field of the tables is one that Salesforce's REST API never writes (row 7b).
#[must_use]
pub fn is_system_field(name: &str) -> bool {
    let mut fields = lead::TABLE.fields.iter().chain(contact::TABLE.fields);
    fields.any(|field| field.name == name && field.access != Access::Written)
}

/// Whether the destination wants traits mapped (row 8a).
fn is_wanted(destination: &Destination, switch: MappingSwitch) -> bool {
    let older = destination.map_property;
    match switch {
        MappingSwitch::MapProperties => destination.map_properties.or(older),
        MappingSwitch::MapProperty => older,
    }
    .unwrap_or(true)
}

/// What an event writes to a record, once it is settled which one that is.
///
/// # Errors
/// [`EventError::EmptyName`], under the stock set.
pub fn fields<'a>(
    plan: &Plan<'a>,
    record: &Record<'_>,
    target: &Target<'_>,
    destination: &Destination,
    rules: &Rules,
) -> Result<Fields<'a>, EventError> {
    let table = match record {
        Record::Lead(_) => table_of_found(&target.object),
        Record::Named { object, .. } => table_of_named(object, rules.named_tables),
        Record::Matching(_) => None,
    };
    let is_mapped = !plan.are_fields && is_wanted(destination, rules.mapping_switch);
    let subject = Subject {
        email: target.email.filter(|_| rules.writes_looked_up_email),
        creates: target.id.is_none(),
        is_named: matches!(record, Record::Named { .. }),
    };
    if let Some(table) = table.filter(|_| is_mapped) {
        return mapped(&plan.traits, table, subject, rules);
    }
    let mut fields = as_they_are(&plan.traits, rules);
    if let Some(email) = subject.email {
        fields.settle_email(email, subject.creates);
    }
    Ok(fields)
}

/// The traits as they are, for objects without a table and for destinations that switch the mapping off. Of two that are one
/// field the later counts, and the record's own id is left out, where the rules have it so.
#[must_use]
pub fn as_they_are<'a>(traits: &Members<'a>, rules: &Rules) -> Fields<'a> {
    let mut fields = Fields::with_capacity(traits.count(), rules.field_names);
    for (name, value) in traits.iter() {
        if !rules.own_id && is_own_id(name) {
            fields.left_out.push(LeftOut::OwnId(name.clone()));
            continue;
        }
        let name = FieldName::spelled(name.clone(), rules.field_names);
        fields.set(name, FieldValue::Trait(*value));
    }
    fields
}

/// Whether a field is the record's own id.
fn is_own_id(name: &str) -> bool {
    name.eq_ignore_ascii_case("Id")
}

/// The traits mapped by a table.
fn mapped<'a>(
    traits: &Members<'a>,
    table: &'static Table,
    subject: Subject<'_>,
    rules: &Rules,
) -> Result<Fields<'a>, EventError> {
    let mut fields = Fields::with_capacity(traits.count() + MORE_FIELDS, rules.field_names);
    let sorted = Sorted::of(traits, &table.index);
    let reading = Reading {
        name: Name::of(sorted.parts(), rules.name_cut, &mut fields.left_out)?,
        traits: sorted,
        table,
        subject,
        rules,
    };
    reading.standard_fields(&mut fields);
    for (name, value) in &reading.traits.others {
        reading.custom_field(name.clone(), *value, &mut fields);
    }
    if reading.notes() {
        reading.note_unread(&mut fields.left_out);
    }
    Ok(fields)
}

impl<'a> Reading<'_, '_, 'a> {
    /// Reads the fields of the table.
    fn standard_fields(&self, fields: &mut Fields<'a>) {
        let creates = self.subject.creates;
        let placeholders = creates || self.rules.placeholders == Placeholders::Always;
        for (field, places) in self.table.rows() {
            let Some(value) = field.value(self, places, &mut fields.left_out) else {
                let placeholder = field
                    .default
                    .filter(|_| placeholders)
                    .map(|text| (field.name, text));
                fields.placeholders.extend(placeholder);
                continue;
            };
            match field.access {
                // A part of a name may be known to be empty.
                _ if matches!(&value, FieldValue::Text(text) if text.is_empty()) => {}
                _ if self.rules.system_fields => fields.add_standard(field.name, value),
                Access::Written => fields.add_standard(field.name, value),
                Access::System => fields.left_out.push(LeftOut::SystemField(field.name)),
                Access::Missing => fields.left_out.push(LeftOut::MissingField(field.name)),
            }
        }
    }

    /// The e-mail: as the record was looked up by it, where it was; else as the trait says it.
    fn email(&self, own: Option<Value<'a>>) -> Option<FieldValue<'a>> {
        match (self.subject.email, own) {
            (None, own) => own.map(FieldValue::Trait),
            (Some(email), Some(own)) if own.as_text_or_number().as_deref() == Some(email) => {
                Some(FieldValue::Trait(own))
            }
            (Some(_), None) if !self.subject.creates => None,
            (Some(email), _) => Some(FieldValue::Text(Cow::Owned(email.to_owned()))),
        }
    }

    /// Reads a trait as a custom field.
    fn custom_field(&self, name: Cow<'a, str>, value: Value<'a>, fields: &mut Fields<'a>) {
        let case = self.rules.field_names;
        let name = match self.rules.custom_fields {
            CustomFields::Truthy if value.is_truthy() => Ok(FieldName::suffixed(name, case)),
            CustomFields::Values if self.counts(value) => self.custom_name(name, value),
            CustomFields::Truthy | CustomFields::Values => return,
        };
        match name {
            Ok(name) => fields.set(name, FieldValue::Trait(value)),
            Err(left_out) => fields.left_out.extend(left_out),
        }
    }

    /// The custom field of a trait that has a value.
    ///
    /// # Errors
    /// Why there is none; without a reason where the trait has filled a field of the table already.
    fn custom_name(
        &self,
        name: Cow<'a, str>,
        value: Value<'a>,
    ) -> Result<FieldName<'a>, Option<LeftOut<'a>>> {
        if self.subject.is_named && !self.rules.own_id && is_own_id(&name) {
            return Err(Some(LeftOut::OwnId(name)));
        }
        if self.table.before.is_some_and(|before| before.takes(&name)) {
            return Err(Some(LeftOut::OfLead(name)));
        }
        let (name, why): (_, fn(Cow<'a, str>) -> LeftOut<'a>) = if is_scalar(value) {
            match FieldName::custom(name, self.rules.field_names) {
                Ok(name) => return Ok(name),
                Err(name) => (name, LeftOut::NoFieldName),
            }
        } else {
            (name, LeftOut::Structure)
        };
        let is_read = self.table.index.is_path(&name);
        Err((!is_read).then(|| why(name)))
    }

    /// Notes what nothing reads: traits, parts of them, and what is no object where parts of one are read.
    fn note_unread(&self, left_out: &mut Vec<LeftOut<'a>>) {
        let index = &self.table.index;
        for (name, value) in self.traits.filled(index.unread, index) {
            if self.counts(value) {
                let name = Cow::Borrowed(name);
                left_out.push(LeftOut::NoField { of: None, name });
            }
        }
        for (name, value) in self.traits.filled(index.read_inside, index) {
            if self.counts(value) && value.as_object().is_none() {
                left_out.push(LeftOut::NotObject(name));
            }
        }
        for part in &self.traits.unread_parts {
            if self.counts(part.value) {
                let (of, name) = (Some(part.of), part.name.clone());
                left_out.push(LeftOut::NoField { of, name });
            }
        }
    }

    /// Whether what is left out is noted.
    fn notes(&self) -> bool {
        self.rules.custom_fields == CustomFields::Values
    }

    /// Whether a trait has a value.
    fn counts(&self, value: Value<'_>) -> bool {
        !self.rules.blank_text.is_absent(value)
    }

    /// Whether a value is sent in a field of the table.
    fn is_sent(&self, value: Value<'_>) -> bool {
        self.rules.custom_fields == CustomFields::Truthy || is_scalar(value)
    }
}

/// Whether a value is one that a field can hold.
fn is_scalar(value: Value<'_>) -> bool {
    !matches!(value.kind(), Kind::Object | Kind::Array)
}

#[cfg(test)]
mod tests;
