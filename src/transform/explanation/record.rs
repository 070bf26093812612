//! The records that an event writes, and their requests.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Failure, PolicyExplanation, TraitFate};
use crate::{
    json::Writer,
    salesforce::address::Effect,
    transform::{choice::Choice, descriptor::Descriptor, rule::Rule},
};

/// A record that an event writes.
#[derive(Serialize)]
pub(crate) struct RecordExplanation {
    /// The rule that chose the object.
    pub rule: Rule,
    /// The object.
    pub object: String,
    /// Why it is this object.
    pub because: String,
    /// The key by which the record is found; `None` if the event names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyExplanation>,
    /// How it is found; `None` if the event names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<LookupExplanation>,
    /// What is written: one case if the org was asked, otherwise one for each answer that it may give.
    pub cases: Vec<CaseExplanation>,
}

/// The key by which a record is found.
#[derive(Serialize)]
pub(crate) struct KeyExplanation {
    /// The field.
    pub field: String,
    /// The value.
    pub value: String,
    /// The path in the event from which the value comes.
    pub from: String,
    /// The `key` of `/events` at the admin address, where the service has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// How a record is found.
#[derive(Serialize)]
pub(crate) struct LookupExplanation {
    /// The rule.
    pub rule: Rule,
    /// The query of this key alone; a batch looks all its keys up together. `None` if the record is upserted by its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// How many records were found; `None` if nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<usize>,
    /// Why it is done in this way.
    pub because: String,
}

/// What is written to a record.
#[derive(Serialize)]
pub(crate) struct CaseExplanation {
    /// What the org would have to answer for this case; `None` if it has answered so.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub supposing: Option<&'static str>,
    /// Which record it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetExplanation>,
    /// What becomes of each trait.
    pub traits: Vec<TraitFate>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestExplanation>,
    /// The settings that apply.
    pub policies: Vec<PolicyExplanation>,
    /// Why nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Which record is written.
#[derive(Clone, Serialize)]
pub(crate) struct TargetExplanation {
    /// The rule.
    pub rule: Rule,
    /// The object.
    pub object: String,
    /// What the write does.
    pub operation: &'static str,
    /// The record's id, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name of the reason.
    pub choice: &'static str,
    /// Why it is this record.
    pub because: &'static str,
}

/// A request, without its token.
#[derive(Serialize)]
pub(crate) struct RequestExplanation {
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The headers, without the one that holds the token.
    pub headers: serde_json::Map<String, serde_json::Value>,
    /// The fields.
    pub body: Option<Box<RawValue>>,
}

impl TargetExplanation {
    /// The rule by which a record was chosen.
    pub(super) fn rule(choice: Choice, of_record: Rule, by_email: bool) -> Rule {
        match choice {
            Choice::Named => of_record,
            Choice::ExternalId => Rule::ExternalId,
            Choice::DuplicateRule => Rule::DuplicateRules,
            Choice::ContactOfConverted => Rule::LeadFound,
            Choice::NoneFound
            | Choice::Only
            | Choice::OpenBeforeConverted
            | Choice::WithContact
            | Choice::LastModified
            | Choice::FirstOfEqual
            | Choice::First => {
                if by_email {
                    Rule::LeadFound
                } else {
                    Rule::ReverseEtl
                }
            }
        }
    }
}

impl RequestExplanation {
    /// A request as it is described.
    pub(crate) fn of(request: &Descriptor<'_>) -> Self {
        let content = ("Content-Type", "application/json");
        let headers = std::iter::once(content).chain(request.own_headers());
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into()));
        let mut body = Writer::default();
        request.fields.write(&mut body);
        Self {
            method: request.method,
            url: request.endpoint.clone(),
            headers: headers.collect(),
            body: RawValue::from_string(body.into_text()).ok(),
        }
    }
}

/// What a write does, in an explanation.
#[must_use]
pub(crate) fn operation(effect: Effect) -> &'static str {
    match effect {
        Effect::Create => "create",
        Effect::Update => "update",
        Effect::Upsert => "upsert",
    }
}
