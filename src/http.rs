//! The HTTP layer. A request passes the layers of `middleware` on its way to the handler that `routes` names.
//!
//! | module | what it is for |
//! |---|---|
//! | `routes`, `endpoints` | all routes in one table, and their handlers |
//! | `middleware` | the layers on one page: `access_log`, `dispatch` (here or upstream), `drain` |
//! | `parts`, `body` | the extractors |
//! | `transforms`, `deliveries`, `status` | the handlers |
//! | `streamed_response`, `guarded_body` | an answer while it is written and until it has been sent |
//! | `request_error`, `error_response` | why a request is rejected, and its answer |
//! | `admin` | the admin address, with a router of its own |
//! | `contact`, `traces`, `unsupported` | what else is logged |

mod access_log;
pub(crate) mod admin;
mod body;
mod contact;
mod deliveries;
mod dispatch;
mod drain;
mod endpoints;
mod error_response;
mod explain;
mod guarded_body;
mod middleware;
mod parts;
mod request_error;
mod routes;
mod status;
mod streamed_response;
mod traces;
mod transforms;
mod unsupported;

use std::{ops::Deref, sync::Arc};

use axum::Router;

#[doc(hidden)]
pub use self::routes::routes;
use self::{body::BodyLimits, contact::Contact, unsupported::UnsupportedDestinations};
use crate::{
    config::Serving,
    delivery::proxy::Proxy,
    events::Events,
    lifecycle::Lifecycle,
    metrics::Metrics,
    pipeline::Pipeline,
    salesforce::Salesforce,
    server::memory::InFlight,
    shared_state::SharedState,
    upstream::{Upstream, recorder::Recorder},
};

/// The state that every handler can access. Each layer has a clone.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<AppState>);

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The parts of the service that handlers work with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub pipeline: Arc<Pipeline>,
    pub proxy: Proxy,
    pub salesforce: Arc<Salesforce>,
    pub shared_state: SharedState,
    pub metrics: Arc<Metrics>,
    pub lifecycle: Lifecycle,
    pub in_flight: InFlight,
    pub upstream: Option<Arc<Upstream>>,
    pub recorder: Option<Recorder>,
    /// The last events, if somebody may look at them.
    pub events: Option<Arc<Events>>,
}

/// The parts of the service, and what only this layer knows.
#[derive(Debug)]
pub(crate) struct AppState {
    parts: Parts,
    body_limits: BodyLimits,
    unsupported: UnsupportedDestinations,
    contact: Arc<Contact>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// All routes of the service with their layers, and those that its admin address serves of it. Call it inside a Tokio runtime: the task
/// that expects rudder-server is spawned there.
pub(crate) fn routers(settings: &Serving, parts: Parts) -> (Router, Router) {
    let contact = Arc::<Contact>::default();
    tokio::spawn(contact::remind(Arc::downgrade(&contact), contact::PATIENCE));
    parts.in_flight.limit(settings.most_in_flight());
    let app = App(Arc::new(AppState {
        parts,
        body_limits: BodyLimits {
            largest: settings.largest_body(),
            timeout: settings.body_timeout,
            rate: settings.min_body_rate.as_u64(),
        },
        unsupported: UnsupportedDestinations::default(),
        contact,
    }));
    let (events, others) = endpoints::routers();
    let routes = others
        .merge(middleware::around_events(events, settings))
        .fallback(status::not_found)
        .method_not_allowed_fallback(status::method_not_allowed);
    let of_admin = explain::router().with_state(app.clone());
    (
        middleware::around_all(routes, &app).with_state(app),
        of_admin,
    )
}
