//! A login that Salesforce refuses: why, as far as its words tell, and what is to be done about it.
//!
//! Codes and words are those of Salesforce Help, "OAuth 2.0 Authorization Errors", and of its answers to the three flows.

mod advice;

use std::fmt;

use crate::{config::Flow, salesforce::fault::Refusal};

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The user, the password, the security token, or anything that Salesforce does not tell.
    Credentials,
    /// No app of the org has the consumer key.
    UnknownApp,
    /// The consumer secret is not the app's.
    WrongSecret,
    /// The app is blocked.
    AppBlocked,
    /// The user is not approved for the app.
    NotApproved,
    /// The flow is not enabled.
    FlowDisabled,
    /// The app names no user as whom client-credentials runs.
    NoRunAsUser,
    /// The app has no scope that the flow can use.
    NoScope,
    /// The login host does not know the flow.
    WrongHost,
    /// The assertion names another login host.
    WrongAudience,
    /// The assertion's signature, user or time is wrong.
    Assertion,
    /// The user may not log in from here or at this hour.
    Restricted,
    /// The user is inactive, frozen or locked.
    InactiveUser,
    /// The org is locked, closed or suspended.
    InactiveOrg,
    /// The org has no API.
    NoApi,
    /// Another login has overtaken this one.
    Overtaken,
    /// The request itself is wrong.
    Request,
}

/// What becomes of the events of a refused login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// They are tried again: it may succeed.
    Retry,
    /// They are tried again, until the app in this service's settings is the right one.
    Configure,
    /// They are aborted: somebody has to do something about it first.
    Abort,
}

/// Which refusals have which cause: the code, words of the text in lower case, the cause. Empty stands for any; the first
/// row that fits counts.
#[rustfmt::skip]
const CAUSES: [(&str, &str, Cause); 40] = [
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
    ("", "", Cause::Credentials),
];

impl Cause {
    /// Why Salesforce refuses a login.
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
            .map_or(Self::Credentials, |(_, _, cause)| *cause)
    }

    /// What becomes of the events.
    #[must_use]
    pub fn consequence(self) -> Consequence {
        match self {
            Self::Overtaken => Consequence::Retry,
            Self::UnknownApp | Self::WrongSecret => Consequence::Configure,
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
            | Self::Request => Consequence::Abort,
        }
    }

    /// The word for it in the log.
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
        }
    }
}

/// A login that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The flow by which it was tried.
    pub flow: Flow,
    /// Why it was refused.
    pub cause: Cause,
    /// What Salesforce says.
    pub refusal: Refusal,
}

impl Refused {
    /// A login of this flow that was refused with these words.
    #[must_use]
    pub fn new(flow: Flow, refusal: Refusal) -> Self {
        Self {
            flow,
            cause: Cause::of(&refusal),
            refusal,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            flow,
            cause,
            refusal,
        } = self;
        let what = match cause.consequence() {
            Consequence::Retry => "did not take the login",
            Consequence::Configure => "refused this service's app",
            Consequence::Abort => "refused the credentials of this destination",
        };
        write!(f, "Salesforce {what} ({refusal}): {}", cause.advice(*flow))
    }
}
