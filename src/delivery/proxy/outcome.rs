//! What became of a delivery.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use thiserror::Error;

use crate::{
    salesforce::{AuthError, Fault, delivery::NotSent, fault::Disposition},
    transform::{
        delivered::Delivered,
        error::{EventError, MAY_REPEAT, SUCCEEDED, by_disposition},
    },
};

/// What became of a delivery.
pub struct Outcome {
    /// Salesforce's answer, where one came: HTTP status and body.
    pub answer: Option<(u16, Bytes)>,
    /// Why the write counts as failed; `None` where Salesforce has written.
    pub failure: Option<Failure>,
    /// What to do about it, for each job in its order; `None` where Salesforce has written.
    pub dispositions: Vec<Option<Disposition>>,
    /// Whether a next attempt may create a second record: it is not known whether this one has created its own, and there is
    /// no key to look that up by.
    pub may_repeat: bool,
}

/// Why a write was not made, as far as is known.
#[derive(Debug, Error)]
pub enum Failure {
    /// The request cannot be sent.
    #[error("{0}")]
    NotSent(#[from] NotSent),
    /// Salesforce, or the way to it.
    #[error("{0}")]
    Fault(Fault),
    /// What an earlier attempt may have written could not be looked up.
    #[error("the lookup in Salesforce failed, and nothing was written: {0}")]
    Lookup(#[source] Arc<Fault>),
    /// The session has expired, and the destination's login opens no other.
    #[error("the session has expired, and no new one could be opened: {0}")]
    NoSession(#[source] Arc<AuthError>),
    /// What the lookup has found cannot be written to.
    #[error("{0}")]
    Target(#[source] EventError),
}

impl Failure {
    /// What to do about it at this attempt. A lookup that fails never ends a job: whether the record is there is still not
    /// known. Nor does a login that is refused: the next one may be renewed by then.
    #[must_use]
    pub fn disposition(&self, attempt: u64) -> Disposition {
        match self {
            Self::NotSent(not_sent) => not_sent.disposition(),
            Self::Fault(fault) => fault.clone().at_attempt(attempt).disposition(),
            Self::Lookup(fault) => not_final(fault.disposition()),
            Self::NoSession(error) => not_final(error.disposition()),
            Self::Target(_) => Disposition::Abort,
        }
    }

    /// Whether Salesforce no longer accepts the session.
    pub(super) fn is_expiry(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.disposition() == Disposition::Refresh,
            Self::Lookup(fault) => fault.disposition() == Disposition::Refresh,
            Self::NotSent(_) | Self::NoSession(_) | Self::Target(_) => false,
        }
    }

    /// Whether Salesforce may have written all the same.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.leaves_open(),
            Self::NotSent(_) | Self::Lookup(_) | Self::NoSession(_) | Self::Target(_) => false,
        }
    }

    /// What is said where no answer came; of a connection that was refused, as the stock service says it.
    fn without_answer(&self) -> String {
        match self {
            Self::Fault(Fault::ConnectionRefused) => {
                "[ECONNREFUSED] :: Connection refused".to_owned()
            }
            failure => format!("[{}] :: {failure}", failure.label()),
        }
    }

    /// The word for it where no answer came.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotSent(NotSent::NotAllowed(_)) => "not_allowed",
            Self::NotSent(NotSent::Unsendable(_) | NotSent::Part(_) | NotSent::TooLarge(_)) => {
                "malformed"
            }
            Self::Fault(fault) => fault.label(),
            Self::Lookup(fault) => fault.label(),
            Self::NoSession(error) => error.label(),
            Self::Target(_) => "refused",
        }
    }
}

impl Outcome {
    /// What the answer to rudder-server is written from.
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
        }
    }

    /// What happened, for the person who reads it.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.failure {
            None => "Salesforce has taken the request".to_owned(),
            Some(failure) if self.may_repeat => format!("{failure}; {MAY_REPEAT}"),
            Some(failure) => failure.to_string(),
        }
    }

    /// What a person has to know beyond Salesforce's own words.
    #[must_use]
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        if self.may_repeat {
            return Some(Cow::Borrowed(MAY_REPEAT));
        }
        match self.failure.as_ref()? {
            Failure::Fault(fault) => fault.advice().map(Cow::Borrowed),
            no_session @ Failure::NoSession(_) => Some(Cow::Owned(no_session.to_string())),
            Failure::NotSent(_) | Failure::Lookup(_) | Failure::Target(_) => None,
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

/// Without the answer's body, which may repeat what was sent.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref();
        f.debug_struct("Outcome")
            .field("status", &answer.map(|(status, _)| status))
            .field("body_bytes", &answer.map(|(_, body)| body.len()))
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
