//! Descriptions in the store that replicas share: what the service uses of a description, compressed.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

use super::{
    field::{FieldDescription, FieldType, Reference},
    object::ObjectDescription,
    picklist::{Picklist, PicklistValue},
};

/// The first byte of a description in this format.
const VERSION: u8 = b'1';

/// The maximum size of a description that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A description as it is stored.
#[derive(Deserialize, Serialize)]
struct StoredObject(
    /// Whether records can be queried, created and updated.
    [bool; 3],
    Vec<StoredField>,
);

/// A field as it is stored.
#[derive(Deserialize, Serialize)]
struct StoredField {
    #[serde(rename = "n")]
    name: Box<str>,
    #[serde(rename = "t")]
    kind: FieldType,
    /// A bit for each flag, in the order of [`FieldDescription`].
    #[serde(rename = "f")]
    flags: u8,
    /// Length, precision, scale, digits.
    #[serde(rename = "s")]
    sizes: (u32, u16, u16, u16),
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    picklist: Vec<PicklistValue>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    reference: Option<Box<Reference>>,
}

/// Writes a description; `None` if that is not possible.
pub(super) fn write(description: &ObjectDescription) -> Option<Vec<u8>> {
    let object = StoredObject(
        [
            description.queryable,
            description.createable,
            description.updateable,
        ],
        description.fields().map(StoredField::from).collect(),
    );
    let mut bytes = GzEncoder::new(vec![VERSION], Compression::fast());
    bytes.write_all(&serde_json::to_vec(&object).ok()?).ok()?;
    bytes.finish().ok()
}

/// Reads a description; `None` if it is none in this format.
pub(super) fn read(bytes: &[u8]) -> Option<ObjectDescription> {
    let bytes = bytes.strip_prefix(&[VERSION])?;
    let mut json = Vec::new();
    let mut bytes = GzDecoder::new(bytes).take(MAX_BYTES);
    bytes.read_to_end(&mut json).ok()?;
    let StoredObject(object, fields) = serde_json::from_slice(&json).ok()?;
    let fields = fields.into_iter().map(FieldDescription::from).collect();
    Some(ObjectDescription::of(object, fields))
}

impl From<&FieldDescription> for StoredField {
    fn from(field: &FieldDescription) -> Self {
        let flags = [
            field.createable,
            field.updateable,
            field.external_id,
            field.unique,
            field.nillable,
            field.defaulted_on_create,
            field.case_sensitive,
            field.restricted_picklist,
        ];
        let picklist = field.picklist.iter().flat_map(|list| list.values());
        Self {
            name: field.name.clone(),
            kind: field.kind,
            flags: (0..)
                .zip(flags)
                .fold(0, |all, (bit, is_set)| all | u8::from(is_set) << bit),
            sizes: (field.length, field.precision, field.scale, field.digits),
            picklist: picklist.collect(),
            reference: field.reference.clone(),
        }
    }
}

impl From<StoredField> for FieldDescription {
    fn from(field: StoredField) -> Self {
        let is_set = |bit: u8| field.flags & (1 << bit) != 0;
        let (length, precision, scale, digits) = field.sizes;
        Self {
            name: field.name,
            kind: field.kind,
            createable: is_set(0),
            updateable: is_set(1),
            external_id: is_set(2),
            unique: is_set(3),
            nillable: is_set(4),
            defaulted_on_create: is_set(5),
            case_sensitive: is_set(6),
            restricted_picklist: is_set(7),
            length,
            precision,
            scale,
            digits,
            picklist: Picklist::of(field.picklist).map(Box::new),
            reference: field.reference,
            index: 0,
            place: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn description(fields: &[Value]) -> ObjectDescription {
        let object =
            json!({"queryable": true, "createable": false, "updateable": true, "fields": fields});
        serde_json::from_str(&object.to_string()).unwrap()
    }

    /// Everything that a description holds, as text.
    fn all(description: &ObjectDescription) -> String {
        format!("{description:?}")
    }

    /// A field as Salesforce may describe it. A few names occur often, so that fields belong to one address.
    fn field() -> impl Strategy<Value = Value> {
        let name = "[A-Z][a-z]{0,3}(__c)?|Billing(State|Country)(Code)?";
        let kind = prop::sample::select(vec![
            "string",
            "picklist",
            "multipicklist",
            "reference",
            "double",
            "datetime",
            "anytype",
        ]);
        let value = (
            "[a-zé]{0,3}",
            prop::option::of("[a-z]{0,3}"),
            any::<bool>(),
            "(gA==|QYA=|AAAA|)",
        );
        let value = value.prop_map(|(value, label, active, valid_for)| {
            json!({"value": value, "label": label, "active": active, "validFor": valid_for})
        });
        let values = prop::collection::vec(value, 0..6);
        let objects = prop::collection::vec("[A-Z][a-z]{1,4}", 0..3);
        let relationship = prop::option::of("[A-Z][a-z]{1,4}__r");
        let flags = any::<[bool; 8]>();
        let sizes = any::<(u32, u16, u16, u16)>();
        (name, kind, flags, sizes, values, objects, relationship).prop_map(
            |(name, kind, flags, sizes, values, objects, relationship)| {
                json!({
                    "name": name, "type": kind, "createable": flags[0], "updateable": flags[1],
                    "externalId": flags[2], "unique": flags[3], "nillable": flags[4],
                    "defaultedOnCreate": flags[5], "caseSensitive": flags[6],
                    "restrictedPicklist": flags[7], "length": sizes.0, "precision": sizes.1,
                    "scale": sizes.2, "digits": sizes.3, "picklistValues": values,
                    "referenceTo": objects, "relationshipName": relationship,
                })
            },
        )
    }

    proptest! {
        #[test]
        fn a_description_is_read_as_it_was_written(fields in prop::collection::vec(field(), 0..12)) {
            let description = description(&fields);
            let read = read(&write(&description).unwrap()).unwrap();
            prop_assert_eq!(all(&read), all(&description));
        }

        #[test]
        fn what_is_no_description_in_this_format_is_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(read(&bytes).is_none());
            let mut written = write(&description(&[])).unwrap();
            written.truncate(bytes.len().min(written.len() - 1));
            prop_assert!(read(&written).is_none());
        }
    }

    #[test]
    fn a_description_of_another_version_is_none() {
        let mut written = write(&description(&[])).unwrap();
        written[0] = b'2';
        assert!(read(&written).is_none());
    }

    #[test]
    fn a_description_of_500_fields_takes_few_bytes() {
        let value = |n| json!({"value": format!("value_{n}"), "label": format!("Value number {n}"), "active": true});
        let values: Vec<Value> = (0..8).map(value).collect();
        let field = |n| {
            json!({
                "name": format!("Some_Long_Field_Name_{n}__c"), "type": "picklist", "createable": true,
                "updateable": true, "picklistValues": values,
            })
        };
        let fields: Vec<Value> = (0..500).map(field).collect();
        let bytes = write(&description(&fields)).unwrap().len();
        assert!(bytes < 20_000, "{bytes} bytes");
    }
}
