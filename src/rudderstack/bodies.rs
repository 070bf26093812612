//! The request bodies in which events arrive, split into entries.
//!
//! A body is parsed in two steps, because the templates of a destination are resolved between them: [`RawBatch`] holds
//! slices of the request, [`Batch`] the events parsed from them.

mod compacted;

use std::convert::Infallible;

pub use self::compacted::Format;
use crate::{
    json::{Kind, Object, Value},
    rudderstack::{
        Batch, BodyError, DestinationName, Entry, Route,
        dynamic_config::{self, ResolvedEntry},
    },
};

/// The entries of a request, one per event.
#[derive(Debug)]
pub struct RawBatch<'a> {
    events: Vec<RawEntry<'a>>,
    route: Route,
    name: DestinationName,
    secret: Option<Value<'a>>,
    bytes: usize,
}

/// One event as received.
#[derive(Clone, Copy, Debug)]
enum RawEntry<'a> {
    /// `{message, metadata, destination}`.
    Entry(EntryParts<'a>),
    /// An event without metadata and destination, as the SDKs send it.
    Bare(Value<'a>),
    /// A value that is not an object.
    Other(&'static str),
}

/// The parts of an entry.
#[derive(Clone, Copy, Debug)]
struct EntryParts<'a> {
    whole: Value<'a>,
    message: Option<Value<'a>>,
    metadata: Option<Value<'a>>,
    destination: Option<Value<'a>>,
}

impl<'a> RawBatch<'a> {
    /// Parses the body of a processor route: an array of entries, or its compacted form.
    ///
    /// # Errors
    /// [`BodyError`] if the body has another shape.
    pub fn processor(
        body: Value<'a>,
        format: Format,
        name: DestinationName,
    ) -> Result<Self, BodyError> {
        let events = match format {
            Format::Plain => {
                let elements = body
                    .as_array()
                    .ok_or(BodyError::Shape("an array of events"))?;
                elements.into_iter().map(RawEntry::read).collect()
            }
            Format::Compacted => {
                let shape =
                    "an object with `input` (an array of events) and `destinations` (by id)";
                compacted::expanded(body.as_object().unwrap_or_default())
                    .ok_or(BodyError::Shape(shape))?
            }
        };
        Ok(Self {
            events,
            route: Route::Processor,
            name,
            secret: None,
            bytes: body.json().len(),
        })
    }

    /// Parses the body of `/routerTransform`: `{"input": [entry, …], "destType": name}`, or its compacted form.
    ///
    /// # Errors
    /// [`BodyError`] if the body has another shape, or if `destType` names none of our destinations.
    pub fn router(
        body: Value<'a>,
        format: Format,
        secret: Option<Value<'a>>,
    ) -> Result<Self, BodyError> {
        let members = body.as_object().unwrap_or_default();
        let events = match format {
            Format::Plain => elements(members, "input")
                .map(|input| input.into_iter().map(RawEntry::read).collect()),
            Format::Compacted => compacted::expanded(members),
        };
        let shape = "an object with `input` (an array of events) and `destType`; where X-Content-Format says compacted, `destinations` too";
        let events = events.ok_or(BodyError::Shape(shape))?;
        let name = members
            .get("destType")
            .and_then(Value::as_text)
            .unwrap_or_default();
        let name =
            DestinationName::parse(&name).ok_or_else(|| BodyError::unknown_destination(&name))?;
        Ok(Self {
            events,
            route: Route::Router,
            name,
            secret,
            bytes: body.json().len(),
        })
    }

    /// Parses the body of `/transform`: entries in an array or in `{"input": […]}`, one entry, events in `{"batch":
    /// […]}`, or one bare event.
    ///
    /// # Errors
    /// [`BodyError`] if the body has none of these shapes.
    pub fn any_form(body: Value<'a>) -> Result<Self, BodyError> {
        let members = body.as_object().unwrap_or_default();
        let entries = body.as_array().or_else(|| elements(members, "input"));
        let has = |key| members.get(key).is_some();
        let events = match (entries, elements(members, "batch")) {
            (Some(entries), _) => entries.into_iter().map(RawEntry::read).collect(),
            (None, Some(events)) => events.into_iter().map(RawEntry::Bare).collect(),
            (None, None) if has("message") => vec![RawEntry::read(body)],
            (None, None) if has("type") => vec![RawEntry::Bare(body)],
            (None, None) => {
                return Err(BodyError::Shape(
                    "an array of {message, metadata, destination}, {\"input\": […]}, {\"batch\": [event, …]} or one event",
                ));
            }
        };
        Ok(Self {
            events,
            route: Route::Open,
            name: DestinationName::Salesforce,
            secret: None,
            bytes: body.json().len(),
        })
    }

    /// Whether there is no event.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The entries whose destinations contain templates, resolved; `None` for all others. A destination that several
    /// events share is searched once.
    #[must_use]
    pub fn resolved(&self) -> Vec<Option<Box<ResolvedEntry>>> {
        let unlimited = |_| Ok::<(), Infallible>(());
        match self.resolved_within(usize::MAX, unlimited) {
            Ok(resolved) => resolved,
            Err(never) => match never {},
        }
    }

    /// The same, with entries of at most `most` bytes. Their memory is reserved first.
    ///
    /// # Errors
    /// The error of `reserve` if there is not enough memory.
    pub fn resolved_within<E>(
        &self,
        most: usize,
        mut reserve: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<Option<Box<ResolvedEntry>>>, E> {
        let mut plain: Option<Value<'_>> = None;
        let resolved = |body: &RawEntry<'a>| {
            let (RawEntry::Entry(parts), Some(destination)) = (body, body.destination()) else {
                return Ok(None);
            };
            if plain.is_some_and(|plain| plain.is(destination)) {
                return Ok(None);
            }
            if !dynamic_config::may_have_templates(destination) {
                plain = Some(destination);
                return Ok(None);
            }
            // Invalid data must be detected in the original text: in the rewritten entry, it could no longer be found.
            let flaw = parts.whole.flaw().or(destination.flaw());
            match parts.whole.as_object().filter(|_| flaw.is_none()) {
                Some(entry) => dynamic_config::resolved(entry, destination, most, &mut reserve),
                None => Ok(None),
            }
        };
        let resolved = self.events.iter().map(resolved);
        resolved.map(|entry| Ok(entry?.map(Box::new))).collect()
    }

    /// Parses the events, from their resolved entries if there are any.
    #[must_use]
    pub fn read<'b>(self, resolved: &'b [Option<Box<ResolvedEntry>>]) -> Batch<'b>
    where
        'a: 'b,
    {
        let entries = self.events.into_iter().zip(resolved);
        let entries = entries.map(|(body, resolved)| match resolved.as_deref() {
            None => body.entry(),
            Some(ResolvedEntry::Entry(document)) => RawEntry::read(document.root()).entry(),
            Some(ResolvedEntry::TooLong { length, most }) => body.entry().too_long(*length, *most),
        });
        Batch {
            entries: entries.collect(),
            route: self.route,
            name: self.name,
            secret: self.secret,
            takes_results: false,
            bytes: self.bytes,
        }
    }
}

