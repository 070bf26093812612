//! [`RequestError`] → the answer, which depends on who reads it: rudder-server drops the events of a 404 or 413 for good
//! (wire contract, section 1.2), a person at a terminal expects them.
#![warn(clippy::wildcard_enum_match_arm)]

use axum::{
    Extension, Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    http::request_error::RequestError, rudderstack::BodyError, server::memory::Overloaded,
};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody with curl, or a program of theirs.
    Person,
    /// rudder-server.
    RudderServer,
}

/// What rudder-server is to do with the request.
enum Answer {
    /// Never again: it would fail each time.
    Final(StatusCode),
    /// Again, until somebody has mended what the log names.
    Again { reason: &'static str },
}

/// Why a request is refused, for its line in the log and for the metrics.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// The value of `X-Rudder-Error-Reason`, where the request is to be sent again.
    pub(super) reason: Option<&'static str>,
    /// The error, without what the log must not hold.
    pub(super) error: String,
    /// The type of a destination that is not served here.
    pub(super) unserved: Option<String>,
}

/// Answers a request that cannot be served.
pub(super) fn answer(error: &RequestError, caller: Caller) -> Response {
    let body = Json(json!({ "error": error.to_string() }));
    let verdict = match caller {
        Caller::Person => for_person(error),
        Caller::RudderServer => for_rudder_server(error),
    };
    let refused = |reason| {
        Extension(Refused {
            reason,
            error: logged(error),
            unserved: unserved(error),
        })
    };
    match verdict {
        Answer::Final(status) => (status, refused(None), body).into_response(),
        Answer::Again { reason } => {
            let headers = [
                ("X-Rudder-Should-Retry", "true"),
                ("X-Rudder-Error-Reason", reason),
            ];
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, headers, refused(Some(reason)), body).into_response()
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

fn unserved(error: &RequestError) -> Option<String> {
    if let RequestError::Body(BodyError::UnknownDestination { name }) = error {
        Some(name.clone())
    } else {
        None
    }
}

fn for_person(error: &RequestError) -> Answer {
    match error {
        RequestError::NotJson(_)
        | RequestError::Body(BodyError::Shape(_))
        | RequestError::SecretNotJson(_)
        | RequestError::SecretNotText(_)
        | RequestError::Unreadable(_) => Answer::Final(StatusCode::BAD_REQUEST),
        RequestError::Method { .. } => Answer::Final(StatusCode::METHOD_NOT_ALLOWED),
        RequestError::TooLarge { .. } => Answer::Final(StatusCode::PAYLOAD_TOO_LARGE),
        RequestError::Overloaded(Overloaded::Never { .. }) => {
            Answer::Final(StatusCode::PAYLOAD_TOO_LARGE)
        }
        RequestError::Overloaded(Overloaded::Full { .. } | Overloaded::Org { .. })
        | RequestError::Crowded { .. } => Answer::Again {
            reason: "overloaded",
        },
        RequestError::BodyTimeout { .. } => Answer::Final(StatusCode::REQUEST_TIMEOUT),
        RequestError::ContentType { .. } | RequestError::ContentEncoding { .. } => {
            Answer::Final(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        }
        RequestError::Body(BodyError::UnknownDestination { .. })
        | RequestError::UnknownPath { .. } => Answer::Final(StatusCode::NOT_FOUND),
        RequestError::NotNow(_) => Answer::Again { reason: "not_now" },
        RequestError::Upstream(error) => Answer::Again {
            reason: error.reason(),
        },
        RequestError::Panicked => Answer::Final(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn for_rudder_server(error: &RequestError) -> Answer {
    match error {
        // No retry can mend these, and rudder-server never sends them.
        RequestError::NotJson(_)
        | RequestError::SecretNotJson(_)
        | RequestError::SecretNotText(_)
        | RequestError::ContentType { .. } => Answer::Final(StatusCode::BAD_REQUEST),
        RequestError::Method { .. } => Answer::Final(StatusCode::METHOD_NOT_ALLOWED),
        // Something between the two has changed the body.
        RequestError::ContentEncoding { .. } => Answer::Again {
            reason: "content_encoding",
        },
        // JSON of another shape: a header that says compacted was lost on its way, say.
        RequestError::Body(BodyError::Shape(_)) => Answer::Again { reason: "shape" },
        // A body that ends early was cut off on its way.
        RequestError::Unreadable(_) => Answer::Again {
            reason: "body_unreadable",
        },
        RequestError::TooLarge { .. } | RequestError::Overloaded(Overloaded::Never { .. }) => {
            Answer::Again {
                reason: "body_limit",
            }
        }
        RequestError::Overloaded(Overloaded::Full { .. } | Overloaded::Org { .. })
        | RequestError::Crowded { .. } => Answer::Again {
            reason: "overloaded",
        },
        RequestError::BodyTimeout { .. } => Answer::Again {
            reason: "body_timeout",
        },
        RequestError::Body(BodyError::UnknownDestination { .. }) => Answer::Again {
            reason: "unknown_destination",
        },
        RequestError::UnknownPath { .. } => Answer::Again {
            reason: "unknown_path",
        },
        RequestError::NotNow(_) => Answer::Again { reason: "not_now" },
        RequestError::Upstream(error) => Answer::Again {
            reason: error.reason(),
        },
        RequestError::Panicked => Answer::Again { reason: "internal" },
    }
}
