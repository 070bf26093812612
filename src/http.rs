//! The routes on one page. `middleware` has the layers, `transforms`, `deliveries` and `status` the handlers,
//! `error_response` the answers to requests that cannot be served.

mod access_log;
mod answer;
mod body;
mod deliveries;
mod dispatch;
mod drain;
mod error_response;
mod middleware;
pub mod request_error;
mod status;
mod traces;
mod transforms;
mod unserved;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};

use self::unserved::Unserved;
use crate::{
    config::Config,
    delivery::proxy::Proxy,
    lifecycle::Lifecycle,
    metrics::Metrics,
    pipeline::Pipeline,
    rudderstack::DestinationName,
    salesforce::Salesforce,
    server::memory::InFlight,
    upstream::{BodyLimits, Upstream, recorder::Recorder},
};

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    pipeline: Arc<Pipeline>,
    proxy: Proxy,
    salesforce: Arc<Salesforce>,
    salesforce_timeout: Duration,
    metrics: Arc<Metrics>,
    ready: Lifecycle,
    body_limits: BodyLimits,
    in_flight: InFlight,
    upstream: Option<Arc<Upstream>>,
    recorder: Option<Recorder>,
    unserved: Unserved,
}

/// What `GET /` tells a person who has just found the service.
const ROUTES: &str = "\
salesforce-transformer: RudderStack events in, Salesforce requests out

POST /transform                      events in any form; answers an array, one element a request or failed event
POST /v0/destinations/{destination}  rudder-server's processor: salesforce, salesforce_oauth, salesforce_oauth_sandbox
POST /routerTransform                rudder-server's router
POST /v0|v1/destinations/{destination}/proxy  rudder-server's deliveries: sends one request to Salesforce
GET  /features                       what rudder-server may ask for
GET  /limits                         API calls of each org: used, left, spent by kind, saved
GET  /health  /ready  /metrics
GET  /version  /buildVersion  /transformerBuildVersion
";

/// All routes with their layers.
pub(crate) fn router(
    config: &Config,
    salesforce: Arc<Salesforce>,
    metrics: Arc<Metrics>,
    ready: Lifecycle,
    upstream: Option<Arc<Upstream>>,
    recorder: Option<Recorder>,
) -> Router {
    ready.in_flight().limit(config.serving.most_in_flight());
    let app = App {
        pipeline: Arc::new(Pipeline::new(
            config,
            Arc::clone(&salesforce),
            Arc::clone(&metrics),
            ready.clone(),
        )),
        proxy: Proxy::new(Arc::clone(&salesforce), config.rules()),
        salesforce,
        salesforce_timeout: config.salesforce_timeout,
        metrics,
        in_flight: ready.in_flight().clone(),
        ready,
        body_limits: BodyLimits {
            largest: config.serving.largest_body(),
            timeout: config.serving.body_timeout,
            rate: config.serving.min_body_rate.as_u64(),
        },
        upstream,
        recorder,
        unserved: Unserved::default(),
    };
    let transforms = Router::new()
        .route("/transform", post(transforms::transform))
        .route(
            "/v0/destinations/{destination}",
            post(transforms::processor),
        )
        .route("/routerTransform", post(transforms::router))
        .route("/batch", post(transforms::batch))
        .route(
            "/v0/destinations/{destination}/proxy",
            post(deliveries::proxy_v0),
        )
        .route(
            "/v1/destinations/{destination}/proxy",
            post(deliveries::proxy_v1),
        );
    let transforms = middleware::around_transforms(transforms, config);
    let service = Router::new()
        .route("/", get(ROUTES))
        .route("/features", get(status::features))
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .route("/version", get(status::version))
        .route("/buildVersion", get(status::version))
        .route("/transformerBuildVersion", get(status::version))
        .route("/metrics", get(status::metrics))
        .route("/limits", get(status::limits))
        .route("/deleteUsers", post(status::delete_users));
    let routes = service
        .merge(transforms)
        .fallback(status::unknown)
        .method_not_allowed_fallback(status::wrong_method);
    middleware::around_all(routes, &app).with_state(app)
}

/// The destinations by the names that `/features` advertises.
const ADVERTISED: [DestinationName; 3] = [
    DestinationName::Salesforce,
    DestinationName::SalesforceOauth,
    DestinationName::SalesforceOauthSandbox,
];
