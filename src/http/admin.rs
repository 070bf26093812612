//! The admin address: what people look at. It has a router of its own, whose protections come before anything is read.
//!
//! | module | what it is for |
//! |---|---|
//! | `protection` | who may ask: host, origin and token; the security headers of answers |
//! | `hosts` | the hosts by which the address may be called |
//! | `events` | `/events`: the last events |
//! | `live` | `/events/live`: events as they are answered |
//! | `orgs` | `/orgs` and `/faults` |
//! | `page` | `/` for browsers: the page that shows all of it |
//! | `rules` | `/rules` |

mod events;
mod hosts;
mod live;
mod orgs;
mod page;
mod protection;
mod rules;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tower_http::compression::CompressionLayer;

use self::{hosts::Hosts, protection::Protection};
use super::accept::prefers;
use crate::{
    config::{AdminSettings, HostName, Setting, SettingError},
    events::Events,
    lifecycle::Lifecycle,
    salesforce::Salesforce,
};

/// How many connections of the admin address are answered at a time.
pub const MAX_ADMIN_CONNECTIONS: usize = 64;

/// The routes and what they answer: method, path and description.
const ROUTES: [(&str, &str, &str); 9] = [
    ("GET", "/", "the page for browsers; otherwise this list"),
    (
        "GET",
        "/events",
        "the last events, newest first; filters: status, destination, object, reason, since, message, key, limit",
    ),
    (
        "GET",
        "/events/{message}",
        "what became of one message, its deliveries included",
    ),
    (
        "GET",
        "/events/live",
        "events as they are answered (server-sent events), with the same filters",
    ),
    (
        "GET",
        "/events/counts",
        "how many events had which verdict in each of the last 60 minutes",
    ),
    (
        "GET",
        "/faults",
        "what goes wrong, by code, object and field, and what to do about it",
    ),
    (
        "POST",
        "/explain",
        "why events become what they become, as POST /transform?explain, in JSON; nothing is written",
    ),
    (
        "GET",
        "/orgs",
        "each org: API calls, sessions, descriptions, what is held back, history; refused logins",
    ),
    (
        "GET",
        "/rules",
        "what the names of rules, reasons and codes mean, and what to do about them",
    ),
];

/// The admin address, before it is known where it listens.
#[derive(Debug)]
pub struct Admin {
    events: Arc<Events>,
    salesforce: Arc<Salesforce>,
    lifecycle: Lifecycle,
    token: Option<Arc<Setting>>,
    hosts: Vec<HostName>,
    /// The routes that the service answers.
    of_service: Router,
}

/// What the handlers work with.
#[derive(Clone, Debug)]
struct AdminApp {
    events: Arc<Events>,
    salesforce: Arc<Salesforce>,
    lifecycle: Lifecycle,
}

impl Admin {
    /// Shows these parts of a service. Call it inside a Tokio runtime: the task that samples the orgs is spawned there.
    ///
    /// # Errors
    /// [`SettingError`] if the file of the token is missing or empty.
    pub(crate) fn new(
        settings: &AdminSettings,
        events: Arc<Events>,
        salesforce: Arc<Salesforce>,
        lifecycle: Lifecycle,
    ) -> Result<Self, SettingError> {
        let token = settings.token()?.map(Arc::new);
        let sampled = Arc::downgrade(&salesforce);
        tokio::spawn(orgs::sample(
            sampled,
            settings.sampled_every,
            settings.clock,
        ));
        Ok(Self {
            events,
            salesforce,
            lifecycle,
            token,
            hosts: settings.admin_hosts.clone(),
            of_service: Router::new(),
        })
    }

    /// Adds routes that the service answers.
    pub(crate) fn explaining(self, of_service: Router) -> Self {
        Self { of_service, ..self }
    }

    /// The token that callers have to name, to be read again when its file has changed.
    pub(crate) fn token(&self) -> Option<&Arc<Setting>> {
        self.token.as_ref()
    }

    /// All routes, to be served at this address.
    pub fn router(self, address: SocketAddr) -> Router {
        let protection = Protection {
            hosts: Hosts::new(address, self.hosts),
            token: self.token,
        };
        let app = AdminApp {
            events: self.events,
            salesforce: self.salesforce,
            lifecycle: self.lifecycle,
        };
        Router::new()
            .route("/", get(index).layer(CompressionLayer::new()))
            .route("/events", get(events::list))
            .route("/events/live", get(live::watch))
            .route("/events/counts", get(events::counts))
            .route("/events/{message}", get(events::of_message))
            .route("/faults", get(orgs::faults))
            .route("/orgs", get(orgs::orgs))
            .route("/rules", get(rules::rules))
            .fallback(not_found)
            .layer(super::middleware::catching_panics())
            .with_state(app)
            .merge(self.of_service)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(middleware::from_fn_with_state(
                Arc::new(protection),
                protection::protect,
            ))
    }
}

/// The routes of the admin address: method, path and description.
#[doc(hidden)]
pub fn admin_routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES.into_iter()
}

/// `GET /`: the page for a browser, and the routes for anybody else.
async fn index(headers: HeaderMap) -> Response {
    let mut response = if prefers(&headers, "text/html", "text/plain") {
        page::page()
    } else {
        routes().into_response()
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    response
}

/// The routes as text.
fn routes() -> String {
    let lines = ROUTES.map(|(method, path, about)| format!("{method}  {path:<18} {about}\n"));
    format!(
        "salesforce-transformer: admin address\n\n{}",
        lines.concat()
    )
}

async fn not_found(uri: Uri) -> Response {
    let path = crate::text::shortened(uri.path());
    failed(
        StatusCode::NOT_FOUND,
        &format!("the admin address has no {path}: GET / lists its routes"),
    )
}

async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let path = crate::text::shortened(uri.path());
    let known = ROUTES.iter().find(|(_, known, _)| *known == uri.path());
    let instead = known.map_or_else(
        || "GET / lists the routes".to_owned(),
        |(method, path, about)| format!("{method} {path} answers {about}"),
    );
    let error = format!("{path} takes no {method}: {instead}");
    failed(StatusCode::METHOD_NOT_ALLOWED, &error)
}

/// The answer to a request that is not served.
fn failed(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
