//! What every POST route does first and last: the body, whole and decompressed, and the answer as JSON.

use std::{convert::Infallible, ops::Deref, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequest, Path, Request, rejection::PathRejection},
    http::{Extensions, HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::App;
use crate::{
    contract::{DestinationName, Format, json::Outline},
    error::{RequestError, shortened},
    in_flight::Share,
    upstream::Held,
};

/// A request's body, or why it could not be read.
pub(super) struct Received(Result<Whole, RequestError>);

/// A body, whole and decompressed. Its memory is counted for as long as it is there.
pub(super) struct Whole {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl Received {
    /// The body.
    pub(super) fn whole(self) -> Result<Whole, RequestError> {
        self.0
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
        let encoding = request.headers().get(header::CONTENT_ENCODING);
        if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
            return Ok(Self(Err(RequestError::ContentEncoding {
                found: shortened(&String::from_utf8_lossy(encoding.as_bytes())),
            })));
        }
        let share = app.share(request.extensions());
        let held = Held::read(request.into_body(), app.body_limits, &share).await;
        Ok(Self(held.map(|held| Whole {
            bytes: held.whole(),
            _share: share,
        })))
    }
}

/// The last part of a path, or why it cannot be read.
pub(super) type Named = Result<Path<String>, PathRejection>;

/// The destination in the path; a path that is no UTF-8 names none.
pub(super) fn ours(name: Named) -> Result<DestinationName, RequestError> {
    let name = name.map_or_else(|rejection| rejection.body_text(), |Path(name)| name);
    DestinationName::parse(&name).ok_or_else(|| RequestError::unknown_destination(&name))
}

/// The format that a request names.
pub(super) fn format(headers: &HeaderMap) -> Format {
    Format::of(headers.get("x-content-format").map(HeaderValue::as_bytes))
}

/// A body's JSON, walked through once.
pub(super) fn outline(text: &str) -> Result<Outline<'_>, RequestError> {
    Outline::read(text).map_err(RequestError::NotJson)
}

/// An answer of 200.
pub(super) fn as_json(json: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (headers, Body::from(json)).into_response()
}

impl App {
    /// The share of a request in the memory of those in flight.
    pub(super) fn share(&self, request: &Extensions) -> Arc<Share> {
        let share = request.get::<Arc<Share>>();
        share.map_or_else(|| self.in_flight.begin(), Arc::clone)
    }
}
