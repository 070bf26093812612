//! The org's HTTP face: its routes, and how an answer, or the lack of one, goes out.

use std::{future, io};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::{
    Simulator, describe, fault::Delivery, operation::Request, refusal::Answer, state::Served,
};

/// The longest path and query in bytes; longer ones are refused before anything else is looked at.
const URI_LIMIT: usize = 16_384;
const JSON: &str = "application/json;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";

pub(super) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/services/oauth2/token", post(token))
        .route("/services/data", get(versions))
        .route("/services/data/", get(versions))
        .fallback(api)
        .layer(from_fn_with_state(simulator.clone(), delayed))
        .with_state(simulator)
}

/// A call on its way to the org and back: half of the latency each. The org is not held meanwhile, so calls overlap: what
/// one has read is old when another one writes.
async fn delayed(State(simulator): State<Simulator>, request: HttpRequest, next: Next) -> Response {
    let way = simulator.state().latency / 2;
    if way.is_zero() {
        return next.run(request).await;
    }
    sleep(way).await;
    let response = next.run(request).await;
    sleep(way).await;
    response
}

/// Credentials are read from the body alone: those in the URL would end up in logs.
async fn token(State(simulator): State<Simulator>, headers: HeaderMap, body: Bytes) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let served = simulator.state().login(&body, &format!("http://{host}"));
    respond(served).await
}

/// The list of versions is for everybody, and no call.
async fn versions() -> Answer {
    Answer::new(StatusCode::OK, describe::versions())
}

async fn api(
    State(simulator): State<Simulator>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri
        .path_and_query()
        .is_some_and(|uri| uri.as_str().len() > URI_LIMIT)
    {
        simulator.state().calls.refused += 1;
        return page(StatusCode::URI_TOO_LONG, "URI Too Long");
    }
    let request = Request {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query(),
        headers: &headers,
        body: &body,
    };
    let served = simulator.state().serve(bearer(&headers), &request);
    respond(served).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

async fn respond(Served { delivery, usage }: Served) -> Response {
    let response = match delivery {
        Delivery::Answer(answer) => answer.into_response(),
        Delivery::Html => page(StatusCode::OK, "Down for maintenance"),
        Delivery::Dropped => broken(StatusCode::OK, Bytes::new()),
        Delivery::Says(status, body) => says(status, body),
        Delivery::CutOff(answer) => {
            let body = answer.body.as_ref().map(ToString::to_string);
            let body = body.unwrap_or_default();
            let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
            broken(answer.status, half)
        }
        Delivery::Never => future::pending().await,
    };
    match usage {
        Some(usage) => ([("Sforce-Limit-Info", usage)], response).into_response(),
        None => response,
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self.body {
            Some(body) => (
                self.status,
                self.headers,
                [(header::CONTENT_TYPE, JSON)],
                body.to_string(),
            )
                .into_response(),
            None => (self.status, self.headers).into_response(),
        }
    }
}

fn page(status: StatusCode, title: &str) -> Response {
    let html =
        format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

fn says(status: u16, body: &'static str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if body.is_empty() {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// A body that fails after so much of it, which has gone out by then, and makes the server close the connection.
fn broken(status: StatusCode, sent: Bytes) -> Response {
    let failure = io::Error::from(io::ErrorKind::ConnectionAborted);
    let sent = (!sent.is_empty()).then_some(Ok(sent));
    let goes_out = sent.is_some();
    let failure = stream::once(async move {
        if goes_out {
            tokio::task::yield_now().await;
        }
        Err(failure)
    });
    let body = Body::from_stream(stream::iter(sent).chain(failure));
    (status, body).into_response()
}

#[cfg(test)]
mod tests;
