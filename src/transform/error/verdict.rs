//! Determines the status and the tags of an entry from its [`EventError`].
#![warn(clippy::wildcard_enum_match_arm)]

use crate::{
    salesforce::{AuthError, auth::refused::Consequence, fault::Disposition},
    transform::error::EventError,
};

/// The tags of rudder-server's failure metrics. They have few different values and never contain data of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatTags {
    /// `dataValidation`, `network` or `platform`.
    pub error_category: &'static str,
    /// `instrumentation`, `aborted`, `retryable`, `throttled`, `oAuthSecret` or `configuration`.
    pub error_type: &'static str,
    /// `instrumentation` if a lookup found something that the event's author must fix.
    pub meta: Option<&'static str>,
}

impl StatTags {
    const fn new(error_category: &'static str, error_type: &'static str) -> Self {
        Self {
            error_category,
            error_type,
            meta: None,
        }
    }

    const fn instrumentation(self) -> Self {
        Self {
            meta: Some("instrumentation"),
            ..self
        }
    }
}

/// The verdict on an entry or a job: its status and, if it failed, its tags.
pub(crate) type EventVerdict = (u16, Option<StatTags>);

/// The request succeeded.
pub(crate) const SUCCEEDED: EventVerdict = (200, None);
/// Salesforce rejects it permanently.
pub(crate) const ABORTED: EventVerdict = (400, Some(StatTags::new("network", "aborted")));

const INVALID_EVENT: EventVerdict = (
    400,
    Some(StatTags::new("dataValidation", "instrumentation")),
);
const SECRET: EventVerdict = (500, Some(StatTags::new("platform", "oAuthSecret")));
const LOOKUP_REFUSED: EventVerdict = (
    400,
    Some(StatTags::new("network", "aborted").instrumentation()),
);
const FILTERED: EventVerdict = (298, None);

impl EventError {
    /// The `statusCode` of the event's entry: 298 filtered, 400 aborted; 500 retried by the router for three hours, 429 for
    /// thirty days.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.verdict().0
    }

    /// The `statTags` of the event's entry; `None` for a filtered event, which has not failed.
    #[must_use]
    pub fn stat_tags(&self) -> Option<StatTags> {
        self.verdict().1
    }

    /// Whether the event may succeed when it is sent again: 429 and 5xx.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.status(), 429 | 500..)
    }

    /// The `authErrorCategory` of the event's entry on `/routerTransform`. `oauth` says whether rudder-server holds the
    /// credentials and can refresh them.
    #[must_use]
    pub fn auth_category(&self, oauth: bool) -> Option<&'static str> {
        let Self::Authorisation(error) = self else {
            return None;
        };
        (oauth && matches!(**error, AuthError::Expired(_))).then_some("REFRESH_TOKEN")
    }

    fn verdict(&self) -> EventVerdict {
        match self {
            Self::GateClosed | Self::Unchanged => FILTERED,
            Self::Unreadable(_)
            | Self::NoOwnDestination
            | Self::UnsupportedType { .. }
            | Self::NoTraits
            | Self::TraitsNotObject { .. }
            | Self::EmptyName
            | Self::NoEmail
            | Self::EmailNotText { .. }
            | Self::ValueTooLong { .. }
            | Self::IdentifierTooLong { .. }
            | Self::IdentifierOfSeveralLines
            | Self::KeyDoesNotFit { .. }
            | Self::NoIdentifier { .. }
            | Self::NoApiName { .. }
            | Self::ExternalId { .. }
            | Self::TooManyRecords { .. }
            | Self::AnswerTooLarge(_) => INVALID_EVENT,
            Self::Secret(_) => SECRET,
            Self::BeingCreated | Self::Overtaking | Self::NotInTime(_) | Self::Interrupted => {
                by_disposition(Disposition::Retry)
            }
            Self::Write(fault) | Self::MayRepeat(fault) | Self::Reserved(fault) => {
                by_disposition(fault.disposition())
            }
            Self::SeveralRecords { .. }
            | Self::LeadDeleted { .. }
            | Self::ConvertedWithoutContact { .. } => LOOKUP_REFUSED,
            Self::Authorisation(error) => by_disposition(error.disposition()),
            Self::Lookup(fault) => match fault.disposition() {
                Disposition::Abort => LOOKUP_REFUSED,
                disposition @ (Disposition::Refresh
                | Disposition::Throttle
                | Disposition::Retry
                | Disposition::Wait) => by_disposition(disposition),
            },
        }
    }
}

impl AuthError {
    /// What to do about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused(refused) => match refused.consequence() {
                Consequence::Retry => Disposition::Retry,
                Consequence::Wait => Disposition::Wait,
                Consequence::Abort => Disposition::Abort,
            },
            Self::NoToken | Self::Unaccepted(_) => Disposition::Retry,
            Self::Instance(_) | Self::Setting(_) => Disposition::Wait,
            Self::Expired(fault) => fault.disposition(),
            Self::Fault(fault) => fault.disposition(),
        }
    }
}

/// The verdict on a failed call to Salesforce if nothing more specific is known.
pub(crate) fn by_disposition(disposition: Disposition) -> EventVerdict {
    match disposition {
        Disposition::Refresh | Disposition::Retry => {
            (500, Some(StatTags::new("network", "retryable")))
        }
        Disposition::Throttle => (429, Some(StatTags::new("network", "throttled"))),
        Disposition::Wait => (429, Some(StatTags::new("platform", "configuration"))),
        Disposition::Abort => ABORTED,
    }
}
