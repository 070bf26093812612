//! Turns a [`RequestError`] into an answer, which depends on the client: rudder-server drops the events of a 404 or 413
//! permanently (`docs/rudder-server.md#processor-path`), whereas a person at a terminal expects these statuses.
#![warn(clippy::wildcard_enum_match_arm)]

use axum::{
    Extension, Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{request_error::RequestError, routes::ClientKind};
use crate::{rudderstack::BodyError, server::memory::Overloaded};

/// A request that cannot be served, and the kind of client that reads the error.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) error: RequestError,
    pub(super) client: ClientKind,
}

/// Whether the client is to retry the request.
enum ErrorClass {
    /// No: it would fail each time.
    Final(StatusCode),
    /// Yes: it may succeed once the cause in the log has been fixed.
    Retryable { reason: &'static str },
}

/// Why a request was rejected, for its log line and for the metrics.
#[derive(Clone, Debug)]
pub(super) struct LoggedRejection {
    /// The value of `X-Rudder-Error-Reason`, if the client is to retry the request.
    pub(super) reason: Option<&'static str>,
    /// The error, without personal data.
    pub(super) error: String,
    /// The type of a destination that is not served here.
    pub(super) destination: Option<String>,
}

/// Errors are for rudder-server unless stated otherwise.
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

/// The error as it is logged. An event's error may quote Salesforce's own message, which can contain personal data.
fn logged(error: &RequestError) -> String {
    let RequestError::NotNow(event) = error else {
        return error.to_string();
    };
    let kind = event.stat_tags().map_or("", |tags| tags.error_type);
    format!("an event cannot be handled at the moment ({kind})")
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
        // Retries cannot help here, and rudder-server never sends such requests.
        RequestError::NotJson(_)
        | RequestError::SecretNotJson(_)
        | RequestError::SecretNotText(_)
        | RequestError::ContentType { .. } => ErrorClass::Final(StatusCode::BAD_REQUEST),
        RequestError::Method { .. } => ErrorClass::Final(StatusCode::METHOD_NOT_ALLOWED),
        // Something between rudder-server and this service has changed the body.
        RequestError::ContentEncoding { .. } => ErrorClass::Retryable {
            reason: "content_encoding",
        },
        // The JSON has another shape, for example because a proxy has removed the header that marks a compacted body.
        RequestError::Body(BodyError::Shape(_)) => ErrorClass::Retryable { reason: "shape" },
        // The body ends early, so it was cut off in transit.
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
