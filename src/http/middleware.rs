//! The layers on one page.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Uri, uri::PathAndQuery},
    middleware::{self, Next},
    response::Response,
};
use tower::util::MapRequestLayer;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::SizeAbove},
    decompression::RequestDecompressionLayer,
};

use super::{
    App,
    failure::{self, Caller},
    front,
    transforms::Tally,
    unread,
};
use crate::{config::Config, error::RequestError, upstream::Passed};

/// Answers below this size are sent as they are, in bytes.
const SMALLEST_COMPRESSED: u16 = 1024;

/// The layers of the transform routes, outermost last. The body limit lies inside decompression, where it counts what a
/// small body opens to.
pub(super) fn around_transforms(routes: Router<App>, config: &Config) -> Router<App> {
    let compressed = SizeAbove::new(SMALLEST_COMPRESSED).and(DefaultPredicate::new());
    let routes = routes
        .layer(
            RequestDecompressionLayer::new()
                .gzip(true)
                .pass_through_unaccepted(true),
        )
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response(api_version));
    if !config.compress_answers {
        return routes;
    }
    routes.layer(
        CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(compressed),
    )
}

/// The layers of all routes. Paths are tidied before they are matched, so this lies around a router of its own.
pub(super) fn around_all(routes: Router<App>, app: &App) -> Router<App> {
    let observed = routes
        .layer(middleware::from_fn(unread::read_rest))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            front::here_or_there,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state::<()>(app.clone());
    let tidied = tower::Layer::layer(&MapRequestLayer::new(tidy_path), observed);
    Router::new().fallback_service(tidied)
}

/// Makes `//v0/destinations/x/` out of `DEST_TRANSFORM_URL=http://host:9090/` work.
fn tidy_path(mut request: Request) -> Request {
    let path = request.uri().path();
    let untidy = path.contains("//") || (path.len() > 1 && path.ends_with('/'));
    if untidy && let Some(uri) = tidied(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn tidied(uri: &Uri) -> Option<Uri> {
    let segments: Vec<&str> = uri
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = PathAndQuery::try_from(format!("/{}{query}", segments.join("/"))).ok()?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

/// rudder-server ends its process on a 200 without this header.
async fn api_version(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert("apiVersion", HeaderValue::from_static("2"));
    response
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "CatchPanicLayer hands the cause over"
)]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        cause = text.unwrap_or("unknown"),
        "a handler panicked: please report this as a bug"
    );
    failure::answer(&RequestError::Panicked, Caller::RudderServer)
}

/// One line in the log and one observation in the metrics for each request.
async fn observe(
    State(app): State<App>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    let (status, elapsed) = (response.status().as_u16(), start.elapsed());
    let passed = response.extensions().get::<Passed>().is_some();
    let matched = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let route = if passed { "upstream" } else { matched };
    app.metrics.request(route, status, elapsed);
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let polled =
        response.status().is_success() && matches!(route, "/health" | "/ready" | "/metrics");
    match response.extensions().get::<Tally>() {
        Some(Tally {
            events,
            requests,
            delivered,
            filtered,
            failed,
        }) => {
            tracing::info!(%method, route, status, duration_ms, events, requests, delivered, filtered, failed, "request");
        }
        None if polled => tracing::debug!(%method, route, status, duration_ms, "request"),
        None => tracing::info!(%method, route, status, duration_ms, "request"),
    }
    response
}
