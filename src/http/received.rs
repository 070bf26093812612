//! What every POST route does first and last: the body, whole and decompressed, and the answer as JSON.

use axum::{
    body::Body,
    extract::{
        Path,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::App;
use crate::{
    contract::{DestinationName, Format, json::Outline},
    error::RequestError,
};

/// A request's body, or why axum could not read it.
pub(super) type Received = Result<Bytes, BytesRejection>;

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
    /// The body of a request, whole and decompressed.
    pub(super) fn received(
        &self,
        headers: &HeaderMap,
        body: Received,
    ) -> Result<Bytes, RequestError> {
        if let Some(encoding) = headers
            .get(header::CONTENT_ENCODING)
            .filter(|encoding| *encoding != "identity")
        {
            return Err(RequestError::ContentEncoding {
                found: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
            });
        }
        body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => RequestError::TooLarge {
                limit: self.body_limit,
            },
            _ => RequestError::Unreadable(rejection.body_text()),
        })
    }
}
