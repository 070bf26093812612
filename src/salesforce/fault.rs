//! A failed call to Salesforce → what happened, and what to do about it.
//!
//! The table is the error catalogue of the Salesforce contract. A fault that time or a new session can mend is never
//! answered with a status that drops the event.
#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

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
#[derive(Debug, Error)]
pub enum Fault {
    /// 401, or `INVALID_SESSION_ID` with any status.
    #[error("the session has expired or is invalid ({0})")]
    SessionExpired(Refusal),
    /// The org's daily or concurrent limit is used up.
    #[error("the org's limit of API requests is reached ({0})")]
    LimitReached(Refusal),
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
    #[error("Salesforce did not answer within {} s (SALESFORCE_TIMEOUT)", .0.as_secs_f64())]
    Timeout(Duration),
    /// The connection could not be made or broke.
    #[error("the connection to Salesforce failed: {0}")]
    Connection(String),
    /// An answer that says success and cannot be read.
    #[error("Salesforce's answer cannot be read: {0}")]
    Unreadable(String),
}

/// What Salesforce says in an answer that refuses: HTTP status, error code and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `errorCode` of the first error, or `error` of a token answer; empty where the body has none.
    pub code: String,
    /// Salesforce's own text, shortened.
    pub message: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// An error as Salesforce's REST API writes it.
#[derive(Deserialize)]
struct RestError {
    #[serde(rename = "errorCode", default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// An error as the token endpoint writes it.
#[derive(Deserialize)]
struct TokenError {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// How much of Salesforce's text an error repeats.
const LONGEST_MESSAGE: usize = 500;

impl Refusal {
    /// Reads the body of an answer that is no success. A body of no known shape leaves code and text empty.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let (code, message) = serde_json::from_slice::<Vec<RestError>>(body)
            .ok()
            .and_then(|errors| errors.into_iter().next())
            .map(|first| (first.code, first.message))
            .or_else(|| {
                serde_json::from_slice::<TokenError>(body)
                    .ok()
                    .map(|token| (token.error, token.error_description))
            })
            .unwrap_or_default();
        let message = message.chars().take(LONGEST_MESSAGE).collect();
        Self {
            status,
            code,
            message,
        }
    }
}

impl Fault {
    /// Classifies an answer that is no success.
    #[must_use]
    pub fn of(refusal: Refusal) -> Self {
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
            (300..=399, _) => Self::Redirected {
                status: refusal.status,
            },
            (
                _,
                "UNABLE_TO_LOCK_ROW"
                | "UNKNOWN_EXCEPTION"
                | "QUERY_TIMEOUT"
                | "REQUEST_RUNNING_TOO_LONG",
            )
            | (408 | 420 | 500.., _) => Self::Passing(refusal),
            _ => Self::Refused(refusal),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::SessionExpired(_) => Disposition::Refresh,
            Self::LimitReached(_) | Self::Unavailable(_) => Disposition::Throttle,
            Self::Passing(_)
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::Connection(_)
            | Self::Unreadable(_) => Disposition::Retry,
            Self::Refused(_) => Disposition::Abort,
        }
    }

    /// The word for this fault in metrics and logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::SessionExpired(_) => "session_expired",
            Self::LimitReached(_) => "limit_reached",
            Self::Unavailable(_) => "unavailable",
            Self::Passing(_) => "passing",
            Self::Refused(_) => "refused",
            Self::Redirected { .. } => "redirected",
            Self::Timeout(_) => "timeout",
            Self::Connection(_) => "connection",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_error_catalogue_has_its_disposition() {
        use Disposition::{Abort, Refresh, Retry, Throttle};
        for (status, code, expected) in [
            (401, "INVALID_SESSION_ID", Refresh),
            (401, "", Refresh),
            (500, "INVALID_SESSION_ID", Refresh),
            (403, "REQUEST_LIMIT_EXCEEDED", Throttle),
            (403, "API_CURRENTLY_DISABLED", Throttle),
            (400, "LOGIN_RATE_EXCEEDED", Throttle),
            (429, "", Throttle),
            (503, "SERVER_UNAVAILABLE", Throttle),
            (503, "", Retry),
            (500, "UNKNOWN_EXCEPTION", Retry),
            (400, "QUERY_TIMEOUT", Retry),
            (400, "UNABLE_TO_LOCK_ROW", Retry),
            (408, "", Retry),
            (420, "", Retry),
            (502, "", Retry),
            (504, "", Retry),
            (300, "", Retry),
            (302, "", Retry),
            (304, "", Retry),
            (400, "MALFORMED_QUERY", Abort),
            (400, "INVALID_FIELD", Abort),
            (400, "invalid_grant", Abort),
            (403, "API_DISABLED_FOR_ORG", Abort),
            (401, "INVALID_AUTH_HEADER", Abort),
            (404, "NOT_FOUND", Abort),
        ] {
            let fault = Fault::of(Refusal {
                status,
                code: code.to_owned(),
                message: String::new(),
            });
            assert_eq!(fault.disposition(), expected, "{status} {code}");
        }
    }

    #[test]
    fn reads_both_shapes_of_error_and_survives_any_other() {
        let rest = Refusal::read(
            400,
            br#"[{"message":"No such column","errorCode":"INVALID_FIELD","fields":["x"]}]"#,
        );
        assert_eq!(rest.to_string(), "HTTP 400 INVALID_FIELD: No such column");
        let token = Refusal::read(
            400,
            br#"{"error":"invalid_grant","error_description":"authentication failure"}"#,
        );
        assert_eq!(
            token.to_string(),
            "HTTP 400 invalid_grant: authentication failure"
        );
        for body in ["", "[]", "<html>", "[null]", "5"] {
            assert_eq!(Refusal::read(502, body.as_bytes()).to_string(), "HTTP 502");
        }
    }
}
