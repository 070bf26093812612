//! The events of one request. Each is parsed separately.

use std::borrow::Cow;

use crate::{
    json::Value,
    rudderstack::{AnswerTooLarge, DestinationName, Event, ReadError},
};

/// The route on which a batch has arrived, which determines the shape of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/transform`: an event without a destination uses the service's own.
    Open,
    /// rudder-server's processor.
    Processor,
    /// rudder-server's router: jobs may share a request and may already be transformed.
    Router,
}

/// The events of one request. Each is parsed separately.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The events, in the order of the request.
    pub entries: Vec<Entry<'a>>,
    /// The route on which the batch has arrived.
    pub route: Route,
    /// The destination that the request is for. A definition that names none of our destinations is treated as this
    /// one.
    pub name: DestinationName,
    /// The OAuth secret of the `Oauth-Secret` header, which takes precedence over those in the metadata.
    pub secret: Option<Value<'a>>,
    /// Whether the caller understands status 299: this service has already written the event.
    pub takes_results: bool,
    /// The length of the request's body in bytes; the answer has about the same length.
    pub bytes: usize,
}

/// One event with its metadata and destination.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The event, or the reason why it cannot be parsed.
    pub event: Result<Event<'a>, ReadError>,
    /// `metadata`, to be echoed unchanged.
    pub metadata: Option<Value<'a>>,
    /// `destination`, to be echoed with its templates resolved and otherwise unchanged.
    pub destination: Option<Value<'a>>,
    /// The length of the whole entry as received, in bytes.
    pub bytes: usize,
    job_metadata: JobMetadata<'a>,
}

/// The values that are needed from the metadata of every job. They are looked up once.
#[derive(Clone, Copy, Debug, Default)]
struct JobMetadata<'a> {
    dont_batch: Option<Value<'a>>,
    secret: Option<Value<'a>>,
    traceparent: Option<Value<'a>>,
    dest_info: Option<Value<'a>>,
    attempt: u64,
    job_id: Option<Value<'a>>,
    message_id: Option<Value<'a>>,
}

/// A number of attempts; 0 if absent or not a number.
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
            "jobId",
            "messageId",
        ];
        let [
            dont_batch,
            secret,
            traceparent,
            dest_info,
            attempt,
            job_id,
            message_id,
        ] = members.pick(names);
        Self {
            dont_batch,
            secret,
            traceparent,
            dest_info,
            attempt: attempts(attempt),
            job_id,
            message_id,
        }
    }
}

impl<'a> Entry<'a> {
    /// Parses the parts of `whole`. An error affects only this entry.
    pub(super) fn read(
        whole: Value<'a>,
        message: Option<Value<'a>>,
        metadata: Option<Value<'a>>,
        destination: Option<Value<'a>>,
    ) -> Self {
        // Values that cannot be represented are not echoed either, because rudder-server would discard the whole answer
        // for them.
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

    /// Input that is not an entry.
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

    /// The entry as a failed one: with its templates resolved, it would be longer than its part of the answer may be.
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

    /// rudder-server's number of the job: `metadata.jobId`.
    #[must_use]
    pub fn job_id(&self) -> Option<Value<'a>> {
        self.job_metadata.job_id
    }

    /// The id of the message: `metadata.messageId`, else that of the event.
    #[must_use]
    pub fn message_id(&self) -> Option<Value<'a>> {
        let of_event = || self.event.as_ref().ok()?.at("messageId");
        self.job_metadata.message_id.or_else(of_event)
    }

    /// The trace that the event belongs to, in the format of the `traceparent` header.
    #[must_use]
    pub fn traceparent(&self) -> Option<Value<'a>> {
        self.job_metadata.traceparent
    }

    /// The note that an earlier answer has left in the metadata for the delivery proxy.
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

/// A body as text. A byte-order mark is removed, and invalid UTF-8 is replaced with U+FFFD, as in the stock service, so
/// that a malformed event does not affect the others.
#[must_use]
pub(crate) fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    // Valid UTF-8 is the usual case, and this check is much faster than the lossy conversion.
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
