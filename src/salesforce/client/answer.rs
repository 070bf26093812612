//! An answer of Salesforce, and what is wrong with it.

use std::fmt;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::salesforce::{composite, fault::Fault, limits::Usage, operation::Operation};

/// An answer of Salesforce: its status, and its body as far as it came.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, or why it is not whole.
    pub body: Result<Bytes, Fault>,
    pub(super) usage: Option<Usage>,
    /// Whether its content type is another than JSON.
    pub(super) is_other: bool,
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What is wrong with the answer to a question. A refusal counts by its status where its body breaks off: a 401 is a dead
    /// session.
    pub(super) fn fault(&self) -> Option<Fault> {
        if self.is_success() {
            self.body.as_ref().err().cloned()
        } else {
            Some(self.refusal())
        }
    }

    fn refusal(&self) -> Fault {
        Fault::read(self.status, self.body.as_deref().unwrap_or_default())
    }

    /// What is wrong with the answer to a write: it counts as done where Salesforce says so in its own form, also where the
    /// connection breaks before the end of the body, as to send the write again would make a second record. Not so where
    /// that body would have been a page: it is not Salesforce's API that answers.
    pub(super) fn fault_of_write(&self, operation: &Operation) -> Option<Fault> {
        let whole = self.body.as_deref().ok();
        let body = whole.unwrap_or_default();
        let fault = match body {
            _ if !self.is_success() => {
                let fault = self.refusal();
                Some(match operation {
                    Operation::Collection | Operation::Composite => fault.of_resource(),
                    Operation::Create { .. }
                    | Operation::Update { .. }
                    | Operation::Upsert
                    | Operation::Delete
                    | Operation::Other => fault,
                })
            }
            // 204 has no body whose type could be another.
            [] if self.is_other && self.status != 204 => Some(Fault::no_json()),
            body if *operation == Operation::Composite => composite::fault(body),
            _ => Fault::in_success(self.status, body),
        };
        let is_done = fault.is_some() || operation.is_done(self.status, whole);
        let unsaid = || Fault::Unreadable("it does not say that the record is written".to_owned());
        fault.or_else(|| (!is_done).then(unsaid))
    }
}

/// Without the body, which may hold tokens and traits.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
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
            let answer = Answer {
                status,
                body: Err(Fault::Connection("it broke off".to_owned())),
                usage: None,
                is_other: false,
            };
            assert_eq!(answer.fault().unwrap().label(), expected);
        }
    }
}
