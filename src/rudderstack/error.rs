//! Parse errors in what rudder-server sends: in one event, or in a whole body.

use thiserror::Error;

use crate::{json::Unencodable, text::shortened};

/// Why one event cannot be parsed. Other events are not affected.
#[derive(Clone, Debug, Error)]
pub enum ReadError {
    /// The entry is not an object.
    #[error(
        "the event must be an object with `message`, `metadata` and `destination`, but is {found}"
    )]
    NotAnEvent {
        /// A noun for what was found.
        found: &'static str,
    },
    /// An unpaired surrogate, or a number out of range.
    #[error("the event cannot be passed to rudder-server: {0}")]
    Unencodable(#[from] Unencodable),
    /// The entry has no `message`, or the `message` is not an object.
    #[error("the event has no `message` object")]
    NoMessage,
    /// The entry lacks a part that rudder-server always sends.
    #[error("the event has no `{missing}` object")]
    Incomplete {
        /// Path of the missing part.
        missing: &'static str,
    },
    /// With its templates resolved, the entry is longer than its part of the answer may be.
    #[error("{0}")]
    AnswerTooLarge(#[from] AnswerTooLarge),
}

/// An event's part of the answer would be too long.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "the event's part of the answer (its requests and the data echoed for it) would have up to {bytes} bytes; the maximum is {most} (ANSWER_LIMIT): send smaller traits, or name fewer records in `context.externalId`"
)]
pub struct AnswerTooLarge {
    /// The upper bound of its length in bytes.
    pub bytes: usize,
    /// The maximum length in bytes.
    pub most: usize,
}

/// Why a whole body cannot be parsed.
#[derive(Debug, Error)]
pub enum BodyError {
    /// The body is JSON of another shape; the text names the expected one.
    #[error("the body must be {0}")]
    Shape(&'static str),
    /// The request is for a destination that this service does not handle.
    #[error(
        "the destination \"{name}\" is none of salesforce, salesforce_oauth and salesforce_oauth_sandbox, which is all that this service \
         serves without an upstream: set UPSTREAM_URL to a stock transformer, or check where DEST_TRANSFORM_URL of rudder-server points"
    )]
    UnknownDestination {
        /// The name in the request.
        name: String,
    },
}

impl BodyError {
    /// The error for a destination's name, truncated to a length that an answer can hold.
    #[must_use]
    pub fn unknown_destination(name: &str) -> Self {
        Self::UnknownDestination {
            name: shortened(name),
        }
    }
}
