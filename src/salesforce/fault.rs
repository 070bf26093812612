//! A failed call to Salesforce → what happened, and what to do about it.
//!
//! The rules are those of `docs/faults.md`. A fault that time, a new session or the org's admin can mend never drops an
//! event, and what is unknown is not final at first. Status and code decide: Salesforce's text may quote what a visitor has
//! typed.
#![warn(clippy::wildcard_enum_match_arm)]

mod code;
mod duplicates;
mod refusal;

use std::time::Duration;

use thiserror::Error;

pub(crate) use self::code::OrgState;
pub use self::refusal::Refusal;
use self::{
    code::{Meaning, meaning},
    refusal::{refusals, refused_in_success},
};

use crate::server::memory::Overloaded;

/// From which attempt on an event that Salesforce refuses with an unknown code is given up. rudder-server counts attempts from
/// 0 (`metadata.attemptNum`).
pub const LAST_ATTEMPT: u64 = 10;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Renew the session, then try again.
    Refresh,
    /// Try again later: Salesforce asks for less traffic.
    Throttle,
    /// Try again.
    Retry,
    /// Keep it until a person has changed the org or a setting, for days if need be.
    Wait,
    /// It would fail for ever.
    Abort,
}

/// A call to Salesforce that failed.
#[derive(Clone, Debug, Error)]
pub enum Fault {
    /// 401, or a code that says the same with any status.
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
    /// A state of the org refuses the request until a person changes it.
    #[error("Salesforce refuses the request for now ({0}): {advice}", advice = .1.advice())]
    Waiting(Refusal, OrgState),
    /// A limit of the org's own code, or a lock that it has run into. Only a text says so, which may quote data: it counts for
    /// a number of attempts.
    #[error("the org's own code could not cope for the moment ({0})")]
    Automation(Refusal),
    /// A code that the table does not know, or none where there should be one.
    #[error("Salesforce refuses the request for a reason that this service does not know ({0})")]
    Unknown(Refusal),
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

/// Codes of what a fresh lookup may mend: the record is gone or has become another, or has come into being.
const STALE_CODES: [&str; 5] = [
    "NOT_FOUND",
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "DUPLICATE_VALUE",
];

impl Fault {
    /// Classifies an answer that is no success.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        Self::deciding(status, refusals(status, body))
    }

    /// The fault that decides: the first that may pass, else the first that the table knows, else the first.
    fn deciding(status: u16, refusals: Vec<Refusal>) -> Self {
        let faults = refusals.into_iter().map(Self::of);
        faults.min_by_key(Self::rank).unwrap_or_else(|| {
            Self::of(Refusal {
                status,
                ..Refusal::default()
            })
        })
    }

    /// Which of several faults decides: the least.
    pub(super) fn rank(&self) -> (bool, bool) {
        let is_final = self.disposition() == Disposition::Abort;
        (matches!(self, Self::Unknown(_)), is_final)
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
        refused_in_success(status, body).map(|refusals| Self::deciding(status, refusals))
    }

    /// The fault of an answer that says success and comes from elsewhere.
    pub(super) fn no_json() -> Self {
        Self::Unreadable("it says success and is no JSON".to_owned())
    }

    fn of(refusal: Refusal) -> Self {
        let meaning = meaning(&refusal.code);
        match (refusal.status, meaning) {
            (401, _) | (_, Some(Meaning::Session)) => Self::SessionExpired(refusal),
            (429, _) | (_, Some(Meaning::Limit)) => Self::LimitReached(refusal),
            (_, Some(Meaning::Unavailable)) => Self::Unavailable(refusal),
            (_, Some(Meaning::Waiting(state))) => Self::Waiting(refusal, state),
            (410, _) => Self::Waiting(refusal, OrgState::ApiVersion),
            (301..=399, _) => Self::Redirected {
                status: refusal.status,
            },
            (408 | 420 | 500.., _) | (_, Some(Meaning::Passing)) => Self::Passing(refusal),
            (_, Some(Meaning::Automation)) if refusal.has_passing_text() => {
                Self::Automation(refusal)
            }
            // Several records have the external id.
            (300, _) | (_, Some(Meaning::Event | Meaning::Automation)) => Self::Refused(refusal),
            // Without a code it is not Salesforce's own answer: a proxy, a firewall, a wrong host. What they find too long
            // will not get shorter.
            (400..=412 | 415..=430 | 432.., None) if refusal.code.is_empty() => {
                Self::Passing(refusal)
            }
            (_, None) => Self::Unknown(refusal),
        }
    }

