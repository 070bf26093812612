//! Duplicate rules: which records are like one that is to be saved, and what Salesforce says then.

use serde_json::{Value, json};

use super::{caller::Caller, index::Comparison};

/// The first version of the API that knows `Sforce-Duplicate-Rule-Header`.
const FIRST_VERSION: u32 = 52;
/// What a rule says unless its admin has written something else.
const MESSAGE: &str = "Use one of these records?";

/// A duplicate rule with its matching rule: records that hold the same in some fields are duplicates. It judges creates, and
/// updates that touch one of the fields.
///
/// ```
/// use salesforce_simulator::{DuplicateRule, Simulator};
///
/// let org = Simulator::builder()
///     .matching(DuplicateRule::new("Lead", "Same_Phone", &["Phone"]))
///     .matching(DuplicateRule::new("Lead", "Known_Contact", &["Email"]).finding("Contact").alert())
///     .matching(DuplicateRule::new("Contact", "Same_Name", &["FirstName", "LastName"]).fuzzy(80))
///     .build();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DuplicateRule {
    pub(super) object: String,
    pub(super) name: String,
    pub(super) found: String,
    pub(super) fields: Vec<String>,
    pub(super) comparison: Comparison,
    pub(super) confidence: u8,
    pub(super) message: String,
    pub(super) is_alert: bool,
    pub(super) is_active: bool,
}

impl DuplicateRule {
    /// A rule that blocks a record of `object` which holds the same as another one in each of `fields`, compared without
    /// letter case. The fields are spelled as the schema spells them; a record in which one is empty is no duplicate.
    pub fn new(object: &str, name: &str, fields: &[&str]) -> Self {
        Self {
            object: object.into(),
            name: name.into(),
            found: object.into(),
            fields: fields.iter().map(ToString::to_string).collect(),
            comparison: Comparison::Exact,
            confidence: 100,
            message: MESSAGE.into(),
            is_alert: false,
            is_active: true,
        }
    }

    /// The rule finds records of another object, which has fields of the same names: a lead that is a contact already.
    pub fn finding(mut self, object: &str) -> Self {
        self.found = object.into();
        self
    }

    /// Only letters and digits count. Records that differ otherwise are found with this confidence in percent, equal ones
    /// with 100.
    pub fn fuzzy(mut self, confidence: u8) -> Self {
        self.comparison = Comparison::Fuzzy;
        self.confidence = confidence;
        self
    }

    /// What the rule says of a duplicate: `Use one of these records?` unless its admin has written something else.
    pub fn saying(mut self, message: &str) -> Self {
        self.message = message.into();
        self
    }

    /// The rule lets a duplicate pass that the caller wants saved all the same.
    pub fn alert(mut self) -> Self {
        self.is_alert = true;
        self
    }

    /// The rule is there and judges nothing.
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }
}

/// What the header of a call asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// A duplicate is saved where the rule only alerts.
    pub(super) allow_save: bool,
    /// A refusal shows the records that were found, not only their ids.
    pub(super) include_details: bool,
}

impl Options {
    /// Each option is false unless it is said to be true; an older API does not know the header.
    pub(super) fn of(caller: &Caller<'_>) -> Self {
        let header = caller.duplicate_rule.unwrap_or_default();
        let is_true = |name: &str| {
            caller.version >= FIRST_VERSION
                && header.split(';').any(|option| {
                    let (key, value) = option.split_once('=').unwrap_or((option, ""));
                    key.trim() == name && value.trim().eq_ignore_ascii_case("true")
                })
        };
        Self {
            allow_save: is_true("allowSave"),
            include_details: is_true("includeRecordDetails"),
        }
    }
}

/// How a refusal shows what a rule has found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    /// The key under which it stands.
    pub(super) key: &'static str,
    /// Whether it is there in the results of Collections as well.
    pub(super) in_collections: bool,
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            // Salesforce spells it so.
            key: "duplicateResut",
            in_collections: true,
        }
    }
}

/// What a duplicate rule has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicates {
    message: String,
    key: &'static str,
    in_collections: bool,
    result: Value,
}

impl Duplicates {
    /// What `rule` has found: records as an answer shows them, each with the confidence that it is the same.
    pub(super) fn new(rule: &DuplicateRule, wording: Wording, found: Vec<(u8, Value)>) -> Self {
        let engine = match rule.comparison {
            Comparison::Identical | Comparison::Exact => "ExactMatchEngine",
            Comparison::Fuzzy => "FuzzyMatchEngine",
        };
        let size = found.len();
        let record = |(confidence, record)| {
            json!({
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": confidence,
                "record": record,
            })
        };
        let records: Vec<Value> = found.into_iter().map(record).collect();
        let result = json!({
            "allowSave": rule.is_alert,
            "duplicateRule": rule.name,
            "duplicateRuleEntityType": rule.object,
            "errorMessage": rule.message,
            "matchResults": [{
                "entityType": rule.found,
                "errors": [],
                "matchEngine": engine,
                "matchRecords": records,
                "rule": format!("{}_Match", rule.name),
                "size": size,
                "success": true,
            }],
        });
        Self {
            message: rule.message.clone(),
            key: wording.key,
            in_collections: wording.in_collections,
            result,
        }
    }

    /// The rule's message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The key under which an error shows what was found.
    pub(super) fn key(&self) -> &'static str {
        self.key
    }

    /// Whether the results of Collections show it as well.
    pub(super) fn is_in_collections(&self) -> bool {
        self.in_collections
    }

    /// What was found, as Salesforce shows it.
    pub(super) fn result(&self) -> &Value {
        &self.result
    }
}
