//! Objects with hundreds of fields.

use super::{FieldSpec, FieldType, PicklistValue};

/// How many values each picklist has.
const VALUES: usize = 12;

/// The types, in the order in which the fields have them.
const TYPES: [FieldType; 12] = [
    FieldType::Text,
    FieldType::Picklist,
    FieldType::Number,
    FieldType::Boolean,
    FieldType::Date,
    FieldType::MultiPicklist,
    FieldType::DateTime,
    FieldType::Currency,
    FieldType::Email,
    FieldType::Reference,
    FieldType::Url,
    FieldType::LongText,
];

/// So many custom fields, of each type in turn.
pub(super) fn fields(count: usize) -> impl Iterator<Item = FieldSpec> {
    let kinds = TYPES.into_iter().cycle().take(count).enumerate();
    kinds.map(|(number, kind)| {
        let field = FieldSpec::new(&format!("Field_{number:03}__c"), kind);
        match kind {
            FieldType::Picklist | FieldType::MultiPicklist => {
                let value =
                    |n| PicklistValue::new(&format!("value_{n}")).labelled(&format!("Value {n}"));
                field.picklist((0..VALUES).map(value)).restricted()
            }
            FieldType::Reference => field.refers_to(&["Account"], &format!("Field_{number:03}__r")),
            _ => field,
        }
    })
}
