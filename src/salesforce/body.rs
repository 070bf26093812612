//! Reads the JSON of Salesforce's responses. A body is parsed into memory in proportion to its length, and no error
//! quotes it, because it may contain personal data.

use std::borrow::Cow;

use serde::Deserialize;
use thiserror::Error;

use crate::json::{Document, Unread};

/// How many bytes of offsets a body may be parsed into, for each byte of its own. A page of records needs less than
/// one.
const MAX_PLACES: usize = 4;

/// The number of bytes that even a short body may be parsed into.
const SMALL: usize = 1 << 10;

/// Why a body cannot be read.
#[derive(Debug, Error)]
pub(super) enum UnreadableBody {
    #[error("it is no UTF-8")]
    NotUtf8,
    #[error("it holds far too many values")]
    TooManyValues,
    #[error("it is no {expected}: line {line}, column {column}")]
    Other {
        expected: &'static str,
        line: usize,
        column: usize,
    },
}

/// Reads a body with known members. `expected` names what it should be.
///
/// # Errors
/// [`UnreadableBody`].
pub(super) fn typed<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    expected: &'static str,
) -> Result<T, UnreadableBody> {
    serde_json::from_slice(body).map_err(|error| UnreadableBody::Other {
        expected,
        line: error.line(),
        column: error.column(),
    })
}

/// Reads a body whose members depend on the request, such as the fields of records.
///
/// # Errors
/// [`UnreadableBody`].
pub(super) fn document<'a>(
    body: &'a [u8],
    expected: &'static str,
) -> Result<Document<'a>, UnreadableBody> {
    let text = std::str::from_utf8(body).map_err(|_| UnreadableBody::NotUtf8)?;
    within(text.into(), expected)
}

/// Reads the body of a refusal or of a write, whose status and codes count even if its texts are no UTF-8.
///
/// # Errors
/// [`UnreadableBody`].
pub(super) fn lossy(body: &[u8]) -> Result<Document<'_>, UnreadableBody> {
    within(String::from_utf8_lossy(body), "JSON")
}

fn within<'a>(text: Cow<'a, str>, expected: &'static str) -> Result<Document<'a>, UnreadableBody> {
    let mut left = MAX_PLACES * text.len() + SMALL;
    let reserve = |bytes| {
        left = left.checked_sub(bytes).ok_or(())?;
        Ok(())
    };
    Document::read_within(text, None, reserve).map_err(|unread| match unread {
        Unread::NoRoom(()) => UnreadableBody::TooManyValues,
        Unread::NotJson(error) => UnreadableBody::Other {
            expected,
            line: error.line(),
            column: error.column(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_without_quoting_it() {
        let body = br#"{"Email": "jane@acme.example"}"#;
        for error in [
            typed::<Vec<String>>(body, "list of names").unwrap_err(),
            document(&body[..20], "list of names").unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.starts_with("it is no list of names: line 1"), "{text}");
            assert!(!text.contains("jane"), "{text}");
        }
    }

    #[test]
    fn a_body_that_holds_more_values_than_text_is_not_parsed() {
        let body = format!("[{}0]", "0,".repeat(10_000));
        let read = lossy(body.as_bytes());
        assert!(
            matches!(read, Err(UnreadableBody::TooManyValues)),
            "{read:?}"
        );
    }

    #[test]
    fn only_a_refusal_may_hold_what_is_no_utf8() {
        let body = b"[\"\xff\"]";
        assert!(matches!(
            document(body, "list"),
            Err(UnreadableBody::NotUtf8)
        ));
        assert!(lossy(body).is_ok());
    }
}
