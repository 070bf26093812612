//! Errors that affect a whole request and are answered with an HTTP status.

use std::time::Duration;

use thiserror::Error;

use crate::{
    json::SyntaxError, rudderstack::BodyError, server::memory::Overloaded, text::shortened,
    transform::error::EventError, upstream::UpstreamError,
};

/// Why a whole request cannot be served.
#[derive(Debug, Error)]
pub(super) enum RequestError {
    /// The body is not JSON.
    #[error("the body is no JSON: {0}")]
    NotJson(#[source] SyntaxError),
    /// The body is JSON, but not in a shape that the route accepts.
    #[error("{0}")]
    Body(#[from] BodyError),
    /// The `Oauth-Secret` header is not JSON.
    #[error("the header Oauth-Secret is not valid JSON: {0}")]
    SecretNotJson(#[source] SyntaxError),
    /// The `Oauth-Secret` header is not UTF-8, so it could not be returned byte for byte.
    #[error("the header Oauth-Secret is not valid UTF-8: {0}")]
    SecretNotText(#[source] std::str::Utf8Error),
    /// The body is larger than the setting `BODY_LIMIT`, or than a third of `MAX_IN_FLIGHT_BYTES` (in bytes, after
    /// decompression).
    #[error(
        "the body is larger than {limit} bytes ({arrived} received); raise the settings BODY_LIMIT and MAX_IN_FLIGHT_BYTES (a request counts as three times its body), or send smaller batches"
    )]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// How many bytes have arrived.
        arrived: usize,
    },
    /// The requests in flight leave no memory for another one.
    #[error("{0}")]
    Overloaded(#[from] Overloaded),
    /// Too many connections have a request in progress.
    #[error(
        "more than {most} connections are busy (MAX_CONNECTIONS; default: derived from the limits of open files and memory): raise it, add replicas, or let callers open fewer connections"
    )]
    Crowded {
        /// The maximum number of such connections.
        most: usize,
    },
    /// The client did not send the rest of the body in time.
    #[error(
        "the body is incomplete: after {arrived} bytes nothing arrived for {} (BODY_TIMEOUT), or less than {rate} bytes per second (MIN_BODY_RATE)",
        humantime::format_duration(*.timeout)
    )]
    BodyTimeout {
        /// The timeout for the next bytes.
        timeout: Duration,
        /// The minimum number of bytes per second.
        rate: u64,
        /// How many bytes have arrived.
        arrived: usize,
    },
    /// The body could not be read to its end, or its compression is broken.
    #[error("the body could not be read: {0}")]
    Unreadable(String),
    /// `/transform` received a content type other than JSON.
    #[error(
        "the content type is {found}; send JSON with the header \"Content-Type: application/json\""
    )]
    ContentType {
        /// The content type of the request.
        found: String,
    },
    /// The content encoding of the body is not supported.
    #[error("the content encoding {found} is not supported; send gzip or no encoding")]
    ContentEncoding {
        /// The content encoding of the request.
        found: String,
    },
    /// An event may succeed later, and the client would drop an event that fails on its own (rule `never-a-drop`).
    #[error(
        "an event cannot be handled at the moment, and rudder-server's processor would drop it: {0}"
    )]
    NotNow(Box<EventError>),
    /// The request is for the upstream, which has not answered.
    #[error("{0}")]
    Upstream(#[from] UpstreamError),
    /// A bug in this service.
    #[error("the service failed unexpectedly; its log has the details")]
    Panicked,
    /// The route exists, but not for this method.
    #[error("method {method} is not allowed for {path}; GET / lists the routes")]
    Method {
        /// The path of the request.
        path: String,
        /// The method of the request.
        method: String,
    },
    /// No route has this path.
    #[error("there is no route {path}; GET / lists the routes")]
    UnknownPath {
        /// The path of the request.
        path: String,
    },
}

impl RequestError {
    /// The error for an unknown path, truncated to a length that an answer and a log line can hold.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::UnknownPath {
            path: shortened(path),
        }
    }

    /// The error for a method that is not allowed for a path, truncated likewise.
    pub(super) fn method(path: &str, method: &str) -> Self {
        Self::Method {
            path: shortened(path),
            method: shortened(method),
        }
    }
}
