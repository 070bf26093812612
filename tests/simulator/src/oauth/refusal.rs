//! Why a login is refused, in Salesforce's words.

use axum::http::StatusCode;
use serde_json::json;
use thiserror::Error;

use crate::refusal::Answer;

/// A refused login. `Display` is Salesforce's `error_description`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum LoginRefusal {
    #[error("grant type not supported")]
    UnsupportedGrantType,
    #[error("client identifier invalid")]
    InvalidClientId,
    #[error("invalid client credentials")]
    InvalidClient,
    #[error("authentication failure")]
    InvalidGrant,
    #[error("no client credentials user enabled")]
    NoRunAsUser,
    #[error("invalid assertion")]
    InvalidAssertion,
    #[error("audience is invalid")]
    InvalidAudience,
    #[error("user hasn't approved this consumer")]
    NotApproved,
}

impl LoginRefusal {
    fn code(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidClientId => "invalid_client_id",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant
            | Self::NoRunAsUser
            | Self::InvalidAssertion
            | Self::InvalidAudience
            | Self::NotApproved => "invalid_grant",
        }
    }
}

impl From<LoginRefusal> for Answer {
    fn from(refusal: LoginRefusal) -> Self {
        let body = json!({"error": refusal.code(), "error_description": refusal.to_string()});
        Self::new(StatusCode::BAD_REQUEST, body)
    }
}
