//! Checks whether the user may read and write the objects that events need, and the fields that the mapping fills.

use std::collections::{BTreeSet, HashMap};

use super::report::Finding;
use crate::{
    salesforce::{Fault, Salesforce, Session, describe::ObjectDescription, soql::LEAD_FIELDS},
    transform::mapping::standard_fields,
};

/// An object and the names of the fields to check.
pub(super) struct CheckedObject {
    name: &'static str,
    fields: &'static str,
    /// The name of the check of its external ids.
    keys: &'static str,
    /// Fields that lookups read.
    read: &'static [&'static str],
    /// Fields that nearly every event sets.
    filled: &'static [&'static str],
}

/// The objects that events usually write.
pub(super) const OBJECTS: [CheckedObject; 2] = [
    CheckedObject {
        name: "Lead",
        fields: "Lead fields",
        keys: "Lead keys",
        read: &LEAD_FIELDS,
        filled: &["Email", "FirstName", "LastName", "Company"],
    },
    CheckedObject {
        name: "Contact",
        fields: "Contact fields",
        keys: "Contact keys",
        read: &["Id"],
        filled: &["Email", "FirstName", "LastName"],
    },
];

impl CheckedObject {
    /// The object's API name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Checks what the user may do with the object and its fields. `may_upsert` tells whether the settings allow records to be
    /// upserted by an external id.
    pub(super) async fn inspect(
        &self,
        salesforce: &Salesforce,
        session: &Session,
        may_upsert: bool,
    ) -> Vec<Finding> {
        match salesforce.describe(session, self.name).await {
            Ok(description) => vec![
                self.access(&description),
                self.fields(&description),
                self.keys(&description, may_upsert),
            ],
            Err(fault) => vec![self.invisible(&fault)],
        }
    }

    /// Says by which fields a sync can identify records without a lookup.
    fn keys(&self, description: &ObjectDescription, may_upsert: bool) -> Finding {
        let keys = description.fields().filter(|field| field.identifies());
        let keys: Vec<&str> = keys.map(|field| &*field.name).collect();
        let keys = keys.join(", ");
        let says = match (keys.as_str(), may_upsert) {
            ("", _) => {
                "no field is a unique external id, so a reverse-ETL sync looks its records up"
                    .to_owned()
            }
            (keys, true) => {
                format!("a reverse-ETL sync that identifies records by {keys} needs no lookup")
            }
            (keys, false) => format!(
                "a reverse-ETL sync could identify records by {keys} without a lookup, but a setting needs the records first \
                (ASSIGNMENT_RULES, DUPLICATES, SKIP_UNCHANGED, COMPATIBILITY or SALESFORCE_API_VERSION)"
            ),
        };
        Finding::works(self.keys, says)
    }

    fn invisible(&self, fault: &Fault) -> Finding {
        let says = format!(
            "the user cannot access it ({fault}): grant Read, Create and Edit on {} in the user's profile or a permission set",
            self.name
        );
        Finding::failed(self.name, says)
    }

    fn access(&self, description: &ObjectDescription) -> Finding {
        let rights = [
            (description.queryable, "Read"),
            (description.createable, "Create"),
            (description.updateable, "Edit"),
        ];
        let lacking: Vec<_> = rights
            .iter()
            .filter(|(is, _)| !is)
            .map(|(_, right)| *right)
            .collect();
        if lacking.is_empty() {
            return Finding::works(self.name, "the user may read, create and update records");
        }
        let says = format!(
            "the user lacks {} permission: grant it in the user's profile or a permission set",
            lacking.join(" and ")
        );
        Finding::failed(self.name, says)
    }

    fn fields(&self, description: &ObjectDescription) -> Finding {
        let seen: HashMap<_, _> = description
            .fields()
            .map(|field| (&*field.name, field))
            .collect();
        let is_absent = |name: &&str| !seen.contains_key(name);
        let needed: BTreeSet<_> = self.read.iter().chain(self.filled).copied().collect();
        let absent: Vec<_> = needed.into_iter().filter(is_absent).collect();
        if !absent.is_empty() {
            let says = format!(
                "the user cannot read {}, which lookups or writes need: grant Read Access in the user's profile or a permission \
                set (Field-Level Security)",
                absent.join(", ")
            );
            return Finding::failed(self.fields, says);
        }
        let is_writable = |name: &&str| seen.get(name).is_some_and(|field| field.is_writable());
        let locked: Vec<_> = self
            .filled
            .iter()
            .copied()
            .filter(|name| !is_writable(name))
            .collect();
        if !locked.is_empty() {
            let says = format!(
                "the user cannot write {}, which nearly every event fills: grant Edit Access in the user's profile or a permission \
                set (Field-Level Security)",
                locked.join(", ")
            );
            return Finding::failed(self.fields, says);
        }
        let (filled, left): (Vec<_>, Vec<_>) = standard_fields(self.name).partition(is_writable);
        if left.is_empty() {
            return Finding::works(
                self.fields,
                format!(
                    "the user can write all {} fields of the mapping",
                    filled.len()
                ),
            );
        }
        let says = format!(
            "{} of the {} fields of the mapping do not exist or are not writable for this user: {}. Salesforce refuses events that fill them",
            left.len(),
            left.len() + filled.len(),
            left.join(", ")
        );
        Finding::note(self.fields, says)
    }
}
