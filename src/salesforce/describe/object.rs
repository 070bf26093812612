//! The description of an object: a compact table of its fields.

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer};

/// An object, as seen by the user of a session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectDescription {
    /// Whether its records can be queried.
    pub queryable: bool,
    /// Whether records can be created.
    pub createable: bool,
    /// Whether records can be updated.
    pub updateable: bool,
    /// The fields that the user may see.
    fields: FieldTable,
}

/// The fields of an object, in the order of their names without letter case.
#[derive(Debug)]
struct FieldTable(Box<[FieldDescription]>);

/// A field, as seen by the user of a session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's description"
)]
pub struct FieldDescription {
    /// API name.
    pub name: Box<str>,
    /// Whether it can be set in a new record.
    pub createable: bool,
    /// Whether it can be changed in an existing record.
    pub updateable: bool,
    /// Whether records can be found by its value.
    #[serde(default)]
    pub external_id: bool,
    /// Whether no two records can have the same value.
    #[serde(default)]
    pub unique: bool,
}

impl ObjectDescription {
    /// The field of this name, in any letter case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldDescription> {
        let fields = &self.fields.0;
        let place = fields.binary_search_by(|field| without_case(&field.name, name));
        place.ok().map(|place| &fields[place])
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub(super) fn bytes(&self) -> usize {
        let names = self.fields().map(|field| field.name.len());
        size_of::<Self>() + size_of_val(&*self.fields.0) + names.sum::<usize>()
    }

    /// The fields, in the order of their names without letter case.
    pub fn fields(&self) -> impl Iterator<Item = &FieldDescription> {
        self.fields.0.iter()
    }
}

impl FieldDescription {
    /// Whether events can set it in both new and existing records.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.createable && self.updateable
    }

    /// Whether an upsert can find its record by this field, and never finds several.
    #[must_use]
    pub fn identifies(&self) -> bool {
        self.external_id && self.unique
    }
}

impl<'de> Deserialize<'de> for FieldTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Vec::<FieldDescription>::deserialize(deserializer)?;
        fields.sort_by(|one, other| without_case(&one.name, &other.name));
        Ok(Self(fields.into()))
    }
}

fn without_case(one: &str, other: &str) -> Ordering {
    let one = one.bytes().map(|byte| byte.to_ascii_lowercase());
    one.cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_any_letter_case_and_identifies_where_it_is_a_unique_external_id() {
        let field = |name: &str, external_id: bool, unique: bool| {
            format!(
                r#"{{"name":"{name}","createable":true,"updateable":true,"externalId":{external_id},"unique":{unique},"type":"string"}}"#
            )
        };
        let fields = [
            field("Shared__c", true, false),
            field("Key__c", true, true),
            field("Alias__c", false, true),
        ];
        let text = format!(
            r#"{{"queryable":true,"createable":true,"updateable":true,"label":"Lead","fields":[{}]}}"#,
            fields.join(",")
        );
        let object: ObjectDescription = serde_json::from_str(&text).unwrap();
        let identifies = |name| object.field(name).map(FieldDescription::identifies);
        assert_eq!(identifies("key__C"), Some(true));
        assert_eq!(identifies("Shared__c"), Some(false));
        assert_eq!(identifies("ALIAS__C"), Some(false));
        assert_eq!(identifies("Key"), None);
    }
}
