//! The delivery proxy: sends one request to Salesforce and reports its outcome.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    App, body::RequestBody, error_response::Rejection, parts::DestinationPath,
    request_error::RequestError, streamed_response::json_response, traces::Traces,
};
use crate::{
    reply,
    rudderstack::delivery_request::{ProxyRequest, ProxyVersion},
};

/// `POST /v0/destinations/{destination}/proxy`
pub(super) async fn proxy_v0(
    app: State<App>,
    name: DestinationPath,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, Rejection> {
    proxy(ProxyVersion::V0, app, name, headers, body).await
}

/// `POST /v1/destinations/{destination}/proxy`
pub(super) async fn proxy_v1(
    app: State<App>,
    name: DestinationPath,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, Rejection> {
    proxy(ProxyVersion::V1, app, name, headers, body).await
}

/// Delivers one request. The write continues if the client hangs up, because it may already have reached Salesforce.
async fn proxy(
    version: ProxyVersion,
    State(app): State<App>,
    DestinationPath(name): DestinationPath,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, Rejection> {
    let life = app.lifecycle.clone();
    let delivery = async move {
        let text = body.text();
        let document = body.document(&text)?;
        let request = ProxyRequest::read(document.root(), version)?;
        let timeout = timeout_of(&headers);
        let outcome = app.proxy.deliver(name, &request, timeout).await;
        if let Some(events) = &app.events {
            events.note_delivery(&request, &outcome);
        }
        let delivered = outcome.into_delivered();
        let traces = Traces::of_jobs(request.jobs.iter().map(|job| job.metadata));
        let (status, json) = reply::proxy::answer(version, name, &request, &delivered);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let traces = traces.map(Extension);
        Ok((status, traces, json_response(Body::from(json))).into_response())
    };
    let delivered = life.write(delivery).await.unwrap_or_else(|panicked| {
        tracing::error!(%panicked, "a delivery panicked: please report this as a bug");
        Err(RequestError::Panicked)
    });
    Ok(delivered?)
}

/// How long the client of the proxy waits for Salesforce: the `RdProxy-Timeout` header, in ms.
fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    let header = headers.get("rdproxy-timeout")?.to_str().ok()?;
    let millis = header.parse().ok().filter(|millis| *millis > 0);
    millis.map(Duration::from_millis)
}
