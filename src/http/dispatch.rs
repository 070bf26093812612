//! Dispatches each request to this service or to the upstream. No request is answered until the upstream has answered
//! once.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;

use super::{
    App,
    body::{gunzipped, whole},
    error_response::Rejection,
    request_error::RequestError,
    routes::{Backend, HttpRoute},
};
use crate::{
    rudderstack::DestinationName,
    server::memory::Share,
    upstream::{self, Upstream, UpstreamError},
};

/// Answers a request, or forwards it to the upstream. Without an upstream, every request is answered here.
pub(super) async fn dispatch(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    app.contact.notice(request.uri().path());
    let request = recorded(&app, request).await?;
    Ok(match &app.upstream {
        None => next.run(request).await,
        Some(upstream) => here_or_there(&app, upstream, request, next).await?,
    })
}

/// Records a POST request. Its whole body is read for this.
async fn recorded(app: &App, request: Request) -> Result<Request, RequestError> {
    let recorder = app.recorder.as_ref();
    let Some(recorder) = recorder.filter(|_| request.method() == Method::POST) else {
        return Ok(request);
    };
    let (parts, body) = whole(request, app).await?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    recorder.record(path, &parts.headers, &body);
    Ok(Request::from_parts(parts, body.into()))
}

async fn here_or_there(
    app: &App,
    upstream: &Upstream,
    request: Request,
    next: Next,
) -> Result<Response, RequestError> {
    let route = HttpRoute::of(request.extensions());
    if !route.is_some_and(HttpRoute::is_probe) && !upstream.has_answered() {
        return Err(UpstreamError::NeverAnswered.into());
    }
    let (request, is_local) = match route.map_or(Backend::Upstream, |route| route.backend) {
        Backend::Local => (request, true),
        Backend::Upstream => (request, false),
        Backend::ByDestination => {
            let is_local = names_our_destination(request.uri().path());
            (request, is_local)
        }
        Backend::ByBody => by_body(app, request).await?,
    };
    Ok(if is_local {
        next.run(request).await
    } else {
        upstream.pass(request).await?
    })
}

/// Whether the path of a destination's route names one of ours. The match is exact: `salesforce_bulk_upload` is another
/// destination.
fn names_our_destination(path: &str) -> bool {
    let name = path.split('/').nth(3).unwrap_or_default();
    DestinationName::parse(name).is_some()
}

/// Reads the body once and looks for its `destType` from the end. The request is passed on with its body unchanged.
async fn by_body(app: &App, request: Request) -> Result<(Request, bool), RequestError> {
    let (parts, body) = whole(request, app).await?;
    let share = app.share(&parts.extensions);
    let is_local = is_for_salesforce(app, &parts.headers, &body, &share)?;
    Ok((Request::from_parts(parts, body.into()), is_local))
}

/// A compressed body is decompressed to find its `destType`. One that is corrupt goes to the upstream, which answers it
/// as before.
fn is_for_salesforce(
    app: &App,
    headers: &HeaderMap,
    body: &Bytes,
    share: &Share,
) -> Result<bool, RequestError> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_none_or(|encoding| encoding != "gzip") {
        return Ok(upstream::is_for_salesforce(body));
    }
    let opened = gunzipped(body, app.body_limits, share)?;
    Ok(opened.is_some_and(|body| upstream::is_for_salesforce(&body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_exact_names_are_ours() {
        for path in [
            "/v0/destinations/salesforce",
            "/v0/destinations/SALESFORCE_OAUTH",
            "/v1/destinations/salesforce_oauth_sandbox/proxy",
        ] {
            assert!(names_our_destination(path), "{path}");
        }
        for path in [
            "/v0/destinations/salesforce_bulk_upload",
            "/v0/destinations/salesforce_marketing_cloud/proxy",
            "/v0/destinations/klaviyo",
        ] {
            assert!(!names_our_destination(path), "{path}");
        }
    }
}
