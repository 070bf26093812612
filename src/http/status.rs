//! The routes that are polled, and the answers for unknown routes and methods.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value as JsonValue, json};

use super::{
    App,
    error_response::Rejection,
    request_error::RequestError,
    routes::{self, ClientKind},
};
use crate::{
    metrics::ServiceFigures, rudderstack::DestinationName, salesforce::limits::Figures,
    server::telemetry, shared_state::Sharing, upstream::Upstream,
};

/// The destinations that `/features` advertises, by name.
const ADVERTISED: [DestinationName; 3] = [
    DestinationName::Salesforce,
    DestinationName::SalesforceOauth,
    DestinationName::SalesforceOauthSandbox,
];

/// `GET /`: the routes.
pub(super) async fn index() -> String {
    routes::index()
}

/// `GET /features`: rudder-server reads this before anything else; `docs/rudder-server.md#features` explains the keys.
/// If there is an upstream, our features override its own.
pub(super) async fn features(State(app): State<App>) -> Json<JsonValue> {
    let ours = our_features();
    let upstream = app.upstream.as_ref();
    let both = upstream.and_then(|upstream| upstream.features_with(&ours));
    Json(JsonValue::Object(both.unwrap_or(ours)))
}

fn our_features() -> serde_json::Map<String, JsonValue> {
    let names = ADVERTISED.iter();
    let ours: serde_json::Map<_, _> = names
        .map(|name| (name.upper().to_owned(), JsonValue::Bool(true)))
        .collect();
    let features = [
        ("routerTransform", JsonValue::Object(ours)),
        ("regulations", json!([])),
        ("supportSourceTransformV1", JsonValue::Bool(true)),
        ("upgradedToSourceTransformV2", JsonValue::Bool(true)),
        ("supportTransformerProxyV1", JsonValue::Bool(true)),
        (
            "supportDestTransformCompactedPayloadV1",
            JsonValue::Bool(true),
        ),
    ];
    let features = features.into_iter();
    features
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// `GET /health`: the process is alive.
pub(super) async fn health() -> Json<JsonValue> {
    Json(json!({ "service": "UP", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /ready`: whether new requests are welcome. A failing upstream does not make the service unready, because that
/// would also block Salesforce's events.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<JsonValue>) {
    let reason = app.not_ready_reason();
    let rudder_server = if app.contact.is_made() {
        "heard"
    } else {
        "unheard"
    };
    let mut body = json!({ "ready": reason.is_none(), "rudderServer": rudder_server });
    if let Some(upstream) = &app.upstream {
        body["upstream"] = upstream.state().into();
    }
    match app.shared_state.sharing() {
        Sharing::Off => {}
        Sharing::Away(failure) => {
            body["sharedState"] = "away".into();
            body["sharedStateFailure"] = failure.to_string().into();
        }
        sharing @ (Sharing::Connecting | Sharing::Up) => {
            body["sharedState"] = sharing.name().into();
        }
    }
    match reason {
        None => (StatusCode::OK, Json(body)),
        Some(reason) => {
            body["reason"] = reason.into();
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}

impl App {
    /// Why new requests are not welcome.
    fn not_ready_reason(&self) -> Option<&'static str> {
        let is_unknown = |upstream: &Arc<Upstream>| !upstream.has_answered();
        if !self.lifecycle.is_ready() {
            Some("the service is stopping")
        } else if self.upstream.as_ref().is_some_and(is_unknown) {
            Some("waiting for the upstream's /features response")
        } else {
            None
        }
    }
}

/// `GET /version` and its two older names.
pub(super) async fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let now = ServiceFigures {
        requests_in_flight: app.in_flight.requests(),
        in_flight_bytes: app.in_flight.bytes(),
        in_flight_limit: app.in_flight.most(),
        is_ready: app.not_ready_reason().is_none(),
        upstream_answers: app
            .upstream
            .as_ref()
            .map(|upstream| upstream.is_answering()),
        lost_lines: telemetry::lost_lines(),
    };
    let orgs = app.salesforce.limits().figures();
    let orgs: Vec<_> = orgs.iter().map(Figures::metrics).collect();
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics.encode(&orgs, &now),
    )
        .into_response()
}

/// `GET /limits`: the API call usage of each org that this service has called.
pub(super) async fn limits(State(app): State<App>) -> Json<Vec<Figures>> {
    Json(app.salesforce.limits().figures())
}

/// Answers a known path with another method.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Rejection {
    Rejection {
        error: RequestError::method(uri.path(), method.as_str()),
        client: ClientKind::Person,
    }
}

/// Answers an unknown path. A POST may come from rudder-server, which would drop its events on a 404.
pub(super) async fn not_found(method: Method, uri: Uri) -> Rejection {
    let client = if method == Method::POST {
        ClientKind::RudderServer
    } else {
        ClientKind::Person
    };
    Rejection {
        error: RequestError::unknown_path(uri.path()),
        client,
    }
}

/// `POST /deleteUsers`: Salesforce records are not deleted. The answer is a failure, which the client stores and
/// reports.
pub(super) async fn delete_users() -> Response {
    let error = "deleting users is not supported for the Salesforce destinations: delete the records in Salesforce";
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        Json(json!([{ "statusCode": 500, "status": "failed", "error": error }])),
    )
        .into_response()
}
