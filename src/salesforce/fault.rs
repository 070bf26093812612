//! A failed call to Salesforce → what happened, and what to do about it.
//!
//! The table is the error catalogue of the Salesforce contract. A fault that time or a new session can mend is never
//! answered with a status that drops the event.
#![warn(clippy::wildcard_enum_match_arm)]

mod refusal;

use std::time::Duration;

use thiserror::Error;

pub use self::refusal::Refusal;
use self::refusal::{refusals, refused_in_success};
use crate::in_flight::Overloaded;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Renew the session, then try again.
    Refresh,
    /// Try again later: Salesforce asks for less traffic.
    Throttle,
    /// Try again.
    Retry,
    /// It would fail for ever.
    Abort,
}

/// A call to Salesforce that failed.
#[derive(Clone, Debug, Error)]
pub enum Fault {
    /// 401, or `INVALID_SESSION_ID` with any status.
    #[error("the session has expired or is invalid ({0})")]
    SessionExpired(Refusal),
    /// The org's daily or concurrent limit is used up.
    #[error("the org's limit of API requests is reached ({0})")]
    LimitReached(Refusal),
    /// Only the calls are left that are kept for the org's other systems: nothing was sent.
    #[error(
        "{used} of the {allowed} API calls that the org allows in 24 hours are used, and {reserve} are kept for its other systems: \
         this is tried again later; to let it go on now, lower API_RESERVE or have Salesforce raise the limit (GET /limits shows both)"
    )]
    Reserved {
        /// Calls that are used.
        used: u64,
        /// Calls that the org allows.
        allowed: u64,
        /// Calls that are kept.
        reserve: u64,
    },
    /// Salesforce is down for a while.
    #[error("Salesforce is not available ({0})")]
    Unavailable(Refusal),
    /// Salesforce failed in a way that may pass.
    #[error("Salesforce failed for the moment ({0})")]
    Passing(Refusal),
    /// Salesforce refuses the request, and will do so again.
    #[error("Salesforce refuses the request ({0})")]
    Refused(Refusal),
    /// The org has moved: redirects are never followed, as they would carry the token to another place.
    #[error(
        "Salesforce answered with a redirect (HTTP {status}): the org may have moved to another domain; reconnect the account, or correct the login host"
    )]
    Redirected {
        /// HTTP status of the answer.
        status: u16,
    },
    /// No answer in time.
    #[error("Salesforce did not answer within {} s (SALESFORCE_TIMEOUT, or the RdProxy-Timeout of a delivery)", .0.as_secs_f64())]
    Timeout(Duration),
    /// Nobody listens there.
    #[error("the connection to Salesforce was refused")]
    ConnectionRefused,
    /// The connection could not be made or broke.
    #[error("the connection to Salesforce failed: {0}")]
    Connection(String),
    /// There was no memory for the answer.
    #[error("Salesforce's answer was not read to its end: {0}")]
    Overloaded(Overloaded),
    /// An answer that says success and cannot be read.
    #[error("Salesforce's answer cannot be read: {0}")]
    Unreadable(String),
}

/// Codes of what may succeed when it is tried again.
const PASSING_CODES: [&str; 4] = [
    "UNABLE_TO_LOCK_ROW",
    "UNKNOWN_EXCEPTION",
    "QUERY_TIMEOUT",
    "REQUEST_RUNNING_TOO_LONG",
];

/// Codes of what a fresh lookup may mend: the record is gone or has become another, or has come into being.
const STALE_CODES: [&str; 5] = [
    "NOT_FOUND",
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "DUPLICATE_VALUE",
];

/// Texts by which limits of the org's own code and locks are told, whatever code carries them: the same request may
/// succeed when it runs alone.
const PASSING_TEXTS: [&str; 9] = [
    "UNABLE_TO_LOCK_ROW",
    "unable to obtain exclusive access",
    "Too many SOQL queries",
    "Too many SOSL queries",
    "Too many query rows",
    "Too many DML",
    "Apex CPU time limit exceeded",
    "Apex heap size too large",
    "System.LimitException",
];

