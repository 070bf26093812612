//! A login that Salesforce refuses: its cause, as far as the response reveals it, and how to fix it.
//!
//! The codes and texts come from Salesforce Help, "OAuth 2.0 Authorization Errors", and from Salesforce's answers to
//! the three flows.

mod advice;

use std::fmt;

use crate::{
    config::{Flow, RefusedLogin},
    salesforce::fault::{LAST_ATTEMPT, Refusal},
};

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The user name, password or security token is wrong, or the cause is one that Salesforce does not reveal.
    Credentials,
    /// No app of the org has this consumer key.
    UnknownApp,
    /// The consumer secret does not belong to the app.
    WrongSecret,
    /// The app is blocked.
    AppBlocked,
    /// The user is not approved for the app.
    NotApproved,
    /// The flow is not enabled.
    FlowDisabled,
    /// The app has no "run as" user for the client credentials flow.
    NoRunAsUser,
    /// The app has no OAuth scope that the flow can use.
    NoScope,
    /// The login host does not support the flow.
    WrongHost,
    /// The audience of the assertion is another login host.
    WrongAudience,
    /// The assertion's signature, user or time is wrong.
    Assertion,
    /// The user may not log in from this network or at this hour.
    Restricted,
    /// The user is inactive, frozen or locked.
    InactiveUser,
    /// The org is locked, closed or suspended.
    InactiveOrg,
    /// The org has no API access.
    NoApi,
    /// Another login has overtaken this one.
    Overtaken,
    /// The token request is malformed.
    Request,
    /// Neither the code nor the text is known.
    Unknown,
}

/// What happens to the events of a refused login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// They are retried, because the next login may succeed.
    Retry,
    /// They are retried until somebody has corrected a setting or the login.
    Wait,
    /// They are aborted, as RudderStack's documentation describes.
    Abort,
}

/// Maps refusals to causes: the code, a part of the text in lower case, and the cause. An empty string matches
/// anything. The first matching row applies.
#[rustfmt::skip]
const CAUSES: [(&str, &str, Cause); 39] = [
    ("", "token request is already being processed", Cause::Overtaken),
    ("", "expired authorization code", Cause::Overtaken),
    ("", "expired access/refresh token", Cause::Overtaken),
    ("", "no client credentials user", Cause::NoRunAsUser),
    ("", "client credentials flow not enabled", Cause::FlowDisabled),
    ("", "client credentials flow is not enabled", Cause::FlowDisabled),
    ("", "request not supported on this domain", Cause::WrongHost),
    ("", "no valid scopes", Cause::NoScope),
    ("", "hasn't approved this consumer", Cause::NotApproved),
    ("", "not admin approved", Cause::NotApproved),
    ("", "audience is invalid", Cause::WrongAudience),
    ("", "audience validation failed", Cause::WrongAudience),
    ("", "invalid assertion", Cause::Assertion),
    ("", "ip restricted", Cause::Restricted),
    ("", "invalid login hours", Cause::Restricted),
    ("", "inactive user", Cause::InactiveUser),
    ("", "user is inactive", Cause::InactiveUser),
    ("", "user is locked", Cause::InactiveUser),
    ("", "invalid client credentials", Cause::WrongSecret),
    ("", "client app is not installed", Cause::UnknownApp),
    ("invalid_client_id", "", Cause::UnknownApp),
    ("app_not_found", "", Cause::UnknownApp),
    ("oauth_ec_app_not_found", "", Cause::UnknownApp),
    ("invalid_client", "", Cause::WrongSecret),
    ("invalid_client_credentials", "", Cause::WrongSecret),
    ("oauth_app_blocked", "", Cause::AppBlocked),
    ("oauth_app_access_denied", "", Cause::NotApproved),
    ("invalid_app_access", "", Cause::NotApproved),
    ("access_denied", "", Cause::NotApproved),
    ("unauthorized_client", "", Cause::FlowDisabled),
    ("unsupported_grant_type", "", Cause::FlowDisabled),
    ("invalid_scope", "", Cause::NoScope),
    ("invalid_assertion_type", "", Cause::Assertion),
    ("inactive_user", "", Cause::InactiveUser),
    ("inactive_org", "", Cause::InactiveOrg),
    ("api_disabled_for_org", "", Cause::NoApi),
    ("invalid_request", "", Cause::Request),
    ("invalid_grant", "", Cause::Credentials),
    ("invalid_login", "", Cause::Credentials),
];

