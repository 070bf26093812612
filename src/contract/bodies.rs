//! The bodies in which events arrive, cut into raw slices.
//!
//! A body is read in two steps, because a destination's templates are resolved between them: [`Bodies`] holds the slices
//! of the request, [`Batch`] the events that are read from them.

mod compacted;

pub use self::compacted::Format;
use crate::{
    contract::{
        Batch, DestinationName, Entry, Route, dynamic,
        json::{Object, Value},
    },
    error::RequestError,
};

/// The slices of a request, one for each event.
#[derive(Debug)]
pub struct Bodies<'a> {
    events: Vec<Body<'a>>,
    route: Route,
    name: DestinationName,
    secret: Option<Value<'a>>,
}

/// One event as it came.
#[derive(Debug)]
enum Body<'a> {
    /// `{message, metadata, destination}`, and the whole text of it.
    Entry(Object<'a>, Value<'a>),
    /// An event without metadata and destination, as the SDKs send it.
    Bare(Value<'a>),
    /// Something that is no object.
    Other(Value<'a>),
}

impl<'a> Bodies<'a> {
    /// Reads the body of a processor route: an array of entries, or its compacted form.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or of another shape.
    pub fn processor(
        body: &'a str,
        format: Format,
        name: DestinationName,
    ) -> Result<Self, RequestError> {
        let value = parse(body)?;
        let events = match format {
            Format::Plain => {
                let elements = value
                    .as_array()
                    .ok_or(RequestError::Shape("an array of events"))?;
                elements.into_iter().map(Body::read).collect()
            }
            Format::Compacted => {
                let shape =
                    "an object with `input` (an array of events) and `destinations` (by id)";
                compacted::expanded(&value.as_object().unwrap_or_default())
                    .ok_or(RequestError::Shape(shape))?
            }
        };
        Ok(Self {
            events,
            route: Route::Processor,
            name,
            secret: None,
        })
    }

    /// Reads the body of `/routerTransform`: `{"input": [entry, …], "destType": name}`, or its compacted form.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or of another shape, or `destType` names no destination of ours.
    pub fn router(
        body: &'a str,
        format: Format,
        secret: Option<Value<'a>>,
    ) -> Result<Self, RequestError> {
        let members = parse(body)?.as_object().unwrap_or_default();
        let events = match format {
            Format::Plain => members
                .get("input")
                .and_then(Value::as_array)
                .map(|input| input.into_iter().map(Body::read).collect()),
            Format::Compacted => compacted::expanded(&members),
        };
        let shape = "an object with `input` (an array of events) and `destType`; where X-Content-Format says compacted, `destinations` too";
        let events = events.ok_or(RequestError::Shape(shape))?;
        let name = members
            .get("destType")
            .and_then(Value::as_text)
            .unwrap_or_default();
        let name = DestinationName::parse(&name)
            .ok_or_else(|| RequestError::unknown_destination(&name))?;
        Ok(Self {
            events,
            route: Route::Router,
            name,
            secret,
        })
    }

    /// Reads what `/transform` takes: entries in an array or in `{"input": […]}`, one entry, events in
    /// `{"batch": […]}`, or one bare event.
    ///
    /// # Errors
    /// [`RequestError`] where the text is no JSON or none of these.
    pub fn any_form(body: &'a str) -> Result<Self, RequestError> {
        let value = parse(body)?;
        let members = value.as_object().unwrap_or_default();
        let entries = value
            .as_array()
            .or_else(|| members.get("input").and_then(Value::as_array));
        let events = members.get("batch").and_then(Value::as_array);
        let has = |key| members.get(key).is_some();
        let events = match (entries, events) {
            (Some(entries), _) => entries.into_iter().map(Body::read).collect(),
            (None, Some(events)) => events.into_iter().map(Body::Bare).collect(),
            (None, None) if has("message") => vec![Body::read(value)],
            (None, None) if has("type") => vec![Body::Bare(value)],
            (None, None) => {
                return Err(RequestError::Shape(
                    "an array of {message, metadata, destination}, {\"input\": […]}, {\"batch\": [event, …]} or one event",
                ));
            }
        };
        Ok(Self {
            events,
            route: Route::Open,
            name: DestinationName::Salesforce,
            secret: None,
        })
    }

    /// The entries whose destinations have templates, resolved; `None` for all others.
    #[must_use]
    pub fn resolved(&self) -> Vec<Option<String>> {
        let resolved = |body: &Body<'_>| match body {
            Body::Entry(members, _) => dynamic::resolved(members),
            Body::Bare(_) | Body::Other(_) => None,
        };
        self.events.iter().map(resolved).collect()
    }

    /// Reads the events, from their resolved entries where there are any.
    #[must_use]
    pub fn read<'b>(self, resolved: &'b [Option<String>]) -> Batch<'b>
    where
        'a: 'b,
    {
        let entries = self.events.into_iter().zip(resolved);
        let entries = entries.map(|(body, resolved)| {
            resolved
                .as_ref()
                .map_or(body, |text| Body::of_text(text))
                .entry()
        });
        Batch {
            entries: entries.collect(),
            route: self.route,
            name: self.name,
            secret: self.secret,
            takes_results: false,
        }
    }
}

