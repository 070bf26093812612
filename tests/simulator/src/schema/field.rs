//! A field of an object, and how one is declared.

use super::FieldType;
use crate::index::Comparison;

/// A value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PicklistValue {
    /// What the API writes.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Whether it may still be chosen.
    pub active: bool,
    /// Whether a new record has it that names none.
    pub default_value: bool,
    /// The positions, among the values of the controlling field, of those with which it may be chosen.
    pub(crate) valid_for: Vec<usize>,
}

impl PicklistValue {
    /// An active value whose label is the same.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self {
            value: value.into(),
            label: value.into(),
            active: true,
            default_value: false,
            valid_for: Vec::new(),
        }
    }

    /// The value with another label.
    #[must_use]
    pub fn labelled(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// The value, which may be chosen only with these values of the controlling field, by their positions.
    #[must_use]
    pub fn valid_for(mut self, controlling: &[usize]) -> Self {
        self.valid_for = controlling.to_vec();
        self
    }

    /// The value, which may be chosen no more.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }
}

/// A field of an object, as a description shows it. What is not said is as for a field that an admin has just added: the API
/// reads and writes it, and a record can be without it.
///
/// ```
/// use salesforce_simulator::{FieldSpec, FieldType, Simulator};
///
/// let org = Simulator::builder()
///     .field("Lead", FieldSpec::new("Tier__c", FieldType::Picklist).values(&["gold", "silver"]).restricted())
///     .field("Lead", FieldSpec::new("Score__c", FieldType::Number).digits(5, 2))
///     .field("Lead", FieldSpec::new("Account__c", FieldType::Reference).refers_to(&["Account"], "Account__r"))
///     .external_id("Account", "Domain__c", true)
///     .build();
/// ```
#[derive(Debug, Clone)]
#[must_use]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own, as a description has it"
)]
pub struct FieldSpec {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: FieldType,
    /// The most Unicode characters that a text may have.
    pub(crate) length: usize,
    /// All digits of a number that has a point.
    pub(crate) precision: usize,
    /// Of these, the ones behind the point.
    pub(crate) scale: usize,
    /// All digits of a whole number.
    pub(crate) digits: usize,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) nillable: bool,
    pub(crate) defaulted_on_create: bool,
    pub(crate) calculated: bool,
    pub(crate) auto_number: bool,
    pub(crate) external_id: bool,
    pub(crate) unique: bool,
    pub(crate) id_lookup: bool,
    pub(crate) case_sensitive: bool,
    pub(crate) values: Vec<PicklistValue>,
    pub(crate) restricted: bool,
    /// The values that the record type of all records has; empty: each.
    pub(crate) record_type: Vec<String>,
    /// The field on whose value it depends which values may be chosen.
    pub(crate) controller: Option<String>,
    pub(crate) refers_to: Vec<String>,
    pub(crate) relationship: Option<String>,
    pub(crate) compound: Option<String>,
}

impl FieldSpec {
    /// A field of this name and type.
    pub fn new(name: &str, kind: FieldType) -> Self {
        let (precision, scale) = kind.precision();
        Self {
            name: name.into(),
            label: label(name),
            kind,
            length: kind.length(),
            precision,
            scale,
            digits: if kind == FieldType::Int { 8 } else { 0 },
            createable: true,
            updateable: true,
            // A checkbox is never empty and starts unchecked.
            nillable: kind != FieldType::Boolean,
            defaulted_on_create: kind == FieldType::Boolean,
            calculated: false,
            auto_number: false,
            external_id: false,
            unique: false,
            id_lookup: false,
            case_sensitive: false,
            values: Vec::new(),
            restricted: false,
            record_type: Vec::new(),
            controller: None,
            refers_to: Vec::new(),
            relationship: None,
            compound: None,
        }
    }

