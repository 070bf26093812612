//! A whole request failed: an HTTP status.

use std::time::Duration;

use thiserror::Error;

use crate::{
    json::SyntaxError, rudderstack::BodyError, server::memory::Overloaded, text::shortened,
    transform::error::EventError, upstream::UpstreamError,
};

/// Why a whole request cannot be served.
#[derive(Debug, Error)]
pub(super) enum RequestError {
    /// The body is no JSON text.
    #[error("the body is no JSON: {0}")]
    NotJson(#[source] SyntaxError),
    /// The body is JSON, and not what the route takes.
    #[error("{0}")]
    Body(#[from] BodyError),
    /// The header `Oauth-Secret` is no JSON text.
    #[error("the header Oauth-Secret is no JSON: {0}")]
    SecretNotJson(#[source] SyntaxError),
    /// The header `Oauth-Secret` is no UTF-8, so that it could not be handed back byte for byte.
    #[error("the header Oauth-Secret is no UTF-8: {0}")]
    SecretNotText(#[source] std::str::Utf8Error),
    /// The body is larger than the setting `BODY_LIMIT`, or a third of `MAX_IN_FLIGHT_BYTES` (bytes, counted after
    /// decompression).
    #[error(
        "the body is larger than {limit} bytes ({arrived} have come); raise the settings BODY_LIMIT and MAX_IN_FLIGHT_BYTES (a request counts as three times its body), or send smaller batches"
    )]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// How many bytes have come.
        arrived: usize,
    },
    /// The requests in flight leave no memory for another one.
    #[error("{0}")]
    Overloaded(#[from] Overloaded),
    /// More connections have a request in progress than may.
    #[error(
        "more than {most} connections are being answered (the setting MAX_CONNECTIONS; by default what the limits of open files and memory leave): raise it, add replicas, or have callers keep fewer connections"
    )]
    Crowded {
        /// How many may be.
        most: usize,
    },
    /// The client did not send the rest of the body in time.
    #[error(
        "the rest of the body did not arrive: {arrived} bytes came, then nothing for {} (the setting BODY_TIMEOUT), or less than {rate} bytes a second (MIN_BODY_RATE)",
        humantime::format_duration(*.timeout)
    )]
    BodyTimeout {
        /// How long the next bytes are waited for.
        timeout: Duration,
        /// How many bytes a second have to come.
        rate: u64,
        /// How many have come.
        arrived: usize,
    },
    /// The body could not be read to its end, or its compression is broken.
    #[error("the body could not be read: {0}")]
    Unreadable(String),
    /// `/transform` was sent something other than JSON.
    #[error(
        "the content type is {found}; send JSON with the header \"Content-Type: application/json\""
    )]
    ContentType {
        /// The content type that the request names.
        found: String,
    },
    /// The body has a content encoding that nobody here can undo.
    #[error("the content encoding {found} is not supported; send gzip or no encoding")]
    ContentEncoding {
        /// The content encoding that the request names.
        found: String,
    },
    /// An event may succeed later, and the client drops an event that fails on its own (rule `never-a-drop`).
    #[error("an event cannot be served for now, and rudder-server's processor would drop it: {0}")]
    NotNow(Box<EventError>),
    /// The request is for the upstream, which has not answered.
    #[error("{0}")]
    Upstream(#[from] UpstreamError),
    /// A bug of this service.
    #[error("the service failed unexpectedly; its log says where")]
    Panicked,
    /// A route that is asked with another method.
    #[error("{path} is not asked with {method}; GET / lists the routes")]
    Method {
        /// The path of the request.
        path: String,
        /// Its method.
        method: String,
    },
    /// A path that nobody serves.
    #[error("there is nothing at {path}; GET / lists the routes")]
    UnknownPath {
        /// The path of the request.
        path: String,
    },
}

impl RequestError {
    /// The error for a path, cut to a length that an answer and a line of the log can hold.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::UnknownPath {
            path: shortened(path),
        }
    }

    /// The error for a method that a path is not asked with, cut likewise.
    pub(super) fn method(path: &str, method: &str) -> Self {
        Self::Method {
            path: shortened(path),
            method: shortened(method),
        }
    }
}
