//! The failures of an event: an entry in the answer each, never an HTTP status.
//!
//! Every text is for the person who reads it: what happened, with which value, what to do. None holds a trait's
//! value, a token or a password.

mod event;
mod verdict;

pub(crate) use event::{EventError, ExternalIdFlaw, MAY_REPEAT};
pub(crate) use verdict::EventVerdict;
pub(crate) use verdict::StatTags;
pub(crate) use verdict::{ABORTED, SUCCEEDED, by_disposition};
