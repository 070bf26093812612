//! The outcome of a delivery.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use thiserror::Error;

use crate::{
    salesforce::{AuthError, Fault, delivery::NotSent, fault::Disposition},
    transform::{
        changes::NotedChanges,
        delivered::Delivered,
        error::{EventError, MAY_REPEAT, SUCCEEDED, by_disposition},
    },
};

/// The outcome of a delivery.
pub struct DeliveryOutcome {
    /// HTTP status and body of Salesforce's response, if there was one.
    pub answer: Option<(u16, Bytes)>,
    /// Why the write counts as failed; `None` if Salesforce has written the record.
    pub failure: Option<Failure>,
    /// What to do next, for each job in order; `None` if Salesforce has written the record.
    pub dispositions: Vec<Option<Disposition>>,
    /// Whether another attempt may create a second record: it is not known whether this attempt has created one, and
    /// there is no key to look it up by.
    pub may_repeat: bool,
    /// What was left out of the write, if Salesforce has written the record.
    pub changes: NotedChanges,
}

/// Why a write failed, as far as is known.
#[derive(Debug, Error)]
pub enum Failure {
    /// The request cannot be sent.
    #[error("{0}")]
    NotSent(#[from] NotSent),
    /// Salesforce has refused the request, or the connection to it failed.
    #[error("{0}")]
    Fault(Fault),
    /// The lookup of a record that an earlier attempt may have written failed.
    #[error("the lookup in Salesforce failed, and nothing was written: {0}")]
    Lookup(#[source] Arc<Fault>),
    /// Another delivery is creating the record, and did not end in time.
    #[error("another event is creating this record; it comes again")]
    BeingCreated,
    /// The session has expired, and the destination's login cannot open a new one.
    #[error("the session has expired, and no new one could be opened: {0}")]
    NoSession(#[source] Arc<AuthError>),
    /// The record that the lookup has found cannot be written.
    #[error("{0}")]
    Target(#[source] EventError),
}

impl Failure {
    /// What to do at this attempt. A failed lookup never ends a job, because it is still not known whether the record
    /// exists. Neither does a refused login, because the credentials may have been replaced by the next attempt.
    #[must_use]
    pub fn disposition(&self, attempt: u64) -> Disposition {
        match self {
            Self::NotSent(not_sent) => not_sent.disposition(),
            Self::Fault(fault) => fault.clone().at_attempt(attempt).disposition(),
            Self::Lookup(fault) => not_final(fault.disposition()),
            Self::NoSession(error) => not_final(error.disposition()),
            Self::BeingCreated => Disposition::Retry,
            Self::Target(_) => Disposition::Abort,
        }
    }

    /// Whether Salesforce no longer accepts the session.
    pub(super) fn is_expiry(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.disposition() == Disposition::Refresh,
            Self::Lookup(fault) => fault.disposition() == Disposition::Refresh,
            Self::NotSent(_) | Self::BeingCreated | Self::NoSession(_) | Self::Target(_) => false,
        }
    }

    /// Whether Salesforce may have written the record despite the failure.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.leaves_open(),
            Self::NotSent(_)
            | Self::Lookup(_)
            | Self::BeingCreated
            | Self::NoSession(_)
            | Self::Target(_) => false,
        }
    }

    /// The text of the answer if Salesforce did not respond. For a refused connection it is the stock service's text.
    fn without_answer(&self) -> String {
        match self {
            Self::Fault(Fault::ConnectionRefused) => {
                "[ECONNREFUSED] :: Connection refused".to_owned()
            }
            failure => format!("[{}] :: {failure}", failure.label()),
        }
    }

    /// The error code if Salesforce did not respond.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotSent(NotSent::NotAllowed(_)) => "not_allowed",
            Self::NotSent(NotSent::Unsendable(_) | NotSent::Part(_) | NotSent::TooLarge(_)) => {
                "malformed"
            }
            Self::Fault(fault) => fault.label(),
            Self::Lookup(fault) => fault.label(),
            Self::BeingCreated => "being_created",
            Self::NoSession(error) => error.label(),
            Self::Target(_) => "refused",
        }
    }
}

impl DeliveryOutcome {
    /// The data from which the answer to rudder-server is built.
    #[must_use]
    pub fn into_delivered(self) -> Delivered {
        let verdict = |job: &Option<Disposition>| job.map_or(SUCCEEDED, by_disposition);
        let without_answer = match &self.failure {
            Some(failure) if self.answer.is_none() => failure.without_answer(),
            Some(_) | None => String::new(),
        };
        Delivered {
            without_answer,
            message: self.message(),
            advice: self.advice(),
            has_expired: self.dispositions.first() == Some(&Some(Disposition::Refresh)),
            jobs: self.dispositions.iter().map(verdict).collect(),
            answer: self.answer,
            changes: self.changes,
        }
    }

    /// A description of what happened, for people.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.failure {
            None => "Salesforce has taken the request".to_owned(),
            Some(failure) if self.may_repeat => format!("{failure}; {MAY_REPEAT}"),
            Some(failure) => failure.to_string(),
        }
    }

    /// Advice that people need in addition to Salesforce's own text.
    #[must_use]
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        if self.may_repeat {
            return Some(Cow::Borrowed(MAY_REPEAT));
        }
        match self.failure.as_ref()? {
            Failure::Fault(fault) => fault.advice().map(Cow::Borrowed),
            no_session @ Failure::NoSession(_) => Some(Cow::Owned(no_session.to_string())),
            Failure::NotSent(_)
            | Failure::Lookup(_)
            | Failure::BeingCreated
            | Failure::Target(_) => None,
        }
    }
}

fn not_final(disposition: Disposition) -> Disposition {
    match disposition {
        Disposition::Abort => Disposition::Retry,
        other @ (Disposition::Refresh
        | Disposition::Throttle
        | Disposition::Retry
        | Disposition::Wait) => other,
    }
}

/// Omits the response body, which may repeat what was sent.
impl fmt::Debug for DeliveryOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref();
        f.debug_struct("DeliveryOutcome")
            .field("status", &answer.map(|(status, _)| status))
            .field("body_bytes", &answer.map(|(_, body)| body.len()))
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