/// The maximum number of events, and of destinations, in a body of any form.
#[must_use]
pub(crate) fn max_events(body: Value<'_>) -> usize {
    let members = body.as_object().unwrap_or_default();
    let lists = members.pick(["input", "batch", "destinations"]);
    let counts = lists.into_iter().flatten().map(Value::count);
    match body.kind() {
        Kind::Array => body.count(),
        Kind::Object => counts.sum::<usize>().max(1),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Text => 0,
    }
}

fn elements<'a>(members: Object<'a>, name: &str) -> Option<Vec<Value<'a>>> {
    members.get(name).and_then(Value::as_array)
}

impl<'a> RawEntry<'a> {
    fn read(whole: Value<'a>) -> Self {
        let Some(members) = whole.as_object() else {
            return Self::Other(whole.kind().noun());
        };
        let [message, metadata, destination] = members.pick(["message", "metadata", "destination"]);
        Self::Entry(EntryParts {
            whole,
            message,
            metadata,
            destination,
        })
    }

    fn destination(&self) -> Option<Value<'a>> {
        match self {
            Self::Entry(parts) => parts.destination,
            Self::Bare(_) | Self::Other(_) => None,
        }
    }

    fn entry(self) -> Entry<'a> {
        match self {
            Self::Entry(parts) => Entry::read(
                parts.whole,
                parts.message,
                parts.metadata,
                parts.destination,
            ),
            Self::Bare(message) => Entry::bare(message),
            Self::Other(found) => Entry::other(found),
        }
    }
}

#[cfg(test)]
mod tests;
