//! The description of an object: a compact table of its fields.

use serde::{Deserialize, Deserializer};

use super::{
    field::{self, FieldDescription, Reference},
    nearest::Nearest,
    places::{self, AddressLists},
};

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

/// The fields of an object, found by a hash of their names in lower case.
#[derive(Debug)]
struct FieldTable {
    fields: Box<[FieldDescription]>,
    /// An open hash table of positions in `fields`, counted from 1; 0 is empty. At least half of it is empty.
    slots: Box<[u16]>,
    /// The positions of the fields that new records require.
    required: Box<[u16]>,
    /// The positions of the fields that refer to records by a relationship.
    related: Box<[u16]>,
    /// The addresses whose states and countries are those of lists.
    addresses: Box<[AddressLists]>,
    nearest: Nearest,
}

impl ObjectDescription {
    /// An object whose records can be queried, created and updated or not, in this order, with these fields.
    #[must_use]
    pub(super) fn of(
        [queryable, createable, updateable]: [bool; 3],
        fields: Vec<FieldDescription>,
    ) -> Self {
        Self {
            queryable,
            createable,
            updateable,
            fields: FieldTable::new(fields),
        }
    }

    /// The field of this name, in any letter case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldDescription> {
        let (stem, suffix) = split(name);
        self.field_of(stem, suffix)
    }

    /// The field whose name consists of these two parts, in any letter case.
    #[must_use]
    pub(crate) fn field_of(&self, stem: &str, suffix: &str) -> Option<&FieldDescription> {
        self.fields.find((stem, suffix), |known, name| {
            known.eq_ignore_ascii_case(name)
        })
    }

    /// The field whose name consists of exactly these two parts.
    #[must_use]
    pub(crate) fn exact_field(&self, stem: &str, suffix: &str) -> Option<&FieldDescription> {
        self.fields
            .find((stem, suffix), |known, name| known == name)
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub(super) fn bytes(&self) -> usize {
        let tables = size_of_val(&*self.fields.fields)
            + size_of_val(&*self.fields.slots)
            + size_of_val(&*self.fields.required)
            + size_of_val(&*self.fields.related)
            + size_of_val(&*self.fields.addresses);
        size_of::<Self>()
            + tables
            + self
                .fields()
                .map(FieldDescription::heap_bytes)
                .sum::<usize>()
    }

    /// The reference by whose relationship name a nested object names its record, in any letter case.
    #[must_use]
    pub(crate) fn relationship(&self, name: &str) -> Option<(&FieldDescription, &str)> {
        let named = |reference: &Reference| {
            let relationship = reference.relationship.as_deref();
            relationship.is_some_and(|relationship| relationship.eq_ignore_ascii_case(name))
        };
        self.of_indexes(&self.fields.related).find_map(|field| {
            let reference = field.reference.as_deref();
            let reference = reference.filter(|reference| named(reference))?;
            Some((field, reference.relationship.as_deref()?))
        })
    }

    fn of_indexes<'o>(&'o self, indexes: &'o [u16]) -> impl Iterator<Item = &'o FieldDescription> {
        let fields = indexes.iter();
        fields.filter_map(|index| self.at(usize::from(*index)))
    }

    /// The number of fields.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.fields.fields.len()
    }

    /// The field at this position.
    #[must_use]
    pub(crate) fn at(&self, index: usize) -> Option<&FieldDescription> {
        self.fields.fields.get(index)
    }

    /// The fields that new records require.
    pub(crate) fn required(&self) -> impl Iterator<Item = &FieldDescription> {
        self.of_indexes(&self.fields.required)
    }

    /// How many of its fields new records require.
    #[must_use]
    pub(crate) fn count_required(&self) -> usize {
        self.fields.required.len()
    }

    /// The addresses whose states and countries are those of lists.
    #[must_use]
    pub(crate) fn addresses(&self) -> &[AddressLists] {
        &self.fields.addresses
    }

    /// The writable field whose name resembles that of a trait most; `None` if none resembles it.
    #[must_use]
    pub(crate) fn nearest(&self, name: &str) -> Option<&FieldDescription> {
        self.fields.nearest.of(name, &self.fields.fields)
    }

    /// The fields, in Salesforce's order.
    pub fn fields(&self) -> impl Iterator<Item = &FieldDescription> {
        self.fields.fields.iter()
    }
}

/// The suffix of custom fields.
const CUSTOM: &str = "__c";

/// Splits a name into the part before the suffix of custom fields and this suffix, in any letter case.
fn split(name: &str) -> (&str, &str) {
    let at = name.len().saturating_sub(CUSTOM.len());
    match name.split_at_checked(at) {
        Some((stem, suffix)) if suffix.eq_ignore_ascii_case(CUSTOM) => (stem, suffix),
        Some(_) | None => (name, ""),
    }
}

