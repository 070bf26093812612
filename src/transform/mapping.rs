//! Maps traits to fields: rules `lead-fields` to `mapping-off` of `docs/behaviour.md`. `lead` and `contact` contain the tables.

mod contact;
mod described;
mod field;
mod fields;
mod index;
mod lead;
mod name;
mod reading;
mod sorted;
mod table;

pub(crate) use described::as_update;
use fields::EMAIL;
pub(crate) use fields::{FieldValue, Fields};
pub(crate) use table::Table;

use std::borrow::Cow;

use crate::{
    config::{
        Policies,
        rules::{LetterCase, MappingSwitch, NamedTables, Rules},
    },
    json::Members,
    rudderstack::Destination,
    salesforce::{Key, address::Effect},
    transform::{
        change::Change,
        error::EventError,
        field_name::FieldName,
        mapping::{
            field::Access,
            reading::{MappedRecord, mapped},
        },
        plan::{PlannedTraits, Record},
        target::Target,
    },
};

/// The table for a record that was found by its e-mail: a Lead, or the Contact that a lead was converted to.
fn table_of_found(object: &str) -> Option<&'static Table> {
    match object {
        "Lead" => Some(&lead::TABLE),
        "Contact" => Some(&contact::TABLE),
        _ => None,
    }
}

/// The table for a record that the event names, if its object has one (rule `other-objects`).
fn table_of_named(object: &str, named: NamedTables) -> Option<&'static Table> {
    match named {
        NamedTables::Lead => object.eq_ignore_ascii_case("Lead").then_some(&lead::TABLE),
        NamedTables::LeadAndContact => table_of_found(object),
    }
}

/// The standard fields that the mapping fills in records of an object; none if the object has no table.
pub fn standard_fields(object: &str) -> impl Iterator<Item = &'static str> {
    let fields = table_of_found(object).map_or([].as_slice(), |table| table.fields);
    let writable = fields
        .iter()
        .filter(|field| field.access == Access::Written);
    writable.map(|field| field.name)
}

/// Whether this is a field of any table that Salesforce's REST API never writes (rule `system-fields`).
#[must_use]
pub(crate) fn is_system_field(name: &str) -> bool {
    let fields = lead::TABLE.fields.iter().chain(contact::TABLE.fields);
    let mut alike = fields.filter(|field| field.name == name).peekable();
    alike.peek().is_some() && alike.all(|field| field.access != Access::Written)
}

/// Whether a table reads a field from the trait at this path.
#[must_use]
pub(crate) fn is_read_from(field: &str, path: &str) -> bool {
    let fields = lead::TABLE.fields.iter().chain(contact::TABLE.fields);
    let mut alike = fields.filter(|known| known.name == field);
    alike.any(|known| known.source.paths().contains(&path))
}

/// Whether a custom field can have this name, including its suffix.
#[must_use]
pub(crate) fn is_custom_field(name: &str) -> bool {
    FieldName::custom(Cow::Borrowed(name), LetterCase::Ignored).is_ok()
}

/// Whether a custom field comes from a trait for which only leads have a field.
#[must_use]
pub(crate) fn is_only_of_leads(name: &str) -> bool {
    let name = name.strip_suffix("__c");
    name.is_some_and(|name| lead::TABLE.takes(name) && !contact::TABLE.takes(name))
}

/// Whether the destination wants traits mapped (rule `mapping-off`).
fn is_wanted(destination: &Destination, switch: MappingSwitch) -> bool {
    let older = destination.map_property;
    match switch {
        MappingSwitch::MapProperties => destination.map_properties.or(older),
        MappingSwitch::MapProperty => older,
    }
    .unwrap_or(true)
}

/// The fields that an event writes to a record that has been resolved.
///
/// # Errors
/// [`EventError::EmptyName`], under the stock set.
pub fn fields<'a>(
    traits: &PlannedTraits<'a>,
    record: &Record<'_>,
    target: &Target<'_>,
    destination: &Destination,
    (rules, policies): (&Rules, &Policies),
) -> Result<Fields<'a>, EventError> {
    let table = match record {
        Record::Lead(_) => table_of_found(&target.object),
        Record::Named { object, .. } => table_of_named(object, rules.named_tables),
        Record::Matching(_) => None,
    };
    let is_mapped = !traits.has_field_names && is_wanted(destination, rules.mapping_switch);
    let subject = MappedRecord {
        email: target.email.filter(|_| rules.writes_looked_up_email),
        creates: target.address.creates(),
        is_named: matches!(record, Record::Named { .. }),
        is_cleared_by_null: target.address.effect() == Effect::Update
            && *policies.clear_with_null.of(&destination.id),
    };
    let mut fields = match table.filter(|_| is_mapped) {
        Some(table) => mapped(&traits.members, table, subject, rules)?,
        None => unmapped(&traits.members, subject, rules),
    };
    if target.is_duplicate {
        let kept = kept_by_duplicate(record);
        fields.retain(|name, value| !value.is_placeholder() && !has_name(&kept, &name.text()));
    }
    Ok(fields)
}

/// The traits unchanged, with the e-mail by which the record was looked up.
fn unmapped<'a>(traits: &Members<'a>, subject: MappedRecord<'_>, rules: &Rules) -> Fields<'a> {
    let mut fields = as_they_are(traits, rules);
    if let Some(email) = subject.email {
        fields.settle_email(email, subject.creates);
    }
    fields
}

/// The fields of which a record that a duplicate rule has found keeps its own values (rule `duplicate-rules`): the rule
/// has matched it by something else than its e-mail and the event's key.
pub(crate) fn kept_by_duplicate<'r>(record: &'r Record<'_>) -> [&'r str; 2] {
    [EMAIL, record.key().map_or(EMAIL, Key::field)]
}

/// Whether a field has one of these names.
fn has_name(names: &[&str], field: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(field))
}

/// The traits unchanged, for objects without a table and for destinations that switch the mapping off. Where the rules
/// say so, the later of two traits for the same field wins, and the record's own id is left out.
#[must_use]
pub fn as_they_are<'a>(traits: &Members<'a>, rules: &Rules) -> Fields<'a> {
    let mut fields = Fields::with_capacity(traits.count(), rules.field_names);
    for (name, value) in traits.iter() {
        if !rules.own_id && is_own_id(name) {
            fields.changes.push(Change::OwnId(name.clone()));
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

#[cfg(test)]
pub(crate) mod tests;
