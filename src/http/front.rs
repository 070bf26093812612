//! Stands in front of the upstream: each request is answered here or there, and none before the upstream has been heard.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::Response,
};

use super::{
    App,
    failure::{self, Caller},
};
use crate::{
    error::RequestError,
    upstream::{DestType, Ownership, Upstream, UpstreamError, dest_type, ownership},
};

/// Answers a request, or has it answered. Without an upstream all are ours.
pub(super) async fn here_or_there(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let Some(upstream) = app.upstream.clone() else {
        return next.run(request).await;
    };
    let path = request.uri().path();
    let is_about_us = matches!(path, "/health" | "/ready" | "/metrics");
    if !is_about_us && !upstream.is_heard() {
        return trouble(UpstreamError::Unheard);
    }
    match ownership(path) {
        Ownership::Ours => next.run(request).await,
        Ownership::Theirs => pass(&upstream, request).await,
        Ownership::ByBody => by_body(&app, &upstream, request, next).await,
    }
}

/// The body is held once, looked at from its end, and goes on as it came.
async fn by_body(app: &App, upstream: &Arc<Upstream>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, app.body_limit).await else {
        let limit = app.body_limit;
        return failure::answer(&RequestError::TooLarge { limit }, Caller::RudderServer);
    };
    let encoding = parts.headers.get(header::CONTENT_ENCODING);
    let gzip = encoding.is_some_and(|encoding| encoding == "gzip");
    let whose = dest_type(&body, gzip, app.body_limit);
    let request = Request::from_parts(parts, Body::from(body));
    match whose {
        DestType::Ours => next.run(request).await,
        DestType::Theirs => pass(upstream, request).await,
    }
}

async fn pass(upstream: &Upstream, request: Request) -> Response {
    upstream.pass(request).await.unwrap_or_else(trouble)
}

fn trouble(error: UpstreamError) -> Response {
    failure::answer(&RequestError::Upstream(error), Caller::RudderServer)
}
