//! The reasons why no session can be opened.
#![warn(clippy::wildcard_enum_match_arm)]

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use super::refused::Refused;
use crate::{
    config::{Flow, RefusedLogin, SettingError},
    salesforce::{
        fault::{Fault, Refusal},
        session::InstanceError,
    },
};

/// Codes by which the token endpoint says "try again" (Salesforce's list of OAuth error codes, and RFC 6749's).
const PASSING_CODES: [&str; 3] = ["unknown_error", "server_error", "temporarily_unavailable"];

/// The reasons why no session can be opened.
#[derive(Debug, Error)]
pub enum AuthError {
    /// Salesforce refuses the login.
    #[error("{0}")]
    Refused(Refused),
    /// A setting of this service is invalid.
    #[error("no login to Salesforce is possible: {0}")]
    Setting(#[from] SettingError),
    /// The response reports success but contains no token.
    #[error("Salesforce's token response has no access_token or no instance_url")]
    NoToken,
    /// Salesforce has refused the token of the last login without ever having accepted it.
    #[error(
        "Salesforce rejects the access token that it has just issued for this login, so another login would not help; the next attempt follows \
         within {} (REFUSED_LOGIN_TTL); check that the user may use the API, and that the login host is the org's", humantime::format_duration(*.0)
    )]
    Unaccepted(Duration),
    /// The instance is not among the hosts that may be called.
    #[error("{0}")]
    Instance(#[from] InstanceError),
    /// The session has expired, and this service cannot open a new one.
    #[error("{0}")]
    Expired(Arc<Fault>),
    /// The login request failed before Salesforce decided on it.
    #[error("the login to Salesforce failed: {0}")]
    Fault(Fault),
}

impl AuthError {
    /// The name of this error in the log.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.cause.label(),
            Self::Setting(_) => "setting",
            Self::NoToken => "no_token",
            Self::Unaccepted(_) => "token_not_accepted",
            Self::Instance(_) => "instance_not_allowed",
            Self::Expired(fault) => fault.label(),
            Self::Fault(fault) => fault.label(),
        }
    }

    /// Whether another login has overtaken this one, so that the next one may succeed.
    pub(super) fn is_overtaken(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.is_overtaken())
    }

    /// Salesforce's answer, if it has refused the login or the session.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refused) => Some(&refused.refusal),
            Self::Expired(fault) => fault.refusal(),
            Self::Fault(fault) => fault.refusal(),
            Self::Setting(_) | Self::NoToken | Self::Unaccepted(_) | Self::Instance(_) => None,
        }
    }

    /// Salesforce's answer to the login, if there is one.
    pub(super) fn refusal_mut(&mut self) -> Option<&mut Refusal> {
        match self {
            Self::Refused(refused) => Some(&mut refused.refusal),
            Self::Fault(fault) => fault.refusal_mut(),
            Self::Setting(_)
            | Self::NoToken
            | Self::Unaccepted(_)
            | Self::Instance(_)
            | Self::Expired(_) => None,
        }
    }

    /// Classifies the fault of a token request. The token endpoint answers 400 and 401 if a login is wrong; there is no
    /// session yet that could have expired.
    pub(super) fn of(fault: Fault, flow: Flow, policy: RefusedLogin) -> Self {
        match fault {
            // The token endpoint has other error codes than the REST API. A response without a code does not come from
            // Salesforce.
            Fault::Refused(refusal)
            | Fault::Unknown(refusal)
            | Fault::Automation(refusal)
            | Fault::Waiting(refusal, _)
            | Fault::SessionExpired(refusal) => match refusal.code.as_str() {
                "" => Self::Fault(Fault::Passing(refusal)),
                code if PASSING_CODES.contains(&code) => Self::Fault(Fault::Passing(refusal)),
                _ => Self::Refused(Refused::new(flow, policy, refusal)),
            },
            passing @ (Fault::LimitReached(_)
            | Fault::Reserved { .. }
            | Fault::BeingCreated
            | Fault::Unavailable(_)
            | Fault::Passing(_)
            | Fault::Redirected { .. }
            | Fault::Timeout(_)
            | Fault::ConnectionRefused
            | Fault::Overloaded(_)
            | Fault::Connection(_)
            | Fault::Unreadable(_)) => Self::Fault(passing),
        }
    }
}
