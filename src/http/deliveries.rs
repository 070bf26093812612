//! The delivery proxy: one request to Salesforce, and its outcome.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    App,
    body::{Named, Received, as_json, ours},
    error_response::{self, Caller},
    traces::Traces,
};
use crate::{
    http::request_error::RequestError,
    reply,
    rudderstack::{
        batch,
        delivery_request::{ProxyRequest, ProxyVersion},
    },
};

/// `POST /v0/destinations/{destination}/proxy`
pub(super) async fn proxy_v0(
    app: State<App>,
    name: Named,
    headers: HeaderMap,
    body: Received,
) -> Response {
    proxy(ProxyVersion::V0, app, name, headers, body).await
}

/// `POST /v1/destinations/{destination}/proxy`
pub(super) async fn proxy_v1(
    app: State<App>,
    name: Named,
    headers: HeaderMap,
    body: Received,
) -> Response {
    proxy(ProxyVersion::V1, app, name, headers, body).await
}

/// Delivers one request. The write goes on where the caller hangs up: it may have reached Salesforce already.
async fn proxy(
    version: ProxyVersion,
    State(app): State<App>,
    name: Named,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let life = app.ready.clone();
    let delivery = async move {
        let name = ours(name)?;
        let body = body.whole()?;
        let text = batch::text(&body);
        let outline = body.outline(&text)?;
        let request = ProxyRequest::read(outline.root(), version)?;
        let timeout = app.proxy_timeout(&headers);
        let outcome = app.proxy.deliver(name, &request, timeout).await;
        let traces = Traces::of_jobs(request.jobs.iter().map(|job| job.metadata));
        let (status, json) = reply::proxy::answer(version, name, &request, &outcome);
        Ok((status, traces.map(Extension), json))
    };
    match life.write(delivery).await {
        Ok(Ok((status, traces, json))) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, traces, as_json(Body::from(json))).into_response()
        }
        Ok(Err(error)) => error_response::answer(&error, Caller::RudderServer),
        Err(panicked) => {
            tracing::error!(%panicked, "a delivery panicked: please report this as a bug");
            error_response::answer(&RequestError::Panicked, Caller::RudderServer)
        }
    }
}

impl App {
    /// How long the caller of the proxy waits for Salesforce: the header `RdProxy-Timeout` in ms, else the setting.
    fn proxy_timeout(&self, headers: &HeaderMap) -> Duration {
        let header = headers
            .get("rdproxy-timeout")
            .and_then(|value| value.to_str().ok());
        let millis = header
            .and_then(|value| value.parse().ok())
            .filter(|millis| *millis > 0);
        millis.map_or(self.salesforce_timeout, Duration::from_millis)
    }
}
