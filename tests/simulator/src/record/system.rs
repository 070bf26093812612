//! The fields that Salesforce fills in itself.

use serde_json::Value;

use super::Record;
use crate::{id::RecordId, schema::Object};

/// Completes a new record of `user`'s. What is set already stays as it is.
pub(crate) fn stamp(object: &Object, row: &mut Record, id: &RecordId, user: &str, now: &str) {
    for (field, value) in [
        ("Id", id.as_str()),
        ("OwnerId", user),
        ("CreatedById", user),
        ("CreatedDate", now),
        ("LastModifiedById", user),
        ("LastModifiedDate", now),
        ("SystemModstamp", now),
    ] {
        row.entry(field).or_insert_with(|| value.into());
    }
    name_person(object, row);
}

/// Notes that `user` has changed a record.
pub(crate) fn touch(object: &Object, row: &mut Record, user: &str, now: &str) {
    for (field, value) in [
        ("LastModifiedById", user),
        ("LastModifiedDate", now),
        ("SystemModstamp", now),
    ] {
        row.insert(field.into(), value.into());
    }
    name_person(object, row);
}

/// A person's `Name` is put together from its parts.
fn name_person(object: &Object, row: &mut Record) {
    if object.field("FirstName").is_some() {
        let parts = ["FirstName", "LastName"]
            .into_iter()
            .filter_map(|field| row.get(field)?.as_str());
        let name = parts.collect::<Vec<_>>().join(" ");
        row.insert("Name".into(), name.into());
    }
}

/// Whether a record is in the recycle bin.
pub(crate) fn is_deleted(row: &Record) -> bool {
    row.get("IsDeleted") == Some(&Value::Bool(true))
}

/// Whether a record is a lead that has become a contact.
pub(crate) fn is_converted(row: &Record) -> bool {
    row.get("IsConverted") == Some(&Value::Bool(true))
}
