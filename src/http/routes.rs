//! All routes in one table: the router is built from it, `GET /` prints it, and with an upstream it says who answers.

use std::fmt::Write;

use axum::{
    Router,
    extract::MatchedPath,
    http::Extensions,
    routing::{MethodFilter, MethodRouter, on},
};

use super::{App, deliveries, status, transforms};

/// A route of this service.
#[derive(Debug)]
pub(super) struct Route {
    method: RouteMethod,
    /// The path, with its parameters in braces.
    pub(super) path: &'static str,
    /// One line for people; routes of one line share it in the list.
    about: &'static str,
    is_listed: bool,
    kind: RouteKind,
    /// Who reads the errors of its handler.
    pub(super) client: Client,
    pub(super) backend: Backend,
    handler: fn(MethodFilter) -> MethodRouter<App>,
}

/// The method of a route.
#[derive(Clone, Copy, Debug)]
enum RouteMethod {
    Get,
    Post,
}

/// What a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RouteKind {
    /// Asked for by what watches the service, and answered in any case.
    Probe,
    /// Tells something, without a body.
    Status,
    /// Takes events or deliveries.
    Events,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// Somebody with curl, or a program of theirs.
    Person,
    /// rudder-server.
    RudderServer,
}

/// Who answers a route where there is an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    /// This service.
    Local,
    /// The upstream.
    Upstream,
    /// This service where the path names one of our destinations, else the upstream.
    ByDestination,
    /// The same, by the `destType` of the body.
    ByBody,
}

/// Every route of the service.
static ROUTES: [Route; 16] = [
    Route::status("/", "this list", |method| on(method, status::index)).unlisted(),
    Route {
        client: Client::Person,
        ..Route::events(
            "/transform",
            "events in any form; answers an array, one element a request or failed event",
            Backend::Local,
            |method| on(method, transforms::transform),
        )
    },
    Route::events(
        "/v0/destinations/{destination}",
        "rudder-server's processor: salesforce, salesforce_oauth, salesforce_oauth_sandbox",
        Backend::ByDestination,
        |method| on(method, transforms::processor),
    ),
    Route::events(
        "/routerTransform",
        "rudder-server's router",
        Backend::ByBody,
        |method| on(method, transforms::router),
    ),
    Route::events(
        "/batch",
        "rudder-server's batch transform, which Salesforce does not have",
        Backend::ByBody,
        |method| on(method, transforms::batch),
    )
    .unlisted(),
    Route::events(
        "/v0/destinations/{destination}/proxy",
        PROXY,
        Backend::ByDestination,
        |method| on(method, deliveries::proxy_v0),
    ),
    Route::events(
        "/v1/destinations/{destination}/proxy",
        PROXY,
        Backend::ByDestination,
        |method| on(method, deliveries::proxy_v1),
    ),
    Route::status("/features", "what rudder-server may ask for", |method| {
        on(method, status::features)
    }),
    Route::status(
        "/limits",
        "API calls of each org: used, left, spent by kind, saved",
        |method| on(method, status::limits),
    ),
    Route::probe("/health", |method| on(method, status::health)),
    Route::probe("/ready", |method| on(method, status::ready)),
    Route::probe("/metrics", |method| on(method, status::metrics)),
    Route::status("/version", "", |method| on(method, status::version)),
    Route::status("/buildVersion", "", |method| on(method, status::version)),
    Route::status("/transformerBuildVersion", "", |method| {
        on(method, status::version)
    }),
    Route {
        method: RouteMethod::Post,
        backend: Backend::Upstream,
        ..Route::status(
            "/deleteUsers",
            "fails: records in Salesforce are not deleted",
            |method| on(method, status::delete_users),
        )
    }
    .unlisted(),
];

const PROXY: &str = "rudder-server's deliveries: sends one request to Salesforce";

/// How wide the paths are printed at least.
const PATH_WIDTH: usize = 30;

/// Every route: its method, its path, and a line about it.
#[doc(hidden)]
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let told = |route: &'static Route| (route.method.name(), route.path, route.about);
    ROUTES.iter().map(told)
}

/// All routes that take events, and all others, as routers.
pub(super) fn routers() -> (Router<App>, Router<App>) {
    let (events, others) = (Router::new(), Router::new());
    ROUTES
        .iter()
        .fold((events, others), |(events, others), route| {
            let handler = (route.handler)(route.method.filter());
            match route.kind {
                RouteKind::Events => (events.route(route.path, handler), others),
                RouteKind::Probe | RouteKind::Status => (events, others.route(route.path, handler)),
            }
        })
}

/// The routes as `GET /` tells them to a person who has just found the service.
pub(super) fn index() -> String {
    let mut text =
        "salesforce-transformer: RudderStack events in, Salesforce requests out\n\n".to_owned();
    let listed: Vec<&Route> = ROUTES.iter().filter(|route| route.is_listed).collect();
    let is_one_line =
        |one: &&Route, next: &&Route| one.about == next.about && one.kind == next.kind;
    for line in listed.chunk_by(is_one_line) {
        let paths: Vec<&str> = line.iter().map(|route| route.path).collect();
        // A route of two versions is told once.
        let paths = match paths.as_slice() {
            [v0, v1] if v0.strip_prefix("/v0") == v1.strip_prefix("/v1") => {
                v0.replacen("/v0", "/v0|v1", 1)
            }
            paths => paths.join("  "),
        };
        let method = line.first().map_or("", |route| route.method.name());
        let about = line.first().map_or("", |route| route.about);
        let told = format!("{method:<4} {paths:<PATH_WIDTH$}  {about}");
        // Writing to a text does not fail.
        let _ = writeln!(text, "{}", told.trim_end());
    }
    text
}

impl Route {
    const fn events(
        path: &'static str,
        about: &'static str,
        backend: Backend,
        handler: fn(MethodFilter) -> MethodRouter<App>,
    ) -> Self {
        Self {
            method: RouteMethod::Post,
            path,
            about,
            is_listed: true,
            kind: RouteKind::Events,
            client: Client::RudderServer,
            backend,
            handler,
        }
    }

    const fn status(
        path: &'static str,
        about: &'static str,
        handler: fn(MethodFilter) -> MethodRouter<App>,
    ) -> Self {
        Self {
            method: RouteMethod::Get,
            kind: RouteKind::Status,
            client: Client::Person,
            ..Self::events(path, about, Backend::Local, handler)
        }
    }

    const fn probe(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<App>) -> Self {
        Self {
            kind: RouteKind::Probe,
            ..Self::status(path, "", handler)
        }
    }

    const fn unlisted(self) -> Self {
        Self {
            is_listed: false,
            ..self
        }
    }

    /// The route of a request; `None` where its path is none of ours.
    pub(super) fn of(request: &Extensions) -> Option<&'static Self> {
        let path = request.get::<MatchedPath>()?.as_str();
        ROUTES.iter().find(|route| route.path == path)
    }

    /// Whether it is asked for by what watches the service, and answered in any case.
    pub(super) fn is_probe(&self) -> bool {
        self.kind == RouteKind::Probe
    }
}

impl Client {
    /// Who reads the errors of a request.
    pub(super) fn of(request: &Extensions) -> Self {
        Route::of(request).map_or(Self::RudderServer, |route| route.client)
    }
}

impl RouteMethod {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_routes_by_what_they_are_for() {
        let expected = "\
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
        assert_eq!(index(), expected);
    }
}
