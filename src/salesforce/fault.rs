//! Classifies a failed call to Salesforce: what happened, and what to do next.
//!
//! The rules are documented in `docs/faults.md`. A fault that time, a new session or the org's admin can fix never
//! drops an event, and an unknown fault is not final at first. The status and the code decide, because Salesforce's
//! text may quote what a visitor has typed.
#![warn(clippy::wildcard_enum_match_arm)]

mod code;
mod duplicates;
mod fields;
mod refusal;

use std::{mem, time::Duration};

use thiserror::Error;

pub(crate) use self::code::OrgState;
#[cfg(test)]
pub(crate) use self::code::codes;
pub(crate) use self::duplicates::Duplicate;
pub(crate) use self::fields::RefusedField;
pub use self::refusal::Refusal;
use self::{
    code::{Meaning, meaning},
    refusal::{MAX_OTHERS, refusals, refused_in_success},
};

use crate::{
    salesforce::body::{UnreadableBody, lossy},
    server::memory::Overloaded,
};

/// The attempt from which an event is given up if Salesforce refuses it with an unknown code. rudder-server counts
/// attempts from 0 (`metadata.attemptNum`).
pub const LAST_ATTEMPT: u64 = 10;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Renew the session, then retry.
    Refresh,
    /// Retry later: Salesforce asks for less traffic.
    Throttle,
    /// Retry.
    Retry,
    /// Keep the event until a person has changed the org or a setting, for days if need be.
    Wait,
    /// Give up: the event would fail every time.
    Abort,
}

/// A call to Salesforce that failed.
#[derive(Clone, Debug, Error)]
pub enum Fault {
    /// 401, or a code that says the same with any status.
    #[error("the session has expired or is invalid ({0})")]
    SessionExpired(Refusal),
    /// The org has reached its daily or concurrent limit.
    #[error("the org's limit of API requests is reached ({0})")]
    LimitReached(Refusal),
    /// The remaining calls are reserved for the org's other systems. Nothing was sent.
    #[error(
        "{used} of the org's {allowed} API calls in 24 hours are used, and {reserve} are reserved for its other systems: \
         this is tried again later; to let it go on now, lower API_RESERVE or have Salesforce raise the limit (GET /limits shows both)"
    )]
    Reserved {
        /// Calls that are used.
        used: u64,
        /// Calls that the org allows.
        allowed: u64,
        /// Calls that are reserved.
        reserve: u64,
    },
    /// Another caller may be creating a record of the request by now. Nothing was sent.
    #[error(
        "another event may be creating this record by now; nothing was sent, and it comes again"
    )]
    BeingCreated,
    /// Salesforce is temporarily unavailable.
    #[error("Salesforce is not available ({0})")]
    Unavailable(Refusal),
    /// Salesforce failed in a way that may be temporary.
    #[error("Salesforce failed temporarily ({0})")]
    Passing(Refusal),
    /// A state of the org refuses the request until a person changes it.
    #[error("Salesforce rejected the request temporarily ({0}): {advice}", advice = .1.advice())]
    Waiting(Refusal, OrgState),
    /// A limit of the org's own code, or a lock that it has run into. Only the text of the response says so, and a text
    /// may quote data; therefore the event is retried for a limited number of attempts only.
    #[error("the org's own code failed temporarily ({0})")]
    Automation(Refusal),
    /// The code is missing from the table of codes, or there is no code although there should be one.
    #[error("Salesforce rejected the request for an unknown reason ({0})")]
    Unknown(Refusal),
    /// Salesforce refuses the request, and would refuse it again.
    #[error("Salesforce rejected the request ({0})")]
    Refused(Refusal),
    /// The org has moved. Redirects are never followed, because they would carry the token to another host.
    #[error(
        "Salesforce answered with a redirect (HTTP {status}): the org may have moved to another domain; reconnect the account, or correct the login host"
    )]
    Redirected {
        /// HTTP status of the response.
        status: u16,
    },
    /// There was no response in time.
    #[error("Salesforce did not answer within {} s (SALESFORCE_TIMEOUT, or the RdProxy-Timeout of a delivery)", .0.as_secs_f64())]
    Timeout(Duration),
    /// The connection was refused.
    #[error("the connection to Salesforce was refused")]
    ConnectionRefused,
    /// The connection could not be established, or it broke.
    #[error("the connection to Salesforce failed: {0}")]
    Connection(String),
    /// There was not enough memory for the response.
    #[error("Salesforce's answer could not be read completely: {0}")]
    Overloaded(Overloaded),
    /// The response reports success but cannot be parsed.
    #[error("Salesforce's answer cannot be read: {0}")]
    Unreadable(String),
}

