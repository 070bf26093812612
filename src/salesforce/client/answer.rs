//! An answer of Salesforce, and what is wrong with it.

use std::fmt;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::salesforce::{fault::Fault, limits::ApiUsage};

/// An answer of Salesforce: its status, and its body as far as it came.
pub struct ApiResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, or why it is not whole.
    pub body: Result<Bytes, Fault>,
    pub(super) usage: Option<ApiUsage>,
    /// Whether its content type is another than JSON.
    pub(in crate::salesforce) is_other: bool,
}

impl ApiResponse {
    /// Whether Salesforce has carried the request out.
    pub(in crate::salesforce) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What is wrong with the answer to a question. A refusal counts by its status where its body breaks off: a 401 is a dead
    /// session.
    pub fn fault(&self) -> Option<Fault> {
        if self.is_success() {
            self.body.as_ref().err().cloned()
        } else {
            Some(self.refusal())
        }
    }

    /// What an answer that is no success says.
    pub(in crate::salesforce) fn refusal(&self) -> Fault {
        Fault::read(self.status, self.body.as_deref().unwrap_or_default())
    }
}

/// Without the body, which may hold tokens and traits.
impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// Whether a content type is named that is not JSON.
pub(super) fn is_other(headers: &HeaderMap) -> bool {
    let named = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    named.is_some_and(|named| {
        !named
            .to_ascii_lowercase()
            .windows(4)
            .any(|at| at == b"json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_whose_body_breaks_off_counts_by_its_status() {
        for (status, expected) in [
            (401, "session_expired"),
            (429, "limit_reached"),
            (200, "connection"),
        ] {
            let answer = ApiResponse {
                status,
                body: Err(Fault::Connection("it broke off".to_owned())),
                usage: None,
                is_other: false,
            };
            assert_eq!(answer.fault().unwrap().label(), expected);
        }
    }
}
