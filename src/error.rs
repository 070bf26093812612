//! The two kinds of failure, never mixed: [`RequestError`] (the whole request failed: an HTTP status) and
//! [`EventError`] (one event failed: an entry in the answer).
//!
//! Every text is for the person who reads it: what happened, with which value, what to do. None holds a trait's
//! value, a token or a password.

mod event;
mod request;
mod verdict;

use std::any::Any;

pub use event::{EventError, ExternalIdFlaw, MAY_REPEAT, SecretFlaw};
pub use request::RequestError;
pub use verdict::StatTags;
pub(crate) use verdict::by_disposition;

/// A name as it came, cut to 60 characters, so that an error text stays readable. Control characters are shown as U+FFFD:
/// none may begin a line of its own in a log.
#[must_use]
pub fn shortened(name: &str) -> String {
    let shown = |character: char| {
        if character.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    let mut shortened: String = name.chars().take(60).map(shown).collect();
    if name.chars().nth(60).is_some() {
        shortened.push('…');
    }
    shortened
}

/// What a panic says of itself, for the log.
pub(crate) fn words_of_panic(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown")
}
