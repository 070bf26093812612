//! Which fields of a record Salesforce refuses, so that the record may be taken without them (rule `salvage`).
//!
//! The code decides, and the names of the fields that were sent. A text of Salesforce counts only where it names one of these
//! in a place that no value of the event can reach.

use super::{Fault, Refusal, refusal::MAX_OTHERS};
use crate::{
    json::{Object, Value},
    salesforce::{
        key::is_api_name,
        sent::{field, fields},
    },
};

/// A field of a record that Salesforce refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedField {
    /// The name, as it was sent.
    pub name: String,
    /// Whether the field is refused with any value: the object has no such field, or the user may not write it.
    pub with_any_value: bool,
}

/// What a code says about the fields that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Objection {
    /// The field cannot be written.
    Field,
    /// The value does not fit.
    Value,
    /// The value does not fit if the field is a reference. Otherwise, the code is about the record itself.
    Reference,
    /// The value does not fit if the field is a state or a country. Otherwise, a rule of the org refuses it.
    Place,
}

impl Objection {
    fn of(code: &str) -> Option<Self> {
        match code {
            "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" => Some(Self::Field),
            "STRING_TOO_LONG"
            | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            | "INVALID_EMAIL_ADDRESS"
            | "NUMBER_OUTSIDE_VALID_RANGE" => Some(Self::Value),
            "MALFORMED_ID" | "INVALID_CROSS_REFERENCE_KEY" => Some(Self::Reference),
            "FIELD_INTEGRITY_EXCEPTION" => Some(Self::Place),
            _ => None,
        }
    }
}

impl Fault {
    /// The fields because of which alone Salesforce refuses a record. `sent` is the record as it was sent. Returns `None` if the
    /// record is refused for any other reason, and if Salesforce does not name the fields, or names one that was not sent.
    #[must_use]
    pub(crate) fn refused_fields(
        &self,
        sent: Object<'_>,
        is_reference: impl Fn(&str) -> bool,
    ) -> Option<Vec<RefusedField>> {
        let Self::Refused(first) = self else {
            return None;
        };
        if first.others.len() > MAX_OTHERS {
            return None;
        }
        let mut all = Vec::new();
        for refusal in std::iter::once(first).chain(&first.others) {
            for field in refusal.fields_in(sent, &is_reference)? {
                if !all.contains(&field) {
                    all.push(field);
                }
            }
        }
        Some(all)
    }

    /// Whether Salesforce could not read a value, and does not say of which field.
    #[must_use]
    pub(crate) fn is_about_an_unreadable_value(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "JSON_PARSER_ERROR")
    }
}

impl Refusal {
    /// The sent fields that this error is about; `None` if it is about anything else.
    fn fields_in(
        &self,
        sent: Object<'_>,
        is_reference: &impl Fn(&str) -> bool,
    ) -> Option<Vec<RefusedField>> {
        let objection = Objection::of(&self.code)?;
        if self.fields.is_empty() {
            let in_text = self.column(sent).or_else(|| self.parent(sent))?;
            return (self.code == "INVALID_FIELD").then(|| vec![in_text]);
        }
        let named = self.fields.iter().map(|named| {
            let (name, _) = field(sent, named)?;
            let is_meant = match objection {
                Objection::Field | Objection::Value => true,
                Objection::Reference => is_reference(&name),
                Objection::Place => is_place(&name),
            };
            is_meant.then_some(RefusedField {
                name,
                with_any_value: objection == Objection::Field,
            })
        });
        named.collect()
    }

    /// The column that the object does not have: `No such column 'X' on sobject of type Lead`.
    fn column(&self, sent: Object<'_>) -> Option<RefusedField> {
        let text = self.message.strip_prefix("No such column '")?;
        let (column, object) = text.rsplit_once("' on sobject of type ")?;
        let (name, _) = field(sent, column).filter(|_| is_api_name(object))?;
        Some(RefusedField {
            name,
            with_any_value: true,
        })
    }

    /// The parent that does not exist: `Foreign key external ID: acme.com not found for field Domain__c in entity Account`. The
    /// field and the object stand behind the value, so the value cannot be taken for them.
    fn parent(&self, sent: Object<'_>) -> Option<RefusedField> {
        let text = self.message.strip_prefix("Foreign key external ID: ")?;
        let (text, object) = text.rsplit_once(" in entity ")?;
        let (value, field) = text.rsplit_once(" not found for field ")?;
        let is_meant = |parent: &Value<'_>| {
            let key = parent
                .as_object()
                .and_then(|parent| parent.get_ignoring_case(field));
            let key = key.and_then(Value::as_text_or_number);
            key.is_some_and(|key| key.trim().eq_ignore_ascii_case(value.trim()))
        };
        let mut parents = fields(sent).filter(|(_, value)| is_meant(value));
        let (name, _) = parents.next().filter(|_| is_api_name(object))?;
        let is_only_one = parents.next().is_none();
        is_only_one.then_some(RefusedField {
            name,
            with_any_value: false,
        })
    }
}

/// Whether a field is the state or the country of an address: a label or a code.
fn is_place(field: &str) -> bool {
    let ends_in = |end: &str| {
        let start = field.len().checked_sub(end.len());
        let own = start.and_then(|start| field.get(start..));
        own.is_some_and(|own| own.eq_ignore_ascii_case(end))
    };
    ["State", "StateCode", "Country", "CountryCode"]
        .into_iter()
        .any(ends_in)
}

#[cfg(test)]
mod tests;
