//! The failures of an event: an entry in the answer each, never an HTTP status.
//!
//! Every text is for the person who reads it: what happened, with which value, what to do. None holds a trait's
//! value, a token or a password.

mod event;
mod verdict;

pub use event::{EventError, ExternalIdFlaw, MAY_REPEAT};
pub use verdict::EventVerdict;
pub use verdict::StatTags;
pub(crate) use verdict::{ABORTED, SUCCEEDED, by_disposition};
