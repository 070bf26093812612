//! The failures of an event. Each becomes an entry in the answer, never an HTTP status.
//!
//! Every text says what happened, with which value, and what to do. None contains a trait's value, a token or a
//! password.

mod event;
mod verdict;

pub(crate) use event::{EventError, ExternalIdFlaw, MAY_REPEAT};
pub(crate) use verdict::EventVerdict;
pub(crate) use verdict::StatTags;
pub(crate) use verdict::{ABORTED, SUCCEEDED, by_disposition};
