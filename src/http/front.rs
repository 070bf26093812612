//! Stands in front of the upstream: each request is answered here or there, and none before the upstream has been heard.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, header},
    middleware::Next,
    response::Response,
};

use super::{
    App,
    failure::{self, Caller},
};
use crate::{
    error::RequestError,
    upstream::{DestType, Held, NotHeld, Ownership, Upstream, UpstreamError, dest_type, ownership},
};

/// Answers a request, or has it answered. Without an upstream all are ours.
pub(super) async fn here_or_there(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let request = match recorded(&app, request).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
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

/// Records a POST, for which its body is held whole.
async fn recorded(app: &App, request: Request) -> Result<Request, Response> {
    let recorder = app.recorder.as_ref();
    let Some(recorder) = recorder.filter(|_| request.method() == Method::POST) else {
        return Ok(request);
    };
    let (parts, body) = request.into_parts();
    let held = held(app, body).await?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    recorder.record(path, &parts.headers, &held.whole());
    Ok(Request::from_parts(parts, held.into_body()))
}

async fn held(app: &App, body: Body) -> Result<Held, Response> {
    let limit = app.body_limit;
    Held::read(body, limit).await.map_err(|why| {
        let error = match why {
            NotHeld::TooLarge => RequestError::TooLarge { limit },
            NotHeld::Broken => RequestError::Unreadable("it ended early".to_owned()),
        };
        failure::answer(&error, Caller::RudderServer)
    })
}

/// The body is held once, looked at from its end, and goes on as it came.
async fn by_body(app: &App, upstream: &Arc<Upstream>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let held = match held(app, body).await {
        Ok(held) => held,
        Err(refused) => return refused,
    };
    let encoding = parts.headers.get(header::CONTENT_ENCODING);
    let gzip = encoding.is_some_and(|encoding| encoding == "gzip");
    let whose = dest_type(&held, gzip, app.body_limit);
    let request = Request::from_parts(parts, held.into_body());
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
