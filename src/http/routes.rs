//! All routes in one table: the router is built from it, `GET /` prints it, and with an upstream it says who answers.

use axum::{
    Router,
    extract::MatchedPath,
    http::Extensions,
    routing::{MethodFilter, MethodRouter, on},
};

use super::{App, deliveries, status, transforms};

/// Makes the handler of a route for its method.
type HandlerOf = fn(MethodFilter) -> MethodRouter<App>;

/// A route of this service.
pub(super) struct HttpRoute {
    method: &'static str,
    filter: MethodFilter,
    handler: HandlerOf,
    /// The path, with its parameters in braces.
    pub(super) path: &'static str,
    /// Its line in the list, which routes of one text share; `None` where it is not listed.
    about: Option<&'static str>,
    kind: RouteKind,
    /// Who reads the errors of its handler.
    pub(super) client: ClientKind,
    pub(super) backend: Backend,
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
pub(super) enum ClientKind {
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
static ROUTES: [HttpRoute; 16] = [
    get("/", |verb| on(verb, status::index)),
    events("/transform", |verb| on(verb, transforms::transform))
        .about("events in any form; answers an array, one element a request or failed event")
        .client(ClientKind::Person),
    events("/v0/destinations/{destination}", |verb| {
        on(verb, transforms::processor)
    })
    .about("rudder-server's processor: salesforce, salesforce_oauth, salesforce_oauth_sandbox")
    .backend(Backend::ByDestination),
    events("/routerTransform", |verb| on(verb, transforms::router))
        .about("rudder-server's router")
        .backend(Backend::ByBody),
    events("/batch", |verb| on(verb, transforms::batch)).backend(Backend::ByBody),
    events("/v0/destinations/{destination}/proxy", |verb| {
        on(verb, deliveries::proxy_v0)
    })
    .about("rudder-server's deliveries: sends one request to Salesforce")
    .backend(Backend::ByDestination),
    events("/v1/destinations/{destination}/proxy", |verb| {
        on(verb, deliveries::proxy_v1)
    })
    .about("rudder-server's deliveries: sends one request to Salesforce")
    .backend(Backend::ByDestination),
    get("/features", |verb| on(verb, status::features)).about("what rudder-server may ask for"),
    get("/limits", |verb| on(verb, status::limits))
        .about("API calls of each org: used, left, spent by kind, saved"),
    probe("/health", |verb| on(verb, status::health)),
    probe("/ready", |verb| on(verb, status::ready)),
    probe("/metrics", |verb| on(verb, status::metrics)),
    get("/version", |verb| on(verb, status::version)).about(""),
    get("/buildVersion", |verb| on(verb, status::version)).about(""),
    get("/transformerBuildVersion", |verb| on(verb, status::version)).about(""),
    post("/deleteUsers", |verb| on(verb, status::delete_users)).backend(Backend::Upstream),
];

/// How wide the paths are printed at least.
const PATH_WIDTH: usize = 30;

/// Every route: its method, its path, and a line about it.
#[doc(hidden)]
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let told =
        |route: &'static HttpRoute| (route.method, route.path, route.about.unwrap_or_default());
    ROUTES.iter().map(told)
}

/// All routes that take events, and all others, as routers.
pub(super) fn routers() -> (Router<App>, Router<App>) {
    let (events, others) = (Router::new(), Router::new());
    ROUTES
        .iter()
        .fold((events, others), |(events, others), route| {
            let handler = (route.handler)(route.filter);
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
    let listed = |route: &'static HttpRoute| Some((route, route.about?));
    let listed: Vec<(&HttpRoute, &str)> = ROUTES.iter().filter_map(listed).collect();
    let is_same_line = |(one, of_one): &(&HttpRoute, &str),
                        (next, of_next): &(&HttpRoute, &str)| {
        of_one == of_next && one.kind == next.kind
    };
    for line in listed.chunk_by(is_same_line) {
        let paths: Vec<&str> = line.iter().map(|(route, _)| route.path).collect();
        // A route of two versions is told once.
        let paths = match paths.as_slice() {
            [v0, v1] if *v1 == v0.replacen("/v0/", "/v1/", 1) => v0.replacen("/v0/", "/v0|v1/", 1),
            paths => paths.join("  "),
        };
        if let Some((route, about)) = line.first() {
            let told = format!("{:<4} {paths:<PATH_WIDTH$}  {about}", route.method);
            text.push_str(told.trim_end());
            text.push('\n');
        }
    }
    text
}

const fn get(path: &'static str, handler: HandlerOf) -> HttpRoute {
    HttpRoute {
        method: "GET",
        filter: MethodFilter::GET,
        handler,
        path,
        about: None,
        kind: RouteKind::Status,
        client: ClientKind::Person,
        backend: Backend::Local,
    }
}

const fn probe(path: &'static str, handler: HandlerOf) -> HttpRoute {
    HttpRoute {
        kind: RouteKind::Probe,
        ..get(path, handler).about("")
    }
}

const fn post(path: &'static str, handler: HandlerOf) -> HttpRoute {
    HttpRoute {
        method: "POST",
        filter: MethodFilter::POST,
        client: ClientKind::RudderServer,
        ..get(path, handler)
    }
}

const fn events(path: &'static str, handler: HandlerOf) -> HttpRoute {
    HttpRoute {
        kind: RouteKind::Events,
        ..post(path, handler)
    }
}

impl HttpRoute {
    const fn about(self, about: &'static str) -> Self {
        let about = Some(about);
        Self { about, ..self }
    }

    const fn client(self, client: ClientKind) -> Self {
        Self { client, ..self }
    }

    const fn backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
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

impl ClientKind {
    /// Who reads the errors of a request.
    pub(super) fn of(request: &Extensions) -> Self {
        HttpRoute::of(request).map_or(Self::RudderServer, |route| route.client)
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
