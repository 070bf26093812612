//! The events of one request, each read on its own.

use std::borrow::Cow;

use crate::{
    json::Value,
    rudderstack::{AnswerTooLarge, DestinationName, Event, ReadError},
};

/// Where a batch has arrived, and so what its answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/transform`: an event without a destination goes to the service's own.
    Open,
    /// rudder-server's processor.
    Processor,
    /// rudder-server's router: jobs may share a request, and may be transformed already.
    Router,
}

/// The events of one request, each read on its own.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The events in the order of the request.
    pub entries: Vec<Entry<'a>>,
    /// Where it has arrived.
    pub route: Route,
    /// The destination that the request is for: what a definition without a name of ours is taken for.
    pub name: DestinationName,
    /// The OAuth secret of the `Oauth-Secret` header, which counts before any in the metadata.
    pub secret: Option<Value<'a>>,
    /// Whether the caller understands that an event has been written here: status 299.
    pub takes_results: bool,
    /// The length of the request's body in bytes: the answer is about as long.
    pub bytes: usize,
}

/// One event with what came along.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The event, or why it cannot be read.
    pub event: Result<Event<'a>, ReadError>,
    /// `metadata`, to be echoed as it came.
    pub metadata: Option<Value<'a>>,
    /// `destination`, to be echoed as it came, with its templates resolved.
    pub destination: Option<Value<'a>>,
    /// How long all of it is, as it came.
    pub bytes: usize,
    job_metadata: JobMetadata<'a>,
}

/// What the metadata of every job are asked for. It is looked for once.
#[derive(Clone, Copy, Debug, Default)]
struct JobMetadata<'a> {
    dont_batch: Option<Value<'a>>,
    secret: Option<Value<'a>>,
    traceparent: Option<Value<'a>>,
    dest_info: Option<Value<'a>>,
    attempt: u64,
}

/// A number of attempts; none where it is not there.
pub(super) fn attempts(value: Option<Value<'_>>) -> u64 {
    let number = value.and_then(Value::as_text_or_number);
    number.map_or(0, |number| number.parse().unwrap_or_default())
}

impl<'a> JobMetadata<'a> {
    fn read(metadata: Option<Value<'a>>) -> Self {
        let members = metadata.and_then(Value::as_object).unwrap_or_default();
        let names = [
            "dontBatch",
            "secret",
            "traceparent",
            "destInfo",
            "attemptNum",
        ];
        let [dont_batch, secret, traceparent, dest_info, attempt] = members.pick(names);
        Self {
            dont_batch,
            secret,
            traceparent,
            dest_info,
            attempt: attempts(attempt),
        }
    }
}

impl<'a> Entry<'a> {
    /// Reads the parts of `whole`. A flaw stays inside the entry.
    pub(super) fn read(
        whole: Value<'a>,
        message: Option<Value<'a>>,
        metadata: Option<Value<'a>>,
        destination: Option<Value<'a>>,
    ) -> Self {
        // What nobody can carry is not echoed either: rudder-server would throw the whole answer away for it.
        let is_carriable = |value: &Value<'_>| value.flaw().is_none();
        let metadata = metadata.filter(is_carriable);
        Self {
            event: carried(whole, message),
            metadata,
            destination: destination.filter(is_carriable),
            bytes: whole.json().len(),
            job_metadata: JobMetadata::read(metadata),
        }
    }

    /// An event without metadata and destination, as the SDKs send it.
    pub(super) fn bare(message: Value<'a>) -> Self {
        Self::without_metadata(carried(message, Some(message)))
    }

    /// Something that is no entry.
    pub(super) fn other(found: &'static str) -> Self {
        Self::without_metadata(Err(ReadError::NotAnEvent { found }))
    }

    fn without_metadata(event: Result<Event<'a>, ReadError>) -> Self {
        Self {
            event,
            metadata: None,
            destination: None,
            bytes: 0,
            job_metadata: JobMetadata::default(),
        }
    }

    /// The entry, which with its templates resolved would be longer than its part of the answer may be.
    pub(super) fn too_long(self, bytes: usize, most: usize) -> Self {
        Self {
            event: Err(AnswerTooLarge { bytes, most }.into()),
            ..self
        }
    }

    /// Whether an earlier answer asked for the job to be sent alone: `metadata.dontBatch`.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.job_metadata.dont_batch.is_some_and(Value::is_true)
    }

    /// How many attempts of the job have failed so far: `metadata.attemptNum`, else 0.
    #[must_use]
    pub fn attempt(&self) -> u64 {
        self.job_metadata.attempt
    }

    /// The OAuth secret in the metadata.
    #[must_use]
    pub fn secret(&self) -> Option<Value<'a>> {
        self.job_metadata.secret
    }

    /// The trace that the event belongs to, in the form of the header `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> Option<Value<'a>> {
        self.job_metadata.traceparent
    }

    /// What an earlier answer has noted in the metadata for the delivery proxy.
    #[must_use]
    pub fn dest_info(&self) -> Option<Value<'a>> {
        self.job_metadata.dest_info
    }
}

fn carried<'a>(whole: Value<'a>, message: Option<Value<'a>>) -> Result<Event<'a>, ReadError> {
    match whole.flaw() {
        Some(flaw) => Err(flaw.into()),
        None => Event::read(message),
    }
}

/// A body as text: a byte-order mark is dropped, and bytes that are no UTF-8 become U+FFFD, as the stock service reads them,
/// so that they harm no neighbour.
#[must_use]
pub(crate) fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    // Much faster than the lossy reading where there is nothing to lose.
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn what_cannot_be_carried_is_not_echoed() {
        let body = Document::read(r#"{"message":{},"metadata":{"jobId":1},"destination":-1e400}"#)
            .unwrap();
        let whole = body.root();
        let parts = ["message", "metadata", "destination"];
        let [message, metadata, destination] = whole.as_object().unwrap().pick(parts);
        let entry = Entry::read(whole, message, metadata, destination);
        assert!(matches!(entry.event, Err(ReadError::Unencodable(_))));
        assert_eq!(
            (
                entry.metadata.map(Value::json),
                entry.destination.map(Value::json)
            ),
            (Some(r#"{"jobId":1}"#), None)
        );
    }

    #[test]
    fn a_byte_order_mark_and_broken_utf8_are_no_obstacle() {
        assert_eq!(text(b"\xEF\xBB\xBF[]"), "[]");
        assert_eq!(text(b"[\"\xFF\"]"), "[\"\u{FFFD}\"]");
    }
}