    /// What a refusal means for a resource that each org has, such as a query: a 404 is a wrong `SALESFORCE_API_VERSION`, which
    /// no event is to blame for.
    #[must_use]
    pub(super) fn of_resource(self) -> Self {
        if let Self::Refused(refusal) | Self::Unknown(refusal) | Self::Passing(refusal) = &self
            && refusal.status == 404
        {
            return Self::Waiting(refusal.clone(), OrgState::ApiVersion);
        }
        self
    }

    /// The fault as it counts at this attempt (`metadata.attemptNum`): what may be final after all is final from
    /// [`LAST_ATTEMPT`] on.
    #[must_use]
    pub fn at_attempt(self, attempt: u64) -> Self {
        if let Self::Unknown(refusal) | Self::Automation(refusal) = &self
            && attempt >= LAST_ATTEMPT
        {
            return Self::Refused(refusal.clone());
        }
        self
    }

    /// Whether [`Fault::at_attempt`] may make it final.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Automation(_))
    }

    /// The code that the table does not know.
    #[must_use]
    pub(super) fn unknown_code(&self) -> Option<&str> {
        let Self::Unknown(refusal) = self else {
            return None;
        };
        Some(&refusal.code)
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
            | Self::Automation(_)
            | Self::Unknown(_)
            | Self::ConnectionRefused
            | Self::Timeout(_)
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => Disposition::Retry,
            Self::Waiting(..) | Self::Redirected { .. } => Disposition::Wait,
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
            | Self::Waiting(..)
            | Self::Automation(_)
            | Self::Unknown(_)
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

    /// Whether Salesforce had accepted the session by the time that it refused the request. What has no code may come from a
    /// gateway on the way.
    #[must_use]
    pub(super) fn is_after_admission(&self) -> bool {
        match self {
            Self::LimitReached(refusal)
            | Self::Waiting(refusal, _)
            | Self::Automation(refusal)
            | Self::Unknown(refusal)
            | Self::Refused(refusal) => !refusal.code.is_empty(),
            Self::SessionExpired(_)
            | Self::Reserved { .. }
            | Self::Unavailable(_)
            | Self::Passing(_)
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::ConnectionRefused
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => false,
        }
    }

    /// Whether a record holds already what a write would have made a duplicate.
    #[must_use]
    pub fn is_about_a_duplicate(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "DUPLICATE_VALUE")
    }

    /// The record that holds the value which a write would have made a duplicate, where Salesforce's sentence names it. The
    /// sentence quotes no value.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        let named = refusal.message.strip_prefix("duplicate value found: ")?;
        let (field, id) = named.split_once(" duplicates value on record with id: ")?;
        let is_name = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let id = id.strip_suffix('.').unwrap_or(id);
        let is_id =
            matches!(id.len(), 15 | 18) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (refusal.code == "DUPLICATE_VALUE" && is_name(field) && is_id).then_some(id)
    }

    /// What a person can do about it, where Salesforce's words do not say it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        if let Self::Refused(refusal) = self {
            return refusal.advice();
        }
        None
    }

    /// What Salesforce says, where it does.
    pub(super) fn refusal_mut(&mut self) -> Option<&mut Refusal> {
        match self {
            Self::SessionExpired(refusal)
            | Self::LimitReached(refusal)
            | Self::Unavailable(refusal)
            | Self::Passing(refusal)
            | Self::Waiting(refusal, _)
            | Self::Automation(refusal)
            | Self::Unknown(refusal)
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
            Self::Waiting(..) => "waiting",
            Self::Automation(_) => "automation",
            Self::Unknown(_) => "unknown_code",
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