impl Fault {
    /// Classifies an answer that is no success.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        Self::deciding(status, refusals(status, body))
    }

    /// The fault that decides: the first that is not for ever, else the first.
    fn deciding(status: u16, refusals: Vec<Refusal>) -> Self {
        let is_final = |fault: &Self| fault.disposition() == Disposition::Abort;
        let first = |kept: Self, next: Self| {
            if is_final(&kept) && !is_final(&next) {
                next
            } else {
                kept
            }
        };
        let faults = refusals.into_iter().map(Self::of);
        faults.reduce(first).unwrap_or_else(|| {
            Self::of(Refusal {
                status,
                ..Refusal::default()
            })
        })
    }

    /// The fault that a 2xx answer to a write holds: a record's result that says no, or no JSON at all, such as a login page.
    #[must_use]
    pub fn in_success(status: u16, body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return None;
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
            return Some(Self::no_json());
        }
        let refusals = refused_in_success(status, body)?;
        Some(match refusals.as_slice() {
            [] => Self::Refused(Refusal {
                status,
                ..Refusal::default()
            }),
            [..] => Self::deciding(status, refusals),
        })
    }

    /// The fault of an answer that says success and comes from elsewhere.
    pub(super) fn no_json() -> Self {
        Self::Unreadable("it says success and is no JSON".to_owned())
    }

    fn of(refusal: Refusal) -> Self {
        let is_passing = PASSING_TEXTS
            .iter()
            .any(|text| refusal.message.contains(text));
        match (refusal.status, refusal.code.as_str()) {
            (_, "INVALID_SESSION_ID") | (401, "") => Self::SessionExpired(refusal),
            (
                _,
                "REQUEST_LIMIT_EXCEEDED"
                | "API_CURRENTLY_DISABLED"
                | "LOGIN_RATE_EXCEEDED"
                | "rate_limit_exceeded",
            )
            | (429, _) => Self::LimitReached(refusal),
            (_, "SERVER_UNAVAILABLE") => Self::Unavailable(refusal),
            (301..=399, _) => Self::Redirected {
                status: refusal.status,
            },
            // Without an error code it is not Salesforce's own answer: a proxy, a firewall, a wrong host.
            (408 | 420 | 500.., _) | (400.., "") => Self::Passing(refusal),
            (_, code) if is_passing || PASSING_CODES.contains(&code) => Self::Passing(refusal),
            _ => Self::Refused(refusal),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::SessionExpired(_) => Disposition::Refresh,
            Self::LimitReached(_) | Self::Reserved { .. } | Self::Unavailable(_) => {
                Disposition::Throttle
            }
            Self::Passing(_)
            | Self::ConnectionRefused
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => Disposition::Retry,
            Self::Refused(_) => Disposition::Abort,
        }
    }

    /// Whether Salesforce may have done what it was asked for all the same: no answer has come, or one that does not say.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Connection(_) | Self::Overloaded(_) | Self::Unreadable(_) => {
                true
            }
            // A gateway on the way has given up waiting, say.
            Self::Passing(refusal) => refusal.code.is_empty(),
            Self::SessionExpired(_)
            | Self::LimitReached(_)
            | Self::Reserved { .. }
            | Self::Unavailable(_)
            | Self::Refused(_)
            | Self::Redirected { .. }
            | Self::ConnectionRefused => false,
        }
    }

    /// Whether the record is no longer what a lookup has found: to be looked up afresh.
    #[must_use]
    pub fn is_about_a_stale_record(&self) -> bool {
        matches!(self, Self::Refused(refusal) if STALE_CODES.contains(&refusal.code.as_str()))
    }

    /// The record that holds the value which a write would have made a duplicate, where Salesforce names it.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        let (_, id) = refusal.message.split_once("record with id: ")?;
        let length = id.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let id = id.get(..length).filter(|id| !id.is_empty());
        id.filter(|_| refusal.code == "DUPLICATE_VALUE")
    }

    /// What Salesforce says, where it does.
    pub(super) fn refusal_mut(&mut self) -> Option<&mut Refusal> {
        match self {
            Self::SessionExpired(refusal)
            | Self::LimitReached(refusal)
            | Self::Unavailable(refusal)
            | Self::Passing(refusal)
            | Self::Refused(refusal) => Some(refusal),
            Self::Reserved { .. }
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::ConnectionRefused
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => None,
        }
    }

    /// The word for this fault in metrics and logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::SessionExpired(_) => "session_expired",
            Self::LimitReached(_) => "limit_reached",
            Self::Reserved { .. } => "reserved",
            Self::Unavailable(_) => "unavailable",
            Self::Passing(_) => "passing",
            Self::Refused(_) => "refused",
            Self::Redirected { .. } => "redirected",
            Self::Timeout(_) => "timeout",
            Self::ConnectionRefused => "connection_refused",
            Self::Connection(_) => "connection",
            Self::Overloaded(_) => "overloaded",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

#[cfg(test)]
mod tests;
