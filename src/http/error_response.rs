//! [`RequestError`] → the answer, which depends on who reads it: rudder-server drops the events of a 404 or 413 for good
//! (`docs/rudder-server.md#processor-path`), a person at a terminal expects them.
#![warn(clippy::wildcard_enum_match_arm)]

use axum::{
    Extension, Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{request_error::RequestError, routes::ClientKind};
use crate::{rudderstack::BodyError, server::memory::Overloaded};

/// A request that cannot be served, and who is told.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) error: RequestError,
    pub(super) client: ClientKind,
}

/// What the client is to do with the request.
enum ErrorClass {
    /// Never again: it would fail each time.
    Final(StatusCode),
    /// Again, until somebody has mended what the log names.
    Retryable { reason: &'static str },
}

/// Why a request is refused, for its line in the log and for the metrics.
#[derive(Clone, Debug)]
pub(super) struct LoggedRejection {
    /// The value of `X-Rudder-Error-Reason`, where the request is to be sent again.
    pub(super) reason: Option<&'static str>,
    /// The error, without what the log must not hold.
    pub(super) error: String,
    /// The type of a destination that is not served here.
    pub(super) destination: Option<String>,
}

/// The error for rudder-server.
impl From<RequestError> for Rejection {
    fn from(error: RequestError) -> Self {
        let client = ClientKind::RudderServer;
        Self { error, client }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self { error, client } = &self;
        let body = Json(json!({ "error": error.to_string() }));
        let class = match client {
            ClientKind::Person => for_person(error),
            ClientKind::RudderServer => for_rudder_server(error),
        };
        let refused = |reason| {
            Extension(LoggedRejection {
                reason,
                error: logged(error),
                destination: unsupported_destination(error),
            })
        };
        match class {
            ErrorClass::Final(status) => (status, refused(None), body).into_response(),
            ErrorClass::Retryable { reason } => {
                let headers = [
                    ("X-Rudder-Should-Retry", "true"),
                    ("X-Rudder-Error-Reason", reason),
                ];
                let status = StatusCode::SERVICE_UNAVAILABLE;
                (status, headers, refused(Some(reason)), body).into_response()
            }
        }
    }
}

/// The error as the log has it. What an event fails for may be told in Salesforce's own words, which hold personal data.
fn logged(error: &RequestError) -> String {
    let RequestError::NotNow(event) = error else {
        return error.to_string();
    };
    let kind = event.stat_tags().map_or("", |tags| tags.error_type);
    format!("an event cannot be served for now ({kind})")
}

fn unsupported_destination(error: &RequestError) -> Option<String> {
    if let RequestError::Body(BodyError::UnknownDestination { name }) = error {
        Some(name.clone())
    } else {
        None
    }
}

fn for_person(error: &RequestError) -> ErrorClass {
    match error {
        RequestError::NotJson(_)
        | RequestError::Body(BodyError::Shape(_))
        | RequestError::SecretNotJson(_)
        | RequestError::SecretNotText(_)
        | RequestError::Unreadable(_) => ErrorClass::Final(StatusCode::BAD_REQUEST),
        RequestError::Method { .. } => ErrorClass::Final(StatusCode::METHOD_NOT_ALLOWED),
        RequestError::TooLarge { .. } => ErrorClass::Final(StatusCode::PAYLOAD_TOO_LARGE),
        RequestError::Overloaded(Overloaded::Never { .. }) => {
            ErrorClass::Final(StatusCode::PAYLOAD_TOO_LARGE)
        }
        RequestError::Overloaded(Overloaded::Full { .. } | Overloaded::Org { .. })
        | RequestError::Crowded { .. } => ErrorClass::Retryable {
            reason: "overloaded",
        },
        RequestError::BodyTimeout { .. } => ErrorClass::Final(StatusCode::REQUEST_TIMEOUT),
        RequestError::ContentType { .. } | RequestError::ContentEncoding { .. } => {
            ErrorClass::Final(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        }
        RequestError::Body(BodyError::UnknownDestination { .. })
        | RequestError::UnknownPath { .. } => ErrorClass::Final(StatusCode::NOT_FOUND),
        RequestError::NotNow(_) => ErrorClass::Retryable { reason: "not_now" },
        RequestError::Upstream(error) => ErrorClass::Retryable {
            reason: error.reason(),
        },
        RequestError::Panicked => ErrorClass::Final(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn for_rudder_server(error: &RequestError) -> ErrorClass {
    match error {
        // No retry can mend these, and rudder-server never sends them.
        RequestError::NotJson(_)
        | RequestError::SecretNotJson(_)
        | RequestError::SecretNotText(_)
        | RequestError::ContentType { .. } => ErrorClass::Final(StatusCode::BAD_REQUEST),
        RequestError::Method { .. } => ErrorClass::Final(StatusCode::METHOD_NOT_ALLOWED),
        // Something between the two has changed the body.
        RequestError::ContentEncoding { .. } => ErrorClass::Retryable {
            reason: "content_encoding",
        },
        // JSON of another shape: a header that says compacted was lost on its way, say.
        RequestError::Body(BodyError::Shape(_)) => ErrorClass::Retryable { reason: "shape" },
        // A body that ends early was cut off on its way.
        RequestError::Unreadable(_) => ErrorClass::Retryable {
            reason: "body_unreadable",
        },
        RequestError::TooLarge { .. } | RequestError::Overloaded(Overloaded::Never { .. }) => {
            ErrorClass::Retryable {
                reason: "body_limit",
            }
        }
        RequestError::Overloaded(Overloaded::Full { .. } | Overloaded::Org { .. })
        | RequestError::Crowded { .. } => ErrorClass::Retryable {
            reason: "overloaded",
        },
        RequestError::BodyTimeout { .. } => ErrorClass::Retryable {
            reason: "body_timeout",
        },
        RequestError::Body(BodyError::UnknownDestination { .. }) => ErrorClass::Retryable {
            reason: "unknown_destination",
        },
        RequestError::UnknownPath { .. } => ErrorClass::Retryable {
            reason: "unknown_path",
        },
        RequestError::NotNow(_) => ErrorClass::Retryable { reason: "not_now" },
        RequestError::Upstream(error) => ErrorClass::Retryable {
            reason: error.reason(),
        },
        RequestError::Panicked => ErrorClass::Retryable { reason: "internal" },
    }
}
