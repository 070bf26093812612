//! What every POST route does first and last: the body, whole and decompressed, and the answer as JSON.

use std::{convert::Infallible, ops::Deref, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequest, Path, Request, rejection::PathRejection},
    http::{Extensions, HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::{App, answer::Answer, error_response::Caller};
use crate::{
    http::request_error::RequestError,
    json::{Document, Unread},
    rudderstack::{BodyError, DestinationName, Format},
    server::memory::Share,
    text::shortened,
    upstream::Held,
};

/// What an event is counted as beside its text, in bytes: half of what it takes as it is read, planned and answered.
const EVENT: usize = 384;

/// A request's body, or why it could not be read.
pub(super) struct Received {
    body: Result<Bytes, RequestError>,
    share: Arc<Share>,
}

/// A body, whole and decompressed. Its memory is counted for as long as it is there.
pub(super) struct Whole {
    bytes: Bytes,
    share: Arc<Share>,
}

impl Whole {
    /// The share of its request in the memory of those in flight.
    pub(super) fn share(&self) -> &Arc<Share> {
        &self.share
    }

    /// The JSON of the body, `text`, walked through once.
    pub(super) fn outline<'t>(&self, text: &'t str) -> Result<Document<'t>, RequestError> {
        // The half of the memory that is not counted is for its other half.
        let room = |bytes| self.share.make(bytes / 2);
        Document::read_within(text, room).map_err(|unread| match unread {
            Unread::NotJson(error) => RequestError::NotJson(error),
            Unread::NoRoom(overloaded) => overloaded.into(),
        })
    }

    /// Takes the memory of so many events that are to be read from the body.
    pub(super) fn holds_events(&self, events: usize) -> Result<(), RequestError> {
        self.share.make(events.saturating_mul(EVENT))?;
        Ok(())
    }
}

impl Received {
    /// The body.
    pub(super) fn whole(self) -> Result<Whole, RequestError> {
        Ok(Whole {
            bytes: self.body?,
            share: self.share,
        })
    }

    /// The answer to its request, to be written.
    pub(super) fn answer(&self, caller: Caller) -> Answer {
        Answer::new(caller, Arc::clone(&self.share))
    }
}

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromRequest<App> for Received {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        let share = app.share(request.extensions());
        let encoding = request.headers().get(header::CONTENT_ENCODING);
        let body = if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
            Err(RequestError::ContentEncoding {
                found: shortened(&String::from_utf8_lossy(encoding.as_bytes())),
            })
        } else {
            let held = Held::read(request.into_body(), app.body_limits, &share).await;
            held.map(|held| held.whole())
        };
        Ok(Self { body, share })
    }
}

/// The last part of a path, or why it cannot be read.
pub(super) type Named = Result<Path<String>, PathRejection>;

/// The destination in the path; a path that is no UTF-8 names none.
pub(super) fn ours(name: Named) -> Result<DestinationName, RequestError> {
    let name = name.map_or_else(|rejection| rejection.body_text(), |Path(name)| name);
    DestinationName::parse(&name).ok_or_else(|| BodyError::unknown_destination(&name).into())
}

/// The format that a request names.
pub(super) fn format(headers: &HeaderMap) -> Format {
    Format::of(headers.get("x-content-format").map(HeaderValue::as_bytes))
}

/// An answer of 200.
pub(super) fn as_json(json: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (headers, json).into_response()
}

impl App {
    /// The share of a request in the memory of those in flight.
    pub(super) fn share(&self, request: &Extensions) -> Arc<Share> {
        let share = request.get::<Arc<Share>>();
        share.map_or_else(|| self.in_flight.begin(), Arc::clone)
    }
}
