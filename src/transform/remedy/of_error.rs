//! The reason of each failure.

use super::Reason;
use crate::{
    rudderstack::ReadError,
    salesforce::{
        AuthError, Fault,
        auth::refused::Cause,
        fault::{OrgState, Refusal},
    },
    transform::error::EventError,
};

impl From<&EventError> for Reason {
    fn from(error: &EventError) -> Self {
        match error {
            EventError::Unreadable(error) => error.into(),
            EventError::NoOwnDestination => Self::NoDestination,
            EventError::UnsupportedType { .. } => Self::EventType,
            EventError::GateClosed => Self::GateClosed,
            EventError::NoTraits => Self::NoTraits,
            EventError::TraitsNotObject { .. } => Self::TraitsNotObject,
            EventError::EmptyName => Self::EmptyName,
            EventError::NoEmail => Self::NoEmail,
            EventError::EmailNotText { .. } => Self::EmailNotText,
            EventError::ValueTooLong { .. } => Self::ValueTooLong,
            EventError::IdentifierTooLong { .. } => Self::IdentifierTooLong,
            EventError::IdentifierOfSeveralLines => Self::IdentifierLineBreak,
            EventError::NoIdentifier { .. } => Self::NoIdentifier,
            EventError::NoApiName { .. } => Self::NoApiName,
            EventError::ExternalId { .. } => Self::ExternalId,
            EventError::TooManyRecords { .. } => Self::TooManyRecords,
            EventError::AnswerTooLarge(_) => Self::AnswerTooLarge,
            EventError::Secret(_) => Self::OauthSecret,
            EventError::Authorisation(error) => (&**error).into(),
            EventError::Lookup(fault) => Self::of_lookup(fault),
            EventError::Reserved(fault) | EventError::Write(fault) => (&**fault).into(),
            EventError::MayRepeat(_) => Self::MayRepeat,
            EventError::BeingCreated => Self::BeingCreated,
            EventError::Unchanged => Self::Unchanged,
            EventError::Overtaking => Self::Overtaking,
            EventError::NotInTime(_) => Self::NotInTime,
            EventError::Interrupted => Self::Interrupted,
            EventError::SeveralRecords { .. } => Self::SeveralRecords,
            EventError::LeadDeleted { .. } => Self::LeadDeleted,
            EventError::KeyDoesNotFit { .. } => Self::KeyDoesNotFit,
            EventError::ConvertedWithoutContact { .. } => Self::ConvertedWithoutContact,
        }
    }
}

/// The code of a query by a field that is not there. The service leaves any other field of a query out by itself.
const NO_SUCH_FIELD: &str = "INVALID_FIELD";

impl Reason {
    /// Why a lookup failed.
    #[must_use]
    pub(crate) fn of_lookup(fault: &Fault) -> Self {
        match fault.refusal() {
            Some(refusal) if refusal.code == NO_SUCH_FIELD => Self::KeyField,
            Some(_) | None => fault.into(),
        }
    }
}

impl From<&ReadError> for Reason {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::NotAnEvent { .. } => Self::NotAnEvent,
            ReadError::Unencodable(_) => Self::Unencodable,
            ReadError::NoMessage => Self::NoMessage,
            ReadError::Incomplete { .. } => Self::Incomplete,
            ReadError::AnswerTooLarge(_) => Self::AnswerTooLarge,
        }
    }
}

impl From<&Fault> for Reason {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::SessionExpired(_) => Self::SessionExpired,
            Fault::LimitReached(_) => Self::LimitReached,
            Fault::Reserved { .. } => Self::Reserved,
            Fault::BeingCreated => Self::BeingCreated,
            Fault::Unavailable(_) => Self::Unavailable,
            Fault::Passing(_) => Self::Passing,
            Fault::Waiting(_, state) => match state {
                OrgState::ApiVersion => Self::ApiVersion,
                OrgState::NoApi => Self::NoApi,
                OrgState::StorageFull => Self::StorageFull,
                OrgState::Permission => Self::Permission,
                OrgState::RecordLocked => Self::RecordLocked,
                OrgState::InactiveOwner => Self::InactiveOwner,
            },
            Fault::Automation(_) => Self::Automation,
            Fault::Unknown(_) => Self::UnknownCode,
            Fault::Refused(_) => Self::Refused,
            Fault::Redirected { .. } => Self::Redirected,
            Fault::Timeout(_) => Self::Timeout,
            Fault::ConnectionRefused => Self::ConnectionRefused,
            Fault::Connection(_) => Self::Connection,
            Fault::Overloaded(_) => Self::Overloaded,
            Fault::Unreadable(_) => Self::Unreadable,
        }
    }
}

impl From<&AuthError> for Reason {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::Refused(refused) => match refused.cause {
                Cause::Credentials => Self::CredentialsRefused,
                Cause::UnknownApp => Self::AppUnknown,
                Cause::WrongSecret => Self::ClientSecretWrong,
                Cause::AppBlocked => Self::AppBlocked,
                Cause::NotApproved => Self::UserNotApproved,
                Cause::FlowDisabled => Self::FlowDisabled,
                Cause::NoRunAsUser => Self::NoRunAsUser,
                Cause::NoScope => Self::NoScope,
                Cause::WrongHost => Self::LoginHostWrong,
                Cause::WrongAudience => Self::AudienceWrong,
                Cause::Assertion => Self::AssertionRefused,
                Cause::Restricted => Self::LoginRestricted,
                Cause::InactiveUser => Self::UserInactive,
                Cause::InactiveOrg => Self::OrgInactive,
                Cause::NoApi => Self::NoApiAccess,
                Cause::Overtaken => Self::LoginOvertaken,
                Cause::Request => Self::LoginRequestRefused,
                Cause::Unknown => Self::LoginUnknownCode,
            },
            AuthError::Setting(_) => Self::Setting,
            AuthError::NoToken => Self::NoToken,
            AuthError::Unaccepted(_) => Self::TokenNotAccepted,
            AuthError::Instance(_) => Self::InstanceNotAllowed,
            AuthError::Expired(fault) => (&**fault).into(),
            AuthError::Fault(fault) => fault.into(),
        }
    }
}

impl EventError {
    /// Salesforce's answer, if it has refused the event.
    #[must_use]
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Authorisation(error) => error.refusal(),
            Self::Lookup(fault)
            | Self::Reserved(fault)
            | Self::Write(fault)
            | Self::MayRepeat(fault) => fault.refusal(),
            Self::Unreadable(_)
            | Self::NoOwnDestination
            | Self::UnsupportedType { .. }
            | Self::GateClosed
            | Self::NoTraits
            | Self::TraitsNotObject { .. }
            | Self::EmptyName
            | Self::NoEmail
            | Self::EmailNotText { .. }
            | Self::ValueTooLong { .. }
            | Self::IdentifierTooLong { .. }
            | Self::IdentifierOfSeveralLines
            | Self::NoIdentifier { .. }
            | Self::NoApiName { .. }
            | Self::ExternalId { .. }
            | Self::TooManyRecords { .. }
            | Self::KeyDoesNotFit { .. }
            | Self::AnswerTooLarge(_)
            | Self::Secret(_)
            | Self::BeingCreated
            | Self::Unchanged
            | Self::Overtaking
            | Self::NotInTime(_)
            | Self::Interrupted
            | Self::SeveralRecords { .. }
            | Self::LeadDeleted { .. }
            | Self::ConvertedWithoutContact { .. } => None,
        }
    }
}
