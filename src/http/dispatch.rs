//! Stands in front of the upstream: each request is answered here or there, and none before the upstream has been heard.

use axum::{
    extract::{Request, State},
    http::{Method, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{
    App,
    access_log::is_about_us,
    error_response::{self, Caller},
};
use crate::{
    http::request_error::RequestError,
    upstream::{DestType, Held, Ownership, Upstream, UpstreamError, dest_type, ownership},
};

/// Answers a request, or has it answered. Without an upstream all are ours.
pub(super) async fn here_or_there(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let answer = answered(&app, request, next).await;
    answer.unwrap_or_else(|error| error_response::answer(&error, Caller::RudderServer))
}

async fn answered(app: &App, request: Request, next: Next) -> Result<Response, RequestError> {
    app.ready.rudder_server().notice(request.uri().path());
    let request = recorded(app, request).await?;
    let Some(upstream) = &app.upstream else {
        return Ok(next.run(request).await);
    };
    let path = request.uri().path();
    if !is_about_us(path) && !upstream.is_heard() {
        return Err(UpstreamError::Unheard.into());
    }
    match ownership(path) {
        Ownership::Ours => Ok(next.run(request).await),
        Ownership::Theirs => Ok(upstream.pass(request).await?),
        Ownership::ByBody => by_body(app, upstream, request, next).await,
    }
}

/// Records a POST, for which its body is held whole.
async fn recorded(app: &App, request: Request) -> Result<Request, RequestError> {
    let recorder = app.recorder.as_ref();
    let Some(recorder) = recorder.filter(|_| request.method() == Method::POST) else {
        return Ok(request);
    };
    let (parts, held) = held(app, request).await?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    recorder.record(path, &parts.headers, &held.whole());
    Ok(Request::from_parts(parts, held.into_body()))
}

/// Holds the body of a request, which takes its memory from here on.
async fn held(app: &App, request: Request) -> Result<(Parts, Held), RequestError> {
    let share = app.share(request.extensions());
    let (parts, body) = request.into_parts();
    let held = Held::read(body, app.body_limits, &share).await?;
    Ok((parts, held))
}

/// The body is held once, looked at from its end, and goes on as it came.
async fn by_body(
    app: &App,
    upstream: &Upstream,
    request: Request,
    next: Next,
) -> Result<Response, RequestError> {
    let (parts, held) = held(app, request).await?;
    let encoding = parts.headers.get(header::CONTENT_ENCODING);
    let gzip = encoding.is_some_and(|encoding| encoding == "gzip");
    let share = app.share(&parts.extensions);
    let whose = dest_type(&held, gzip, app.body_limits.largest, &share)?;
    let request = Request::from_parts(parts, held.into_body());
    match whose {
        DestType::Ours => Ok(next.run(request).await),
        DestType::Theirs => Ok(upstream.pass(request).await?),
    }
}
