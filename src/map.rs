//! Traits → fields: rows 7 to 8a of the behaviour table. The tables are data, in `lead` and `contact`.

mod contact;
mod described;
mod field_name;
mod fields;
mod lead;
mod name;
mod sorted;
mod table;

pub use described::as_update;
pub use field_name::FieldName;
pub use fields::{FieldValue, Fields, LeftOut};
pub use table::Table;

use crate::{
    contract::{
        Destination,
        json::{Distinct, Members},
    },
    error::EventError,
    map::name::Name,
    plan::{Plan, Record},
    rules::{MappingSwitch, NamedTables, Placeholders, Rules},
    target::Target,
};

/// How many fields an event has beyond its traits, about: what is inside `company` and `address`, and parts of a name.
const MORE_FIELDS: usize = 8;

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
    let writable = fields.iter().filter(|field| field.writable);
    writable.map(|field| field.name)
}

/// Whether a field of a lead or contact is one that Salesforce's REST API never writes (row 7b).
#[must_use]
pub fn is_system_field(name: &str) -> bool {
    let mut fields = lead::TABLE.fields.iter().chain(contact::TABLE.fields);
    fields.any(|field| field.name == name && !field.writable)
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
    let Some(table) = table.filter(|_| is_mapped) else {
        return Ok(as_they_are(&plan.traits));
    };
    let creates = target.id.is_none();
    let mut fields = mapped(&plan.traits, table, creates, rules)?;
    if let Some(email) = target.email.filter(|_| creates && rules.complete_email) {
        fields.complete_email(email);
    }
    Ok(fields)
}

/// The traits as they are, for objects without a table and for destinations that switch the mapping off.
#[must_use]
pub fn as_they_are<'a>(traits: &Members<'a>) -> Fields<'a> {
    let mut members = Distinct::with_capacity(traits.count());
    for (name, value) in traits.iter() {
        members.add(FieldName::from(name.clone()), FieldValue::Trait(*value));
    }
    Fields {
        members,
        ..Fields::default()
    }
}

/// The traits mapped by a table. `creates` tells whether the request creates a record.
///
/// # Errors
/// [`EventError::EmptyName`], under the stock set.
pub fn mapped<'a>(
    traits: &Members<'a>,
    table: &Table,
    creates: bool,
    rules: &Rules,
) -> Result<Fields<'a>, EventError> {
    let mut fields = Fields {
        members: Distinct::with_capacity(traits.count() + MORE_FIELDS),
        ..Fields::default()
    };
    let placeholders = creates || rules.placeholders == Placeholders::Always;
    let sorted = table.index.sort(traits);
    let name = Name::of(sorted.parts(), rules.name_cut)?;
    for (field, places) in table.rows() {
        let left_out = &mut fields.left_out;
        let Some(value) = field.value(&sorted, places, &name, table, rules, left_out) else {
            let placeholder = field
                .default
                .filter(|_| placeholders)
                .map(|text| (field.name, text));
            fields.placeholders.extend(placeholder);
            continue;
        };
        if !value.is_present() {
            continue;
        }
        if field.writable || rules.system_fields {
            fields.members.add(FieldName::standard(field.name), value);
        } else {
            fields.left_out.push(LeftOut::SystemField(field.name));
        }
    }
    for (name, value) in sorted.others {
        fields.add_custom(name.clone(), *value, rules.custom_fields);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
