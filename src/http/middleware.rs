//! All layers in one place.

use std::any::Any;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Uri, header, uri::PathAndQuery},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower::util::MapRequestLayer;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::SizeAbove},
    decompression::RequestDecompressionLayer,
};

use super::{
    App, access_log, dispatch, drain, error_response::Rejection, request_error::RequestError,
    routes::HttpRoute,
};
use crate::{config::Serving, lifecycle::panic_message, server::Unanswered};

/// Answers below this size are not compressed, in bytes.
const MIN_COMPRESSED_BYTES: u16 = 1024;

/// The layers of the routes that take events, outermost last. The body limit lies inside decompression, so that it
/// applies to the decompressed size.
pub(super) fn around_events(routes: Router<App>, settings: &Serving) -> Router<App> {
    let compressed = SizeAbove::new(MIN_COMPRESSED_BYTES).and(DefaultPredicate::new());
    let routes = routes
        .layer(
            RequestDecompressionLayer::new()
                .gzip(true)
                .pass_through_unaccepted(true),
        )
        .layer(catching_panics())
        .layer(middleware::map_response(api_version));
    if !settings.compress_answers {
        return routes;
    }
    routes.layer(
        CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(compressed),
    )
}

/// The layers of all routes. Paths must be normalised before routes are matched, so these layers wrap a separate
/// router.
pub(super) fn around_all(routes: Router<App>, app: &App) -> Router<App> {
    let observed = routes
        .layer(middleware::from_fn_with_state(app.clone(), drain::drain))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            dispatch::dispatch,
        ))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            access_log::observe,
        ))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            close_when_stopping,
        ))
        .layer(middleware::from_fn(success_or_nothing))
        .with_state::<()>(app.clone());
    let tidied = tower::Layer::layer(&MapRequestLayer::new(tidy_path), observed);
    Router::new().fallback_service(tidied)
}

/// Normalises paths such as `//v0/destinations/x/`, which result from `DEST_TRANSFORM_URL=http://host:9090/`.
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

/// Once this service is about to stop, asks clients with kept-alive connections to reconnect, so that they reach
/// another instance.
async fn close_when_stopping(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if !app.lifecycle.is_ready() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Closes the connection of a `GET /features` that cannot be answered with the features. rudder-server takes any status for an
/// answer, starts with its built-in features and keeps some of them until it restarts. After a broken connection it asks
/// again and starts nothing meanwhile (`docs/rudder-server.md#features`).
async fn success_or_nothing(request: Request, next: Next) -> Response {
    let route = HttpRoute::of(request.extensions());
    let mut response = next.run(request).await;
    if route.is_some_and(|route| route.fails_without_status) && response.status().is_server_error()
    {
        response.extensions_mut().insert(Unanswered);
    }
    response
}

/// rudder-server ends its process on a 200 without this header.
async fn api_version(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert("apiVersion", HeaderValue::from_static("2"));
    response
}

/// A type that `CatchPanicLayer` calls for the answer to a panic.
type Panicked = fn(Box<dyn Any + Send>) -> Response;

/// Answers where a handler panics.
pub(super) fn catching_panics() -> CatchPanicLayer<Panicked> {
    CatchPanicLayer::custom(panicked as Panicked)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "CatchPanicLayer hands the cause over"
)]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = panic_message(cause.as_ref());
    tracing::error!(cause, "a handler panicked: please report this as a bug");
    Rejection::from(RequestError::Panicked).into_response()
}
