//! The handlers, a sentence each.

use std::borrow::Cow;

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value as JsonValue, json};

use super::{
    ADVERTISED, App,
    failure::{self, Caller},
};
use crate::{
    contract::{
        Batch, DestinationName, batch,
        json::{Kind, Value},
        reply::{self, Explain},
    },
    error::RequestError,
};

type Received = Result<Bytes, BytesRejection>;

/// `POST /transform`: events in any form, for people and programs.
pub(super) async fn transform(
    State(app): State<App>,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let answer = async {
        require_json(&headers)?;
        let body = app.received(&headers, body)?;
        let text = batch::text(&body);
        let batch = Batch::any_form(&text)?;
        let outcomes = app.pipeline.run(&batch).await;
        reply::processor(
            &batch,
            &outcomes,
            DestinationName::Salesforce.upper(),
            Explain::Yes,
        )
    };
    respond(answer.await, Caller::Person)
}

/// `POST /v0/destinations/{destination}`: rudder-server's processor.
pub(super) async fn processor(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let answer = async {
        let name = DestinationName::parse(&name)
            .ok_or_else(|| RequestError::unknown_destination(&name))?;
        let body = app.received(&headers, body)?;
        let text = batch::text(&body);
        let batch = Batch::processor(&text)?;
        let outcomes = app.pipeline.run(&batch).await;
        reply::processor(&batch, &outcomes, name.upper(), Explain::No)
    };
    respond(answer.await, Caller::RudderServer)
}

/// `POST /routerTransform`: rudder-server's router.
pub(super) async fn router(State(app): State<App>, headers: HeaderMap, body: Received) -> Response {
    let answer = async {
        let body = app.received(&headers, body)?;
        let text = batch::text(&body);
        let secret = headers
            .get("oauth-secret")
            .map(|secret| batch::text(secret.as_bytes()));
        let (batch, _) = Batch::router(&text, read_secret(secret.as_ref())?)?;
        let outcomes = app.pipeline.run(&batch).await;
        reply::router(&batch, &outcomes)
    };
    respond(answer.await, Caller::RudderServer)
}

/// The secret of the header, to be echoed byte for byte. `null`, `false`, `0` and `""` are none.
fn read_secret<'h>(header: Option<&'h Cow<'h, str>>) -> Result<Option<Value<'h>>, RequestError> {
    let Some(text) = header.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let secret: Value<'h> = serde_json::from_str(text).map_err(RequestError::SecretNotJson)?;
    Ok(Some(secret).filter(|secret| secret.kind() == Kind::Object || secret.is_truthy()))
}

fn require_json(headers: &HeaderMap) -> Result<(), RequestError> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .map_or("missing", |value| value.to_str().unwrap_or("unreadable"));
    let essence = found
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        Ok(())
    } else {
        Err(RequestError::ContentType {
            found: found.to_owned(),
        })
    }
}

fn respond(answer: Result<Vec<u8>, RequestError>, caller: Caller) -> Response {
    match answer {
        Ok(json) => (
            [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
            Body::from(json),
        )
            .into_response(),
        Err(error) => failure::answer(&error, caller),
    }
}

impl App {
    /// The body of a request, whole and decompressed.
    fn received(&self, headers: &HeaderMap, body: Received) -> Result<Bytes, RequestError> {
        if let Some(encoding) = headers
            .get(header::CONTENT_ENCODING)
            .filter(|encoding| *encoding != "identity")
        {
            return Err(RequestError::ContentEncoding {
                found: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
            });
        }
        body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => RequestError::TooLarge {
                limit: self.body_limit,
            },
            _ => RequestError::Unreadable(rejection.body_text()),
        })
    }
}

/// `GET /features`: read by rudder-server before anything else; the keys of wire contract section 1.1.
pub(super) async fn features() -> Json<JsonValue> {
    let ours: serde_json::Map<_, _> = ADVERTISED
        .iter()
        .map(|name| (name.upper().to_owned(), JsonValue::Bool(true)))
        .collect();
    Json(json!({
        "routerTransform": ours,
        "regulations": [],
        "supportSourceTransformV1": true,
        "upgradedToSourceTransformV2": true,
        "supportTransformerProxyV1": false,
        "supportDestTransformCompactedPayloadV1": false,
    }))
}

/// `GET /health`: the process is alive.
pub(super) async fn health() -> Json<JsonValue> {
    Json(json!({ "service": "UP", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /ready`: new requests are welcome.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<JsonValue>) {
    if app.ready.is_ready() {
        (StatusCode::OK, Json(json!({ "ready": true })))
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "ready": false, "reason": "the service is stopping" })),
        )
    }
}

/// `GET /version` and its two older names.
pub(super) async fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics.encode(),
    )
        .into_response()
}

/// Everything else. A POST may be rudder-server's, whose events a 404 would drop.
pub(super) async fn unknown(method: Method, uri: Uri) -> Response {
    let error = RequestError::UnknownPath {
        path: uri.path().to_owned(),
    };
    let caller = if method == Method::POST {
        Caller::RudderServer
    } else {
        Caller::Person
    };
    failure::answer(&error, caller)
}
