//! The bodies in which events arrive, cut into raw slices.

use std::borrow::Cow;

use crate::{
    contract::{
        DestinationName, Event, carriable,
        json::{Object, Value},
    },
    error::{EventError, RequestError},
};

/// The events of one request, each read on its own.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The events in the order of the request.
    pub entries: Vec<Entry<'a>>,
    /// The OAuth secret of the `Oauth-Secret` header, which counts before any in the metadata.
    pub secret: Option<Value<'a>>,
    /// Whether an event without a destination goes to the service's own.
    pub own_destination: bool,
}

/// One event with what came along.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The event, or why it cannot be read.
    pub event: Result<Event<'a>, EventError>,
    /// `metadata`, to be echoed as it came.
    pub metadata: Option<Value<'a>>,
    /// `destination`, to be echoed as it came.
    pub destination: Option<Value<'a>>,
}

impl<'a> Entry<'a> {
    /// Reads `{message, metadata, destination}`. A flaw stays inside the entry.
    #[must_use]
    pub fn read(raw: Value<'a>) -> Self {
        let Some(members) = raw.as_object() else {
            let found = raw.kind().noun();
            return Self {
                event: Err(EventError::NotAnEvent { found }),
                metadata: None,
                destination: None,
            };
        };
        Self {
            event: carried(raw, members.get("message")),
            metadata: members.get("metadata"),
            destination: members.get("destination"),
        }
    }

    /// Reads an event that comes without metadata and destination, as the SDKs send it.
    #[must_use]
    fn bare(message: Value<'a>) -> Self {
        Self {
            event: carried(message, Some(message)),
            metadata: None,
            destination: None,
        }
    }
}

fn carried<'a>(raw: Value<'a>, message: Option<Value<'a>>) -> Result<Event<'a>, EventError> {
    carriable::check(raw.json())?;
    Event::read(message)
}

impl<'a> Entry<'a> {
    /// The OAuth secret in the metadata.
    #[must_use]
    pub fn secret(&self) -> Option<Value<'a>> {
        self.metadata.and_then(Value::as_object)?.get("secret")
    }
}

impl<'a> Batch<'a> {
    /// Reads the body of a processor route: an array of entries.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or no array.
    pub fn processor(body: &'a str) -> Result<Self, RequestError> {
        let elements = parse(body)?
            .as_array()
            .ok_or(RequestError::Shape("an array of events"))?;
        Ok(Self::of(elements.into_iter().map(Entry::read)))
    }

    /// Reads the body of `/routerTransform`: `{"input": [entry, …], "destType": name}`.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or of another shape, or `destType` names no destination of ours.
    pub fn router(
        body: &'a str,
        secret: Option<Value<'a>>,
    ) -> Result<(Self, DestinationName), RequestError> {
        let shape =
            RequestError::Shape("an object with `input` (an array of events) and `destType`");
        let Some(members) = parse(body)?.as_object() else {
            return Err(shape);
        };
        let Some(elements) = members.get("input").and_then(Value::as_array) else {
            return Err(shape);
        };
        let name = members
            .get("destType")
            .and_then(Value::as_text)
            .unwrap_or_default();
        let name = DestinationName::parse(&name)
            .ok_or_else(|| RequestError::unknown_destination(&name))?;
        Ok((
            Self {
                secret,
                ..Self::of(elements.into_iter().map(Entry::read))
            },
            name,
        ))
    }

    /// Reads what `/transform` takes: entries in an array or in `{"input": […]}`, one entry, events in
    /// `{"batch": […]}`, or one bare event.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or none of these.
    pub fn any_form(body: &'a str) -> Result<Self, RequestError> {
        let value = parse(body)?;
        if let Some(entries) = value.as_array() {
            return Ok(Self::with_own_destination(
                entries.into_iter().map(Entry::read),
            ));
        }
        let members = value.as_object().unwrap_or_default();
        let list = |key| members.get(key).and_then(Value::as_array);
        if let Some(entries) = list("input") {
            return Ok(Self::with_own_destination(
                entries.into_iter().map(Entry::read),
            ));
        }
        if let Some(events) = list("batch") {
            return Ok(Self::with_own_destination(
                events.into_iter().map(Entry::bare),
            ));
        }
        single(value, &members).map(|entry| Self::with_own_destination([entry].into_iter())).ok_or(RequestError::Shape(
            "an array of {message, metadata, destination}, {\"input\": […]}, {\"batch\": [event, …]} or one event",
        ))
    }

    fn of(entries: impl Iterator<Item = Entry<'a>>) -> Self {
        Self {
            entries: entries.collect(),
            secret: None,
            own_destination: false,
        }
    }

    fn with_own_destination(entries: impl Iterator<Item = Entry<'a>>) -> Self {
        Self {
            own_destination: true,
            ..Self::of(entries)
        }
    }
}

fn single<'a>(value: Value<'a>, members: &Object<'a>) -> Option<Entry<'a>> {
    if members.get("message").is_some() {
        return Some(Entry::read(value));
    }
    members.get("type").is_some().then(|| Entry::bare(value))
}

fn parse(body: &str) -> Result<Value<'_>, RequestError> {
    serde_json::from_str(body).map_err(RequestError::NotJson)
}

/// A body as text: a byte-order mark is dropped, and bytes that are no UTF-8 become U+FFFD, as the stock service reads them,
/// so that they harm no neighbour.
#[must_use]
pub fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(batch: &Batch<'_>) -> Vec<String> {
        let kind = |entry: &Entry<'_>| match &entry.event {
            Ok(event) => event.kind().unwrap_or_default().into_owned(),
            Err(error) => error.to_string(),
        };
        batch.entries.iter().map(kind).collect()
    }

    #[test]
    fn transform_takes_every_form_that_people_have_at_hand() {
        for body in [
            r#"[{"message":{"type":"identify"}}]"#,
            r#"{"input":[{"message":{"type":"identify"}}]}"#,
            r#"{"message":{"type":"identify"}}"#,
            r#"{"batch":[{"type":"identify"}]}"#,
            r#"{"type":"identify"}"#,
        ] {
            assert_eq!(
                kinds(&Batch::any_form(body).unwrap()),
                ["identify"],
                "{body}"
            );
        }
        assert!(matches!(
            Batch::any_form(r#"{"userId":"u"}"#),
            Err(RequestError::Shape(_))
        ));
    }

    #[test]
    fn a_bad_event_leaves_its_neighbours_unharmed() {
        let body = r#"[{"message":{"type":"identify"}},null,{"message":{"type":"identify","n":1e400}},{"message":{"type":"\ud800"}},{}]"#;
        let batch = Batch::processor(body).unwrap();
        assert!(batch.entries[0].event.is_ok());
        assert!(batch.entries[1..].iter().all(|entry| entry.event.is_err()));
    }

    #[test]
    fn a_router_body_names_its_destination() {
        let (batch, name) =
            Batch::router(r#"{"input":[],"destType":"salesforce_oauth"}"#, None).unwrap();
        assert_eq!(
            (batch.entries.len(), name),
            (0, DestinationName::SalesforceOauth)
        );
        let error = Batch::router(r#"{"input":[],"destType":"marketo"}"#, None).unwrap_err();
        assert!(matches!(error, RequestError::UnknownDestination { .. }));
    }

    #[test]
    fn a_byte_order_mark_and_broken_utf8_are_no_obstacle() {
        assert_eq!(text(b"\xEF\xBB\xBF[]"), "[]");
        assert_eq!(text(b"[\"\xFF\"]"), "[\"\u{FFFD}\"]");
    }
}
