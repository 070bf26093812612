//! The org's HTTP face: its routes, and how an answer, or the lack of one, goes out.

use std::{future, io};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;

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
        .with_state(simulator)
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
        Delivery::Dropped => broken(Bytes::new()),
        Delivery::CutOff(answer) => {
            let body = answer.body.map(|body| body.to_string()).unwrap_or_default();
            broken(Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]))
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
                [(header::CONTENT_TYPE, JSON)],
                body.to_string(),
            )
                .into_response(),
            None => self.status.into_response(),
        }
    }
}

fn page(status: StatusCode, title: &str) -> Response {
    let html =
        format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

/// A body that fails after so much of it, which makes the server close the connection.
fn broken(sent: Bytes) -> Response {
    let failure = io::Error::from(io::ErrorKind::ConnectionAborted);
    let sent = (!sent.is_empty()).then_some(Ok(sent));
    let parts = sent.into_iter().chain([Err::<Bytes, _>(failure)]);
    Body::from_stream(stream::iter(parts.collect::<Vec<_>>())).into_response()
}

#[cfg(test)]
mod tests;
