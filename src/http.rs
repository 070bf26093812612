//! The routes on one page. `middleware` has the layers, `transforms`, `deliveries` and `information` the handlers,
//! `failure` the answers to requests that cannot be served.

mod answer;
mod deliveries;
mod failure;
mod front;
mod heard;
mod information;
mod middleware;
mod observed;
mod received;
mod traces;
mod transforms;
mod unread;
mod unserved;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{heard::Heard, unserved::Unserved};
use crate::{
    config::Config,
    contract::DestinationName,
    in_flight::InFlight,
    metrics::Metrics,
    pipeline::Pipeline,
    proxy::Proxy,
    record::Recorder,
    salesforce::Salesforce,
    upstream::{BodyLimits, Upstream},
};

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    pipeline: Arc<Pipeline>,
    proxy: Proxy,
    salesforce: Arc<Salesforce>,
    salesforce_timeout: Duration,
    metrics: Arc<Metrics>,
    ready: Readiness,
    body_limits: BodyLimits,
    in_flight: InFlight,
    upstream: Option<Arc<Upstream>>,
    recorder: Option<Recorder>,
    unserved: Unserved,
}

/// The life of a service: whether new requests are welcome, which writes are under way, the memory that requests take,
/// whether rudder-server has come, and when files are read again.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    stopping: CancellationToken,
    writes: TaskTracker,
    rudder_server: Arc<Heard>,
    in_flight: InFlight,
    /// How often the files of settings were to be read again.
    rereads: watch::Sender<u64>,
}

impl Readiness {
    /// The memory of requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// Says that the service is about to stop: `/ready` answers 503 from now on.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Resolves once the service is about to stop.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Resolves once every write that has begun is finished, also those whose callers have hung up.
    pub async fn written(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    /// Logs what to look at where nothing has come from rudder-server `patience` after this call.
    pub async fn expect_rudder_server(self, patience: Duration) {
        self.rudder_server.remind(patience).await;
    }

    /// Has everything read again that settings name and that can be read again while the service runs.
    pub fn reread(&self) {
        self.rereads.send_modify(|rereads| *rereads += 1);
    }

    /// Changes each time that files are to be read again.
    pub(crate) fn rereads(&self) -> watch::Receiver<u64> {
        self.rereads.subscribe()
    }

    fn is_ready(&self) -> bool {
        !self.stopping.is_cancelled()
    }

    /// Runs a write to its end, whatever becomes of its caller.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        write: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.writes.spawn(write)
    }
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
    ready: Readiness,
    upstream: Option<Arc<Upstream>>,
    recorder: Option<Recorder>,
) -> Router {
    ready.in_flight.limit(config.serving.most_in_flight());
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
        in_flight: ready.in_flight.clone(),
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
        .route("/features", get(information::features))
        .route("/health", get(information::health))
        .route("/ready", get(information::ready))
        .route("/version", get(information::version))
        .route("/buildVersion", get(information::version))
        .route("/transformerBuildVersion", get(information::version))
        .route("/metrics", get(information::metrics))
        .route("/limits", get(information::limits))
        .route("/deleteUsers", post(information::delete_users));
    let routes = service
        .merge(transforms)
        .fallback(information::unknown)
        .method_not_allowed_fallback(information::wrong_method);
    middleware::around_all(routes, &app).with_state(app)
}

/// The destinations by the names that `/features` advertises.
const ADVERTISED: [DestinationName; 3] = [
    DestinationName::Salesforce,
    DestinationName::SalesforceOauth,
    DestinationName::SalesforceOauthSandbox,
];
