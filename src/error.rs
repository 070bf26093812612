//! The two kinds of failure, never mixed: [`RequestError`] (the whole request failed: an HTTP status) and
//! [`EventError`] (one event failed: an entry in the answer).
//!
//! Every text is for the person who reads it: what happened, with which value, what to do. None holds a trait's
//! value, a token or a password.

mod event;
mod request;
mod verdict;

pub use event::{EventError, ExternalIdFlaw, SecretFlaw};
pub use request::RequestError;
pub use verdict::StatTags;
pub(crate) use verdict::by_disposition;

/// A name as it came, cut to 60 characters, so that an error text stays readable.
#[must_use]
pub fn shortened(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