impl<'a> Body<'a> {
    fn read(value: Value<'a>) -> Self {
        value
            .as_object()
            .map_or(Self::Other(value), |members| Self::Entry(members, value))
    }

    /// An entry that was written by us.
    fn of_text(text: &'a str) -> Self {
        serde_json::from_str(text).map_or(Self::Other(Value::NULL), Self::read)
    }

    fn entry(self) -> Entry<'a> {
        match self {
            Self::Entry(members, whole) => Entry::read(&members, whole),
            Self::Bare(message) => Entry::bare(message),
            Self::Other(value) => Entry::other(value),
        }
    }
}

fn parse(body: &str) -> Result<Value<'_>, RequestError> {
    serde_json::from_str(body).map_err(RequestError::NotJson)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bodies: Bodies<'_>) -> Vec<String> {
        let resolved = bodies.resolved();
        let batch = bodies.read(&resolved);
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
                kinds(Bodies::any_form(body).unwrap()),
                ["identify"],
                "{body}"
            );
        }
        assert!(matches!(
            Bodies::any_form(r#"{"userId":"u"}"#),
            Err(RequestError::Shape(_))
        ));
    }

    #[test]
    fn a_bad_event_leaves_its_neighbours_unharmed() {
        let body = r#"[{"message":{"type":"identify"}},null,{"message":{"type":"identify","n":1e400}},{"message":{"type":"\ud800"}},{}]"#;
        let kinds =
            kinds(Bodies::processor(body, Format::Plain, DestinationName::Salesforce).unwrap());
        assert_eq!(kinds[0], "identify");
        assert!(
            kinds[1..].iter().all(|error| error.contains("the event")),
            "{kinds:?}"
        );
    }

    #[test]
    fn a_router_body_names_its_destination() {
        assert!(
            Bodies::router(
                r#"{"input":[],"destType":"salesforce_oauth"}"#,
                Format::Plain,
                None
            )
            .is_ok()
        );
        let error = Bodies::router(r#"{"input":[],"destType":"marketo"}"#, Format::Plain, None)
            .unwrap_err();
        assert!(matches!(error, RequestError::UnknownDestination { .. }));
    }

    #[test]
    fn a_compacted_body_holds_each_destination_once() {
        let body = r#"{"input":[{"message":{},"metadata":{"destinationId":"d1"}},{"message":{},"metadata":{"destinationId":"d2"}}],
                       "destinations":{"d1":{"ID":"d1"}},"connections":{},"destType":"salesforce"}"#;
        for bodies in [
            Bodies::processor(body, Format::Compacted, DestinationName::Salesforce),
            Bodies::router(body, Format::Compacted, None),
        ] {
            let bodies = bodies.unwrap();
            let resolved = bodies.resolved();
            let batch = bodies.read(&resolved);
            let destinations: Vec<_> = batch
                .entries
                .iter()
                .map(|entry| entry.destination.map(Value::json))
                .collect();
            assert_eq!(destinations, [Some(r#"{"ID":"d1"}"#), Some("null")]);
        }
    }

    #[test]
    fn templates_are_resolved_before_the_event_is_read() {
        let body = r#"[{"message":{"type":"identify","kind":"track"},"destination":{"Config":{"x":"{{ message.kind || d }}"}}}]"#;
        let bodies = Bodies::processor(body, Format::Plain, DestinationName::Salesforce).unwrap();
        let resolved = bodies.resolved();
        let batch = bodies.read(&resolved);
        assert_eq!(
            batch.entries[0].destination.unwrap().json(),
            r#"{"Config":{"x":"track"}}"#
        );
        assert!(
            batch.entries[0]
                .event
                .as_ref()
                .unwrap()
                .at("kind")
                .is_none()
        );
    }
}