impl FieldTable {
    fn new(mut fields: Vec<FieldDescription>) -> Self {
        // Salesforce allows some hundred fields in an object.
        fields.truncate(usize::from(u16::MAX) / 2);
        for (index, field) in (0..).zip(&mut fields) {
            field.index = index;
        }
        let addresses = places::find(&mut fields);
        let size = (fields.len() * 2).next_power_of_two();
        let mut table = Self {
            slots: vec![0; size].into(),
            required: positions(&fields, FieldDescription::is_required),
            related: positions(&fields, |field| {
                let reference = field.reference.as_ref();
                reference.is_some_and(|reference| reference.relationship.is_some())
            }),
            addresses,
            nearest: Nearest::default(),
            fields: fields.into(),
        };
        for (index, field) in (1..).zip(&table.fields) {
            let (stem, suffix) = split(&field.name);
            let mut slot = hash(stem, suffix);
            while table.slots[slot & (size - 1)] != 0 {
                slot += 1;
            }
            table.slots[slot & (size - 1)] = index;
        }
        table
    }

    /// The field whose name consists of parts that are the same as these.
    #[inline]
    fn find(
        &self,
        (stem, suffix): (&str, &str),
        is_same: impl Fn(&[u8], &[u8]) -> bool,
    ) -> Option<&FieldDescription> {
        let last = self.slots.len() - 1;
        let mut slot = hash(stem, suffix) & last;
        loop {
            let index = usize::from(self.slots[slot]).checked_sub(1)?;
            let field = &self.fields[index];
            let name = field.name.as_bytes();
            if name.len() == stem.len() + suffix.len()
                && is_same(&name[..stem.len()], stem.as_bytes())
                && (suffix.is_empty() || is_same(&name[stem.len()..], suffix.as_bytes()))
            {
                return Some(field);
            }
            slot = (slot + 1) & last;
        }
    }
}

/// The positions of the fields for which this holds.
fn positions(fields: &[FieldDescription], holds: impl Fn(&FieldDescription) -> bool) -> Box<[u16]> {
    let fields = (0..).zip(fields);
    let fields = fields.filter(|(_, field)| holds(field));
    fields.map(|(index, _)| index).collect()
}

/// A hash of a name that does not depend on letter case. The names in the table are the org's, so that nobody else can choose
/// names that collide.
fn hash(stem: &str, suffix: &str) -> usize {
    // The bit in which the upper case and the lower case of an ASCII letter differ.
    const CASE: u64 = 0x2020_2020_2020_2020;
    // The fractional part of the golden ratio.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash ^ (word | CASE)).wrapping_mul(SPREAD).rotate_left(29);
    let (words, rest) = stem.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(stem.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = mix(hash, u64::from_le_bytes(last)).wrapping_add(suffix.len() as u64);
    // The middle bits are mixed best.
    (hash.wrapping_mul(SPREAD) >> 32) as usize
}

impl<'de> Deserialize<'de> for FieldTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        field::read(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::describe::FieldType;

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

    fn object(fields: &str) -> ObjectDescription {
        let text = format!(
            r#"{{"queryable":true,"createable":true,"updateable":true,"fields":[{fields}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn one_odd_field_hides_no_other_and_stops_no_value() {
        let object = object(
            r#"{"name":"Odd__c","createable":"perhaps","type":7},42,{"label":"Nameless"},
            {"name":"New__c","type":"hologram","createable":true,"updateable":true,"length":-1,"picklistValues":{"a":1},"referenceTo":null},
            {"name":"Title","type":"string","createable":true,"updateable":false,"length":128}"#,
        );
        let names: Vec<&str> = object.fields().map(|field| &*field.name).collect();
        assert_eq!(names, ["Odd__c", "New__c", "Title"]);
        let odd = object.field("odd__c").unwrap();
        assert_eq!((odd.kind, odd.is_writable()), (FieldType::Other, true));
        let new = object.field("new__c").unwrap();
        assert_eq!((new.kind, new.length), (FieldType::Other, 0));
        let title = object.field("title").unwrap();
        assert_eq!((title.kind, title.length), (FieldType::String, 128));
    }

    #[test]
    fn every_field_of_a_large_object_is_found_in_any_letter_case_and_no_other() {
        let names: Vec<String> = (0..800)
            .map(|number| format!("Field_{number}__c"))
            .collect();
        let fields: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"name":"{name}","createable":true,"updateable":true}}"#))
            .collect();
        let object = object(&fields.join(","));
        for name in &names {
            assert_eq!(*object.field(&name.to_uppercase()).unwrap().name, **name);
        }
        for name in ["", "Field_800__c", "Field_1", "__c", "Field_1__cc"] {
            assert!(object.field(name).is_none(), "{name}");
        }
    }

    #[test]
    fn ten_objects_of_500_fields_take_at_most_five_mebibytes() {
        let values: Vec<String> = (0..8)
            .map(|number| {
                format!(
                    r#"{{"value":"value_{number}","label":"Value number {number}","active":true}}"#
                )
            })
            .collect();
        let fields: Vec<String> = (0..500)
            .map(|number| {
                format!(
                    r#"{{"name":"Some_Long_Field_Name_{number}__c","type":"picklist","createable":true,"updateable":true,"picklistValues":[{}]}}"#,
                    values.join(",")
                )
            })
            .collect();
        let bytes = object(&fields.join(",")).bytes();
        assert!(bytes <= (5 << 20) / 10, "{bytes} bytes");
    }
}
