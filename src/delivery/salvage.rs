//! Decides which fields of a refused record are left out, so that Salesforce may take the rest (rule `salvage`).

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    json::Object,
    salesforce::{
        Fault,
        address::Effect,
        describe::{FieldDescription, ObjectDescription},
        fault::RefusedField,
        sent::fields,
    },
    transform::refused::Refused,
};

/// How often a record is sent again without the fields that Salesforce has refused.
pub(super) const MAX_SALVAGES: u8 = 2;

/// Fields without which no record of the standard objects that have them is created.
const REQUIRED: [&str; 2] = ["LastName", "Company"];

/// What is known about a refused record.
pub(super) struct RefusedRecord<'r> {
    /// The record as it was sent.
    pub(super) sent: Object<'r>,
    /// The field by which the record is found.
    pub(super) key: Option<&'r str>,
    /// The description of its object, if there is one.
    pub(super) description: Option<&'r ObjectDescription>,
}

/// What refusals have shown about a job.
#[derive(Debug, Default)]
pub(super) struct Salvage {
    /// What is left out.
    pub(super) refused: Arc<Refused>,
    /// How often it was sent again for that reason.
    pub(super) times: u8,
}

/// What the refusals of a round say about the org.
#[derive(Default)]
pub(super) struct Contradictions {
    /// The objects whose descriptions are read again before the records are sent again.
    pub(super) unreadable: BTreeSet<String>,
    /// The fields that are refused with any value, each with its object and the operation, without repetition.
    pub(super) fields: Vec<(String, Effect, String)>,
}

impl RefusedRecord<'_> {
    /// The fields without which the record is sent again. Returns `None` if the refusal stands: it has another reason, one of the
    /// fields cannot be left out, or nothing but the key would be left.
    pub(super) fn left_out(&self, fault: &Fault) -> Option<Vec<RefusedField>> {
        let refused = fault.refused_fields(self.sent, |field| self.is_reference(field))?;
        let is_refused = |name: &str| refused.iter().any(|field| field.name == name);
        let is_kept = |name: &str| self.is_key(name) || self.is_required(name);
        let mut rest = fields(self.sent).filter(|(name, _)| !is_refused(name));
        let is_left = rest.any(|(name, _)| !self.is_key(&name));
        let stands = refused.iter().any(|field| is_kept(&field.name)) || !is_left;
        (!stands).then_some(refused)
    }

    fn is_key(&self, field: &str) -> bool {
        self.key.is_some_and(|key| key.eq_ignore_ascii_case(field))
    }

    fn is_required(&self, field: &str) -> bool {
        let described = self.description.and_then(|object| object.field(field));
        let is_standard = || {
            REQUIRED
                .iter()
                .any(|required| required.eq_ignore_ascii_case(field))
        };
        described.is_some_and(FieldDescription::is_required) || is_standard()
    }

    /// Whether a field refers to another record. Without a description, its name decides: of the standard fields, only references end
    /// in `Id`.
    fn is_reference(&self, field: &str) -> bool {
        let described = self.description.and_then(|object| object.field(field));
        if let Some(field) = described {
            return field.reference.is_some();
        }
        let end = |length| field.get(field.len().saturating_sub(length)..);
        end(2) == Some("Id") || end(3).is_some_and(|end| end.eq_ignore_ascii_case("__c"))
    }
}

impl Contradictions {
    /// Notes the fields that are refused with any value.
    pub(super) fn note(&mut self, object: &str, effect: Effect, refused: &[RefusedField]) {
        for field in refused.iter().filter(|field| field.with_any_value) {
            let refused = (object.to_owned(), effect, field.name.clone());
            if !self.fields.contains(&refused) {
                self.fields.push(refused);
            }
        }
    }
}
