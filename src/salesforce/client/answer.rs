//! A response of Salesforce, and the fault that it states.

use std::fmt;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::salesforce::{fault::Fault, limits::ApiUsage};

/// A response of Salesforce: its status, and the part of its body that arrived.
pub struct ApiResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, or why it is incomplete.
    pub body: Result<Bytes, Fault>,
    pub(super) usage: Option<ApiUsage>,
    /// Whether its content type is something other than JSON.
    pub(in crate::salesforce) is_other: bool,
    /// The `Last-Modified` header.
    pub(super) modified: Option<HeaderValue>,
}

impl ApiResponse {
    /// Whether Salesforce has carried the request out.
    pub(in crate::salesforce) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that nothing has changed since the time that the request has named.
    pub(super) fn is_unchanged(&self) -> bool {
        self.status == 304
    }

    /// The fault of the response to a read request. If the body of a refusal is incomplete, the status alone counts: a
    /// 401 means an expired session.
    pub fn fault(&self) -> Option<Fault> {
        if self.is_success() {
            self.body.as_ref().err().cloned()
        } else {
            Some(self.refusal())
        }
    }

    /// The fault that an unsuccessful response states.
    pub(in crate::salesforce) fn refusal(&self) -> Fault {
        Fault::read(self.status, self.body.as_deref().unwrap_or_default())
    }
}

/// Omits the body, which may contain tokens and traits.
impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// Whether the headers state a content type that is not JSON.
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
                modified: None,
            };
            assert_eq!(answer.fault().unwrap().label(), expected);
        }
    }
}