impl Cause {
    /// Determines why Salesforce refuses a login.
    #[must_use]
    pub fn of(refusal: &Refusal) -> Self {
        let code = refusal.code.to_ascii_lowercase();
        let text = refusal.message.to_ascii_lowercase();
        let fits = |(of_code, words, _): &&(&str, &str, Self)| {
            (of_code.is_empty() || *of_code == code) && text.contains(words)
        };
        CAUSES
            .iter()
            .find(fits)
            .map_or(Self::Unknown, |(_, _, cause)| *cause)
    }

    /// What happens to the events; `None` if the setting `REFUSED_LOGIN` decides.
    fn consequence(self) -> Option<Consequence> {
        match self {
            // An unknown refusal is not final at first: see `Refused::at_attempt`.
            Self::Overtaken | Self::Unknown => Some(Consequence::Retry),
            // The operator configures the app in this service, so the operator has to fix it.
            Self::UnknownApp | Self::WrongSecret => Some(Consequence::Wait),
            Self::Credentials
            | Self::AppBlocked
            | Self::NotApproved
            | Self::FlowDisabled
            | Self::NoRunAsUser
            | Self::NoScope
            | Self::WrongHost
            | Self::WrongAudience
            | Self::Assertion
            | Self::Restricted
            | Self::InactiveUser
            | Self::InactiveOrg
            | Self::NoApi
            | Self::Request => None,
        }
    }

    /// The name of the cause in the log.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Credentials => "credentials_refused",
            Self::UnknownApp => "app_unknown",
            Self::WrongSecret => "client_secret_wrong",
            Self::AppBlocked => "app_blocked",
            Self::NotApproved => "user_not_approved",
            Self::FlowDisabled => "flow_disabled",
            Self::NoRunAsUser => "no_run_as_user",
            Self::NoScope => "no_scope",
            Self::WrongHost => "login_host_wrong",
            Self::WrongAudience => "audience_wrong",
            Self::Assertion => "assertion_refused",
            Self::Restricted => "login_restricted",
            Self::InactiveUser => "user_inactive",
            Self::InactiveOrg => "org_inactive",
            Self::NoApi => "no_api_access",
            Self::Overtaken => "login_overtaken",
            Self::Request => "login_request_refused",
            Self::Unknown => "login_unknown_code",
        }
    }
}

/// A login that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The flow that was tried.
    pub flow: Flow,
    /// Why it was refused.
    pub cause: Cause,
    /// Salesforce's answer.
    pub refusal: Refusal,
    /// What happens to the events if the destination's credentials are refused: the setting `REFUSED_LOGIN`.
    pub policy: RefusedLogin,
}

impl Refused {
    /// A login of this flow, refused with this answer.
    #[must_use]
    pub fn new(flow: Flow, policy: RefusedLogin, refusal: Refusal) -> Self {
        Self {
            flow,
            cause: Cause::of(&refusal),
            refusal,
            policy,
        }
    }

    /// What happens to the events.
    #[must_use]
    pub fn consequence(&self) -> Consequence {
        self.cause.consequence().unwrap_or(match self.policy {
            RefusedLogin::Abort => Consequence::Abort,
            RefusedLogin::Retry => Consequence::Wait,
        })
    }

    /// The refusal as it counts at this attempt of a job. From [`LAST_ATTEMPT`] on, an unknown refusal counts as
    /// refused credentials.
    #[must_use]
    pub fn at_attempt(&self, attempt: u64) -> Self {
        let cause = match self.cause {
            Cause::Unknown if attempt >= LAST_ATTEMPT => Cause::Credentials,
            cause => cause,
        };
        Self {
            cause,
            ..self.clone()
        }
    }

    /// Whether another login has overtaken this one, so that the next one may succeed.
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        self.cause == Cause::Overtaken
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            flow,
            cause,
            refusal,
            policy: _,
        } = self;
        let what = match cause.consequence() {
            Some(Consequence::Retry) => "did not accept the login",
            Some(Consequence::Wait) => "refused this service's app",
            Some(Consequence::Abort) | None => "refused the credentials of this destination",
        };
        write!(f, "Salesforce {what} ({refusal}): {}", cause.advice(*flow))
    }
}
