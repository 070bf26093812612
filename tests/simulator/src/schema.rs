//! What an org can hold: its objects, and their fields with type, length and access.

mod field;
mod kind;
mod standard;

use std::collections::HashSet;

use self::standard::SYSTEM_FIELDS;
pub(super) use self::standard::{
    ASSIGNMENT_RULES, CUSTOM, DUPLICATE_RULES, STANDARD_OBJECTS, prefix, standard_prefix,
};
pub use self::{
    field::{FieldSpec, PicklistValue},
    kind::FieldType,
};
use super::{Refusal, caller::Caller};

/// A field of an object.
pub(super) type Field = FieldSpec;
/// The fields that an object has of its own.
pub(super) type OwnFields = fn() -> Vec<Field>;

/// An object, in Salesforce's sense: a kind of record.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: String,
    /// The first three characters of its records' ids.
    pub(super) prefix: String,
    pub(super) fields: Vec<Field>,
    /// Whether the API writes its records.
    pub(super) is_writable: bool,
    /// Whether the API knows it.
    pub(super) is_visible: bool,
    /// When its fields were changed, in seconds since the org was founded.
    pub(super) changed: u64,
    /// The ids of users, and the names in small letters of the fields that each of them does not see.
    hidden: HashSet<(String, String)>,
    /// The same of the fields that each of them sees and does not write.
    locked: HashSet<(String, String)>,
}

impl Object {
    /// An object with fields of its own besides those that every object has.
    pub(super) fn new(name: &str, prefix: String, own: OwnFields) -> Self {
        Self {
            name: name.into(),
            prefix,
            fields: [SYSTEM_FIELDS(), own()].concat(),
            is_writable: ![ASSIGNMENT_RULES, DUPLICATE_RULES].contains(&name),
            is_visible: true,
            changed: 0,
            hidden: HashSet::new(),
            locked: HashSet::new(),
        }
    }

    /// Refuses a write where the API does not write the object's records.
    pub(super) fn admit_write(&self) -> Result<(), Refusal> {
        if self.is_writable {
            Ok(())
        } else {
            Err(Refusal::NoAccess)
        }
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, name: &str) {
        self.fields
            .retain(|field| !field.name.eq_ignore_ascii_case(name));
    }

    /// Adds a field, or changes the one that has this name.
    pub(super) fn declare(&mut self, field: Field) {
        self.remove(&field.name);
        self.fields.push(field);
    }

    /// Hides a field from the user of this id.
    pub(super) fn hide(&mut self, user: &str, field: &str) {
        self.hidden
            .insert((user.into(), field.to_ascii_lowercase()));
    }

    /// Shows a field to the user of this id again.
    pub(super) fn unhide(&mut self, user: &str, field: &str) {
        self.hidden
            .remove(&(user.into(), field.to_ascii_lowercase()));
    }

    /// Lets the user of this id read a field and not write it.
    pub(super) fn lock(&mut self, user: &str, field: &str) {
        self.locked
            .insert((user.into(), field.to_ascii_lowercase()));
    }

    /// Whether a caller may set a field of a new record.
    pub(super) fn is_createable(&self, caller: &Caller<'_>, field: &Field) -> bool {
        self.is_writable && field.createable && !Self::names(&self.locked, caller, field)
    }

    /// Whether a caller may change a field of a record.
    pub(super) fn is_updateable(&self, caller: &Caller<'_>, field: &Field) -> bool {
        self.is_writable && field.updateable && !Self::names(&self.locked, caller, field)
    }

    /// The fields that a caller sees.
    pub(super) fn seen_by(&self, caller: &Caller<'_>) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| self.is_seen(caller, field))
    }

    /// The field of this name, in any letter case, where the caller sees it.
    pub(super) fn field_seen_by(&self, caller: &Caller<'_>, name: &str) -> Option<&Field> {
        self.field(name).filter(|field| self.is_seen(caller, field))
    }

    fn is_seen(&self, caller: &Caller<'_>, field: &Field) -> bool {
        !Self::names(&self.hidden, caller, field)
    }

    /// Whether a list of users and fields names a caller with a field.
    fn names(list: &HashSet<(String, String)>, caller: &Caller<'_>, field: &Field) -> bool {
        // Most orgs hide nothing, and each field of each record is asked about.
        !caller.sees_all()
            && !list.is_empty()
            && list.contains(&(caller.user.to_owned(), field.name.to_ascii_lowercase()))
    }

    /// The field of this name, in any letter case.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference field whose parent has this name, where the caller sees it.
    pub(super) fn relationship_seen_by(&self, caller: &Caller<'_>, name: &str) -> Option<&Field> {
        self.seen_by(caller).find(|field| {
            let relationship = field.relationship.as_deref();
            relationship.is_some_and(|relationship| relationship.eq_ignore_ascii_case(name))
        })
    }
}
