//! Validation rules: an org's own conditions on records, told in its admin's words.

use serde_json::Value;

use super::{Refusal, record::Record};

/// A rule that refuses each record whose field has a certain value.
///
/// ```
/// use salesforce_simulator::{FieldType, Simulator, ValidationRule};
///
/// let org = Simulator::builder()
///     .custom_field("Lead", "Region__c", FieldType::Text)
///     .validation_rule(ValidationRule::new("Lead", "Region__c", "Atlantis", "We do not sell there.").at_field())
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct ValidationRule {
    pub(crate) object: String,
    field: String,
    value: Value,
    message: String,
    is_at_field: bool,
}

impl ValidationRule {
    /// A rule for this value of a field, whose message stands at the top of the page.
    pub fn new(object: &str, field: &str, value: impl Into<Value>, message: &str) -> Self {
        Self {
            object: object.into(),
            field: field.into(),
            value: value.into(),
            message: message.into(),
            is_at_field: false,
        }
    }

    /// The message stands beside the field, so that a refusal names the field.
    pub fn at_field(mut self) -> Self {
        self.is_at_field = true;
        self
    }

    /// Refuses a record, as it is after a write, that has the value.
    pub(crate) fn judge(&self, record: &Record) -> Result<(), Refusal> {
        if record.get(&self.field) != Some(&self.value) {
            return Ok(());
        }
        Err(Refusal::ValidationRule {
            message: self.message.clone(),
            field: self.is_at_field.then(|| self.field.clone()),
        })
    }
}
