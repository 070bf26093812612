//! `salesforce-transformer`: RudderStack events in, Salesforce requests out.
//!
//! `pipeline` reads a batch, checks each event, collects the lookups, queries Salesforce once, maps the fields,
//! describes the requests and answers. Data flows in one direction, and so do imports: a module may use the modules in
//! the rows below its own, never those above or beside it (`tests/layers.rs`).
//!
//! | layer | what it is for |
//! |---|---|
//! | `http` | routes, handlers, middleware, the body extractor, answers to rejected requests |
//! | `upstream`, [`check`], [`compare`], [`explain`], [`tail`] | the transformer behind this one; the subcommands |
//! | `pipeline` | plan, look up once, resolve, describe or deliver, merge |
//! | `reply`, `delivery`, `events` | response bodies; inline delivery and the delivery proxy; the last events for the admin address |
//! | `transform` | gate, plan, resolve, mapping, descriptor, outcome, the failures of an event |
//! | `salesforce` | the org's API: client, auth, lookup, write, limits, faults |
//! | `rudderstack` | what rudder-server and its SDKs send: batch, event, destination, delivery request, dynamic config |
//! | [`server`] | listeners, memory in flight, process, telemetry |
//! | `shared_state`, `metrics`, [`config`] | the state that replicas share; the registry; every setting, and the types that settings choose |
//! | `json`, [`lifecycle`], `process`, `text` | JSON documents; shutdown and pending writes; the process's resources; texts for people |

pub mod check;
pub mod compare;
pub mod config;
mod delivery;
mod events;
pub mod explain;
mod http;
#[doc(hidden)]
pub mod internals;
mod json;
pub mod lifecycle;
mod metrics;
mod pipeline;
mod process;
mod reply;
mod rudderstack;
mod salesforce;
pub mod server;
mod shared_state;
pub mod tail;
mod text;
mod transform;
mod upstream;

use std::sync::{Arc, Weak};

use axum::Router;
use thiserror::Error;
use tokio::sync::watch;

pub use config::Config;
pub use http::admin::{Admin, MAX_ADMIN_CONNECTIONS};

use crate::{
    config::{Setting, SettingError},
    delivery::{Deliveries, proxy::Proxy},
    events::Events,
    lifecycle::Lifecycle,
    pipeline::Pipeline,
    salesforce::{Salesforce, SalesforceError},
    server::memory::InFlight,
    shared_state::SharedState,
    upstream::{
        Upstream,
        recorder::{OpenError, Recorder},
    },
};

/// Why the service cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The HTTP client for Salesforce cannot be built.
    #[error(transparent)]
    Salesforce(#[from] SalesforceError),
    /// The HTTP client for the upstream cannot be built.
    #[error("cannot create the HTTP client: {0}")]
    Upstream(#[from] reqwest::Error),
    /// The token of the admin address cannot be read.
    #[error(transparent)]
    Admin(#[from] SettingError),
    /// The file of recorded requests cannot be opened.
    #[error(transparent)]
    Record(#[from] OpenError),
}

/// The routers of the service and of its admin address.
#[derive(Debug)]
pub struct Services {
    /// The whole service.
    pub service: Router,
    /// The admin address, if `ADMIN_LISTEN` is set.
    pub admin: Option<Admin>,
}

/// The whole service as a router, without its admin address, see [`services`].
///
/// # Errors
/// [`StartError`].
pub fn app(
    config: &Config,
    lifecycle: Lifecycle,
    in_flight: InFlight,
) -> Result<Router, StartError> {
    services(config, lifecycle, in_flight).map(|services| services.service)
}

/// The whole service as routers. Call it inside a Tokio runtime: the tasks that watch the upstream, expect
/// rudder-server and exchange what replicas share are spawned there. `in_flight` accounts for the memory of requests; the server that serves the router
/// counts its connections in it as well.
///
/// # Errors
/// [`StartError`].
pub fn services(
    config: &Config,
    lifecycle: Lifecycle,
    in_flight: InFlight,
) -> Result<Services, StartError> {
    let (metrics, rules) = (metrics::new(), config.rules());
    let policies = Arc::new(config.policies());
    let shared_state = SharedState::start(&config.shared_state, Arc::clone(&metrics));
    let salesforce = Salesforce::new(
        &config.salesforce,
        shared_state.clone(),
        Arc::clone(&metrics),
        in_flight.clone(),
    )?;
    let salesforce = Arc::new(salesforce);
    let admin = &config.admin;
    let events = admin
        .admin_listen
        .map(|_| Arc::new(Events::new(admin.events_kept, admin.admin_show_values)));
    let admin = events.as_ref().map(|events| {
        let (events, salesforce) = (Arc::clone(events), Arc::clone(&salesforce));
        Admin::new(admin, events, salesforce, lifecycle.clone())
    });
    let admin = admin.transpose()?;
    let token = admin.as_ref().and_then(Admin::token).cloned();
    tokio::spawn(reread(
        lifecycle.rereads(),
        Arc::downgrade(&salesforce),
        token,
    ));
    if shared_state.is_configured() {
        tokio::spawn(salesforce::exchange(Arc::downgrade(&salesforce)));
    }
    let upstream = Upstream::new(&config.upstream)?;
    let record = config.upstream.record.as_deref();
    let recorder = record
        .map(|file| Recorder::open(file, &lifecycle))
        .transpose()?;
    let deliveries = Deliveries::new(
        &config.delivery,
        rules,
        Arc::clone(&policies),
        config.serving.most_in_flight(),
        Arc::clone(&salesforce),
        lifecycle.clone(),
    );
    let pipeline = Pipeline::new(
        config.pipeline(Arc::clone(&policies)),
        Arc::clone(&salesforce),
        Arc::clone(&metrics),
        deliveries,
        events.clone(),
    );
    let parts = http::Parts {
        pipeline: Arc::new(pipeline),
        proxy: Proxy::new(
            Arc::clone(&salesforce),
            rules,
            policies,
            config.salesforce.timeout,
        ),
        salesforce,
        shared_state,
        metrics,
        lifecycle,
        in_flight,
        upstream,
        recorder,
        events,
    };
    let (service, explaining) = http::routers(&config.serving, parts);
    let admin = admin.map(|admin| admin.explaining(explaining));
    Ok(Services { service, admin })
}

/// Rereads the files of settings each time [`Lifecycle::reread`] is called, until the service is dropped.
async fn reread(
    mut rereads: watch::Receiver<u64>,
    salesforce: Weak<Salesforce>,
    token: Option<Arc<Setting>>,
) {
    while rereads.changed().await.is_ok() {
        let Some(salesforce) = salesforce.upgrade() else {
            return;
        };
        salesforce.reread();
        if let Some(token) = &token {
            token.reread();
        }
    }
}
