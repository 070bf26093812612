//! Extractors for everything but the body. They reject a request before its body is read.

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use super::{App, error_response::Rejection, request_error::RequestError, routes::ClientKind};
use crate::{
    rudderstack::{BodyError, DestinationName, Format},
    text::shortened,
};

/// The destination in the path. A path that is not UTF-8 names none.
pub(super) struct DestinationPath(pub(super) DestinationName);

impl FromRequestParts<App> for DestinationPath {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        let name = Path::<String>::from_request_parts(parts, app).await;
        let name = name.map_or_else(|rejection| rejection.body_text(), |Path(name)| name);
        let known = DestinationName::parse(&name).map(Self);
        known.ok_or_else(|| Rejection {
            error: BodyError::unknown_destination(&name).into(),
            client: ClientKind::of(&parts.extensions),
        })
    }
}

/// A request whose content type is JSON.
pub(super) struct JsonContentType;

impl FromRequestParts<App> for JsonContentType {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Rejection> {
        let found = parts.headers.get(header::CONTENT_TYPE);
        let found = found.map_or("missing", |value| value.to_str().unwrap_or("unreadable"));
        if is_json(found) {
            return Ok(Self);
        }
        Err(Rejection {
            error: RequestError::ContentType {
                found: shortened(found),
            },
            client: ClientKind::of(&parts.extensions),
        })
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The format that a request names.
pub(super) fn format(headers: &HeaderMap) -> Format {
    Format::of(headers.get("x-content-format").map(HeaderValue::as_bytes))
}