/// The code of a record that a duplicate rule refuses.
const DUPLICATES_DETECTED: &str = "DUPLICATES_DETECTED";

/// Codes of refusals that a fresh lookup may fix: the record is gone or has become another, or a record has appeared.
const STALE_CODES: [&str; 5] = [
    "NOT_FOUND",
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "DUPLICATE_VALUE",
];

impl From<UnreadableBody> for Fault {
    fn from(body: UnreadableBody) -> Self {
        Self::Unreadable(body.to_string())
    }
}

impl Fault {
    /// Classifies an unsuccessful response.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        Self::deciding(status, refusals(status, body))
    }

    /// Selects the fault that decides: the first that may be temporary, otherwise the first whose code is known,
    /// otherwise the first.
    fn deciding(status: u16, mut refusals: Vec<Refusal>) -> Self {
        join_duplicates(&mut refusals);
        let mut faults: Vec<Self> = refusals.into_iter().map(Self::of).collect();
        let Some(place) = (0..faults.len()).min_by_key(|place| faults[*place].rank()) else {
            return Self::of(Refusal {
                status,
                ..Refusal::default()
            });
        };
        let mut deciding = faults.remove(place);
        if let Some(refusal) = deciding.refusal_mut() {
            let others = faults.iter_mut().filter_map(Self::refusal_mut);
            refusal.others = others.take(MAX_OTHERS + 1).map(mem::take).collect();
        }
        deciding
    }

    /// The sort key of faults: of several, the one with the lowest rank decides.
    pub(super) fn rank(&self) -> (bool, bool) {
        let is_final = self.disposition() == Disposition::Abort;
        (matches!(self, Self::Unknown(_)), is_final)
    }

    /// The fault in a 2xx response to a write: a record's result that reports a failure, or a body that is not JSON at
    /// all, such as a login page.
    #[must_use]
    pub fn in_success(status: u16, body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return None;
        }
        let Ok(document) = lossy(body) else {
            return Some(Self::no_json());
        };
        let refusals = refused_in_success(status, document.root())?;
        Some(Self::deciding(status, refusals))
    }

    /// The fault of a response that cannot be understood.
    pub(super) fn unreadable(why: &str) -> Self {
        Self::Unreadable(why.to_owned())
    }

    /// The fault of a response that reports success but does not come from Salesforce's API.
    pub(super) fn no_json() -> Self {
        Self::unreadable("it says success and is no JSON")
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
            // Several records have the same external id.
            (300, _) | (_, Some(Meaning::Event | Meaning::Automation)) => Self::Refused(refusal),
            // A response without a code does not come from Salesforce, but from a proxy, a firewall or a wrong host. If
            // they find a request too long, it would be too long again.
            (400..=412 | 415..=430 | 432.., None) if refusal.code.is_empty() => {
                Self::Passing(refusal)
            }
            (_, None) => Self::Unknown(refusal),
        }
    }

    /// The meaning of a refusal for a resource that every org has, such as a query: a 404 means a wrong
    /// `SALESFORCE_API_VERSION`, which is not the fault of any event.
    #[must_use]
    pub(super) fn of_resource(self) -> Self {
        if let Self::Refused(refusal) | Self::Unknown(refusal) | Self::Passing(refusal) = &self
            && refusal.status == 404
        {
            return Self::Waiting(refusal.clone(), OrgState::ApiVersion);
        }
        self
    }

    /// The fault as it counts at this attempt (`metadata.attemptNum`). From [`LAST_ATTEMPT`] on, a fault that may be
    /// final is treated as final.
    #[must_use]
    pub fn at_attempt(self, attempt: u64) -> Self {
        if let Self::Unknown(refusal) | Self::Automation(refusal) = &self
            && attempt >= LAST_ATTEMPT
        {
            return Self::Refused(refusal.clone());
        }
        self
    }

    /// Whether [`Fault::at_attempt`] may turn it into a final fault.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Automation(_))
    }

    /// The error code, if it is missing from the table of codes.
    #[must_use]
    pub(super) fn unknown_code(&self) -> Option<&str> {
        let Self::Unknown(refusal) = self else {
            return None;
        };
        Some(&refusal.code)
    }

    /// What to do next.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::SessionExpired(_) => Disposition::Refresh,
            Self::LimitReached(_) | Self::Reserved { .. } | Self::Unavailable(_) => {
                Disposition::Throttle
            }
            Self::BeingCreated
            | Self::Passing(_)
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

    /// Whether Salesforce may have carried out the request despite the fault: there was no response, or the response
    /// does not say.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Connection(_) | Self::Overloaded(_) | Self::Unreadable(_) => {
                true
            }
            // For example, a gateway in between has timed out.
            Self::Passing(refusal) => refusal.code.is_empty(),
            Self::SessionExpired(_)
            | Self::LimitReached(_)
            | Self::Reserved { .. }
            | Self::BeingCreated
            | Self::Unavailable(_)
            | Self::Waiting(..)
            | Self::Automation(_)
            | Self::Unknown(_)
            | Self::Refused(_)
            | Self::Redirected { .. }
            | Self::ConnectionRefused => false,
        }
    }

    /// Whether the record is no longer what a lookup has found, and has to be looked up again.
    #[must_use]
    pub fn is_about_a_stale_record(&self) -> bool {
        matches!(self, Self::Refused(refusal) if STALE_CODES.contains(&refusal.code.as_str()))
    }

    /// Whether an upsert was refused because several records have the external id, or because the field is none or may be none.
    /// The record has to be looked up instead.
    #[must_use]
    pub fn is_about_an_external_id(&self) -> bool {
        let is_ambiguous = matches!(self, Self::Refused(refusal)
            if refusal.status == 300 || refusal.code == "DUPLICATE_EXTERNAL_ID");
        is_ambiguous || self.denies_external_id() || self.doubts_external_id()
    }

    /// Whether an upsert was refused because its field is no external id, or not for this user: it is a 404 then, which a missing
    /// record never is, because an upsert creates it.
    #[must_use]
    pub fn denies_external_id(&self) -> bool {
        let (Self::Refused(refusal) | Self::Unknown(refusal) | Self::Waiting(refusal, _)) = self
        else {
            return false;
        };
        refusal.status == 404 && refusal.code == "NOT_FOUND"
    }

    /// Whether an upsert was refused because of a field. Whether that is the external id or a field of the record, only the text
    /// says; the object's description has to be read again.
    #[must_use]
    pub fn doubts_external_id(&self) -> bool {
        matches!(self, Self::Refused(refusal) | Self::Unknown(refusal) if refusal.code == "INVALID_FIELD")
    }

    /// Whether Salesforce had accepted the session when it refused the request. A response without a code does not show
    /// this, because it may come from a gateway.
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
            | Self::BeingCreated
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

    /// Whether an existing record already holds the value, so that the write would have created a duplicate.
    #[must_use]
    pub fn is_about_a_duplicate(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "DUPLICATE_VALUE")
    }

    /// Whether the record is a lead that has been converted.
    #[must_use]
    pub fn is_about_a_conversion(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "CANNOT_UPDATE_CONVERTED_LEAD")
    }

    /// The id of the record that already holds the value, if Salesforce's message names it. This message quotes no
    /// values.
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

    /// The record that a duplicate rule found when it refused a create, if it is the only one and an exact match.
    #[must_use]
    pub(crate) fn only_duplicate(&self) -> Option<&Duplicate> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        let found = refusal.duplicates.as_ref()?;
        found.only().filter(|_| refusal.code == DUPLICATES_DETECTED)
    }

    /// Whether a duplicate rule refused the record and the response does not contain the records that it found.
    #[must_use]
    pub(super) fn hides_duplicates(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == DUPLICATES_DETECTED
            && refusal.duplicates.as_ref().is_none_or(|found| found.records.is_empty()))
    }

    /// Advice for people, if Salesforce's own text does not contain it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        if let Self::Refused(refusal) = self {
            return refusal.advice();
        }
        None
    }

    /// Salesforce's answer, if there is one.
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
            | Self::BeingCreated
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::ConnectionRefused
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => None,
        }
    }

    /// The name of this fault in metrics and logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::SessionExpired(_) => "session_expired",
            Self::LimitReached(_) => "limit_reached",
            Self::Reserved { .. } => "reserved",
            Self::BeingCreated => "being_created",
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

/// Combines what several duplicate rules report about one record, each in an error of its own. The first error then
/// has all of it.
fn join_duplicates(refusals: &mut [Refusal]) {
    let is_duplicate = |refusal: &&mut Refusal| refusal.code == DUPLICATES_DETECTED;
    let mut refusals = refusals.iter_mut().filter(is_duplicate);
    let Some(first) = refusals.next() else {
        return;
    };
    for other in refusals {
        let found = other.duplicates.take().map(|found| *found);
        match (&mut first.duplicates, found) {
            (Some(all), found) => all.join(found),
            (None, Some(mut found)) => {
                found.join(None);
                first.duplicates = Some(Box::new(found));
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests;