    /// What people see instead of the name.
    pub fn label(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// The most Unicode characters that a text may have.
    pub fn length(mut self, characters: usize) -> Self {
        self.length = characters;
        self
    }

    /// How many digits a number has in all, and how many of them behind the point.
    pub fn digits(mut self, precision: usize, scale: usize) -> Self {
        if self.kind == FieldType::Int {
            self.digits = precision;
        } else {
            (self.precision, self.scale) = (precision, scale);
        }
        self
    }

    /// No record can be without a value.
    pub fn required(mut self) -> Self {
        self.nillable = false;
        self
    }

    /// Salesforce fills it in where a new record has no value.
    pub fn defaulted(mut self) -> Self {
        self.defaulted_on_create = true;
        self
    }

    /// Only Salesforce sets it.
    pub fn read_only(mut self) -> Self {
        (self.createable, self.updateable) = (false, false);
        self
    }

    /// It is set in an existing record only.
    pub fn not_createable(mut self) -> Self {
        self.createable = false;
        self
    }

    /// It is set in a new record only.
    pub fn not_updateable(mut self) -> Self {
        self.updateable = false;
        self
    }

    /// A formula computes it.
    pub fn calculated(mut self) -> Self {
        self.calculated = true;
        self.read_only()
    }

    /// Salesforce counts its records in it.
    pub fn auto_number(mut self) -> Self {
        self.auto_number = true;
        self.defaulted().required().read_only()
    }

    /// Records can be named by it: an external id.
    pub fn external_id(mut self) -> Self {
        (self.external_id, self.id_lookup) = (true, true);
        self
    }

    /// No two records share a value.
    pub fn unique(mut self) -> Self {
        (self.unique, self.id_lookup) = (true, true);
        self
    }

    /// Letter case tells values apart.
    pub fn case_sensitive(mut self) -> Self {
        self.case_sensitive = true;
        self
    }

    /// Records can be looked up by it, without its being an external id.
    pub fn id_lookup(mut self) -> Self {
        self.id_lookup = true;
        self
    }

    /// The active values of a picklist.
    pub fn values(self, values: &[&str]) -> Self {
        self.picklist(values.iter().map(|value| PicklistValue::new(value)))
    }

    /// The values of a picklist.
    pub fn picklist(mut self, values: impl IntoIterator<Item = PicklistValue>) -> Self {
        self.values = values.into_iter().collect();
        self
    }

    /// The value that a new record has which names none.
    pub fn default_value(mut self, default: &str) -> Self {
        for value in &mut self.values {
            value.default_value = value.value == default;
        }
        self.defaulted()
    }

    /// Only the values of the picklist are taken.
    pub fn restricted(mut self) -> Self {
        self.restricted = true;
        self
    }

    /// Of the values, the ones that the record type of all records has. A description lists every value, whatever the record type.
    pub fn record_type(mut self, values: &[&str]) -> Self {
        self.record_type = values.iter().map(ToString::to_string).collect();
        self
    }

    /// Which values may be chosen depends on the value of another field. Only descriptions say so; nothing is refused for it.
    pub fn controlled_by(mut self, field: &str) -> Self {
        self.controller = Some(field.into());
        self
    }

    /// The objects whose records it names, and the name under which a query or a record shows them.
    pub fn refers_to(mut self, objects: &[&str], relationship: &str) -> Self {
        self.refers_to = objects.iter().map(ToString::to_string).collect();
        self.relationship = Some(relationship.into());
        self
    }

    /// The compound field that it is a part of.
    pub fn part_of(mut self, compound: &str) -> Self {
        self.compound = Some(compound.into());
        self
    }

    /// When two values of it are the same.
    pub(crate) fn comparison(&self) -> Comparison {
        if self.case_sensitive {
            Comparison::Identical
        } else {
            Comparison::Exact
        }
    }

    /// Whether a new record must bring a value.
    pub(crate) fn is_required_on_create(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// The value of a picklist that a new record has which names none.
    pub(crate) fn default(&self) -> Option<&str> {
        let default = self.values.iter().find(|value| value.default_value);
        default.map(|default| default.value.as_str())
    }
}

/// `FirstName` as `First Name`, `AccountId` as `Account ID`, `Score__c` as `Score`.
fn label(name: &str) -> String {
    let name = name.strip_suffix("__c").unwrap_or(name);
    let mut label = String::new();
    for character in name.chars() {
        if character == '_' {
            label.push(' ');
        } else {
            let is_start = character.is_ascii_uppercase()
                && label.ends_with(|last: char| last.is_ascii_lowercase());
            if is_start {
                label.push(' ');
            }
            label.push(character);
        }
    }
    match label.strip_suffix(" Id") {
        Some(label) => format!("{label} ID"),
        None => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_made_of_the_name() {
        for (name, expected) in [
            ("FirstName", "First Name"),
            ("AccountId", "Account ID"),
            ("Ext_Score__c", "Ext Score"),
            ("plan__c", "plan"),
        ] {
            assert_eq!(label(name), expected);
        }
    }

    #[test]
    fn what_must_be_there_on_create_is_neither_nillable_nor_defaulted() {
        let text = FieldSpec::new("A__c", FieldType::Text);
        assert!(text.clone().required().is_required_on_create());
        assert!(!text.clone().is_required_on_create());
        assert!(!text.clone().required().defaulted().is_required_on_create());
        assert!(!text.auto_number().is_required_on_create());
        assert!(!FieldSpec::new("B__c", FieldType::Boolean).is_required_on_create());
    }
}
