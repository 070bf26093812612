//! Why an event or a record is not sent.

use serde::Serialize;

use crate::transform::{
    error::EventError,
    remedy::{Reason, remedy},
    rule::Rule,
};

/// Why an event or a record is not sent.
#[derive(Clone, Serialize)]
pub(crate) struct Failure {
    /// The rule of `docs/behaviour.md` that decided, if it is one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The error as the event's author reads it.
    pub error: String,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
}

impl Failure {
    /// An error of an event, explained.
    pub(crate) fn of(error: &EventError) -> Self {
        Self::of_record(error, Some(Rule::LeadFound))
    }

    /// An error of a record that is found by this rule, if any, explained.
    pub(crate) fn of_record(error: &EventError, found_by: Option<Rule>) -> Self {
        Self {
            rule: match error {
                EventError::SeveralRecords { .. } => found_by,
                other => rule(other),
            },
            error: error.to_string(),
            remedy: Some(remedy(
                Reason::from(error),
                error.refusal().map(|refusal| &*refusal.code),
            )),
        }
    }
}

/// The rule of `docs/behaviour.md` by which an event fails; `None` if it fails because of Salesforce, or of a limit.
#[warn(clippy::wildcard_enum_match_arm)]
#[must_use]
fn rule(error: &EventError) -> Option<Rule> {
    match error {
        EventError::UnsupportedType { .. } => Some(Rule::EventType),
        EventError::GateClosed => Some(Rule::Gate),
        EventError::NoTraits | EventError::TraitsNotObject { .. } => Some(Rule::Traits),
        EventError::EmptyName => Some(Rule::LeadFields),
        EventError::NoEmail | EventError::EmailNotText { .. } => Some(Rule::LeadEmail),
        EventError::IdentifierTooLong { .. } | EventError::IdentifierOfSeveralLines => {
            Some(Rule::ExternalId)
        }
        EventError::KeyDoesNotFit { .. } => Some(Rule::Preflight),
        EventError::NoIdentifier { .. } | EventError::NoApiName { .. } => Some(Rule::ReverseEtl),
        EventError::ExternalId { .. } | EventError::TooManyRecords { .. } => {
            Some(Rule::NamedObject)
        }
        EventError::BeingCreated => Some(Rule::OneCreate),
        EventError::SeveralRecords { .. }
        | EventError::LeadDeleted { .. }
        | EventError::ConvertedWithoutContact { .. } => Some(Rule::LeadFound),
        EventError::Unreadable(_)
        | EventError::NoOwnDestination
        | EventError::ValueTooLong { .. }
        | EventError::AnswerTooLarge(_)
        | EventError::Secret(_)
        | EventError::Authorisation(_)
        | EventError::Lookup(_)
        | EventError::Reserved(_)
        | EventError::Unchanged
        | EventError::Write(_)
        | EventError::MayRepeat(_)
        | EventError::Overtaking
        | EventError::NotInTime(_)
        | EventError::Interrupted => None,
    }
}
