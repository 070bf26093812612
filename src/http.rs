//! The routes on one page; `middleware` has the layers, `routes` the handlers, `failure` the answers to bad requests.

mod failure;
mod middleware;
mod routes;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::{config::Config, contract::DestinationName, metrics::Metrics, pipeline::Pipeline};

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    pipeline: Arc<Pipeline>,
    metrics: Arc<Metrics>,
    ready: Readiness,
    body_limit: usize,
}

/// Whether new requests are welcome: `/ready` says so until the service begins to stop.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<AtomicBool>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Readiness {
    /// Says that the service is about to stop.
    pub fn stop(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What `GET /` tells a person who has just found the service.
const ROUTES: &str = "\
salesforce-transformer: RudderStack events in, Salesforce requests out

POST /transform                      events in any form; answers an array, one element a request or failed event
POST /v0/destinations/{destination}  rudder-server's processor: salesforce, salesforce_oauth, salesforce_oauth_sandbox
POST /routerTransform                rudder-server's router
GET  /features                       what rudder-server may ask for
GET  /health  /ready  /metrics
GET  /version  /buildVersion  /transformerBuildVersion
";

/// All routes with their layers.
pub(crate) fn router(
    config: &Config,
    pipeline: Arc<Pipeline>,
    metrics: Arc<Metrics>,
    ready: Readiness,
) -> Router {
    let body_limit = usize::try_from(config.body_limit.as_u64()).unwrap_or(usize::MAX);
    let app = App {
        pipeline,
        metrics,
        ready,
        body_limit,
    };
    let transforms = Router::new()
        .route("/transform", post(routes::transform))
        .route("/v0/destinations/{destination}", post(routes::processor))
        .route("/routerTransform", post(routes::router))
        .layer(DefaultBodyLimit::max(body_limit));
    let transforms = middleware::around_transforms(transforms, config);
    let service = Router::new()
        .route("/", get(ROUTES))
        .route("/features", get(routes::features))
        .route("/health", get(routes::health))
        .route("/ready", get(routes::ready))
        .route("/version", get(routes::version))
        .route("/buildVersion", get(routes::version))
        .route("/transformerBuildVersion", get(routes::version))
        .route("/metrics", get(routes::metrics));
    let routes = service.merge(transforms).fallback(routes::unknown);
    middleware::around_all(routes, &app).with_state(app)
}

/// The destinations by the names that `/features` advertises.
const ADVERTISED: [DestinationName; 3] = [
    DestinationName::Salesforce,
    DestinationName::SalesforceOauth,
    DestinationName::SalesforceOauthSandbox,
];
