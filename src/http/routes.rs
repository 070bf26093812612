//! All routes in one table. The router is built from it, `GET /` prints it, and with an upstream it determines who
//! answers.

use axum::{extract::MatchedPath, http::Extensions, routing::MethodFilter};

/// A route of this service.
pub(super) struct HttpRoute {
    method: &'static str,
    pub(super) filter: MethodFilter,
    pub(super) endpoint: Endpoint,
    /// The path, with parameters in braces.
    pub(super) path: &'static str,
    /// Its description in the list. Routes with the same description share a line; `None` hides the route.
    about: Option<&'static str>,
    pub(super) kind: RouteKind,
    /// The kind of client that requests it, and reads the errors of its handler.
    pub(super) client: ClientKind,
    pub(super) backend: Backend,
    /// Whether its connection is closed in place of an answer with a 5xx status, see `middleware`.
    pub(super) fails_without_status: bool,
}

/// The handler of a route, see `endpoints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Index,
    Transform,
    Processor,
    Router,
    Batch,
    ProxyV0,
    ProxyV1,
    Features,
    Limits,
    Health,
    Ready,
    Metrics,
    Version,
    DeleteUsers,
}

/// The purpose of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteKind {
    /// Polled by monitoring, and answered even under overload.
    Probe,
    /// Returns information; takes no body.
    Status,
    /// Takes events or deliveries.
    Events,
}

/// The kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientKind {
    /// A person with curl, their own program, or monitoring.
    Person,
    /// rudder-server.
    RudderServer,
}

/// Who answers a route if there is an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    /// This service.
    Local,
    /// The upstream.
    Upstream,
    /// This service if the path names one of our destinations, else the upstream.
    ByDestination,
    /// Likewise, by the `destType` of the body.
    ByBody,
}

/// Every route of the service.
pub(super) static ROUTES: [HttpRoute; 16] = [
    get("/", Endpoint::Index),
    events("/transform", Endpoint::Transform)
        .about("events in any form; answers an array, one element a request or failed event")
        .client(ClientKind::Person),
    events("/v0/destinations/{destination}", Endpoint::Processor)
        .about("rudder-server's processor: salesforce, salesforce_oauth, salesforce_oauth_sandbox")
        .backend(Backend::ByDestination),
    events("/routerTransform", Endpoint::Router)
        .about("rudder-server's router")
        .backend(Backend::ByBody),
    events("/batch", Endpoint::Batch).backend(Backend::ByBody),
    events("/v0/destinations/{destination}/proxy", Endpoint::ProxyV0)
        .about("rudder-server's deliveries: sends one request to Salesforce")
        .backend(Backend::ByDestination),
    events("/v1/destinations/{destination}/proxy", Endpoint::ProxyV1)
        .about("rudder-server's deliveries: sends one request to Salesforce")
        .backend(Backend::ByDestination),
    get("/features", Endpoint::Features)
        .about("what rudder-server may ask for")
        .client(ClientKind::RudderServer)
        .failing_without_status(),
    get("/limits", Endpoint::Limits)
        .about("API calls of each org: used, left, spent by kind, saved"),
    probe("/health", Endpoint::Health),
    probe("/ready", Endpoint::Ready),
    probe("/metrics", Endpoint::Metrics),
    get("/version", Endpoint::Version).about(""),
    get("/buildVersion", Endpoint::Version).about(""),
    get("/transformerBuildVersion", Endpoint::Version).about(""),
    post("/deleteUsers", Endpoint::DeleteUsers).backend(Backend::Upstream),
];

/// What only rudder-server requests and only an upstream serves: user transformations.
const USER_TRANSFORMS: &str = "/customTransform";

/// The minimum width of the column of paths.
const PATH_WIDTH: usize = 30;

/// The first segment of the path, if only rudder-server requests paths that begin with it. Paths that people and probes
/// also request prove nothing.
pub(super) fn asked_by_rudder_server(path: &str) -> Option<&'static str> {
    let first = first_segment(path)?;
    ROUTES
        .iter()
        .filter(|route| route.client == ClientKind::RudderServer)
        .map(|route| route.path)
        .chain([USER_TRANSFORMS])
        .filter_map(first_segment)
        .find(|known| *known == first)
}

fn first_segment(path: &str) -> Option<&str> {
    path.split('/').find(|segment| !segment.is_empty())
}

/// Every route: method, path and description.
#[doc(hidden)]
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES
        .iter()
        .map(|route| (route.method, route.path, route.about.unwrap_or_default()))
}

/// The list of routes that `GET /` returns, for a person who has just found the service.
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
        // A route with two versions takes one line.
        let paths = match paths.as_slice() {
            [v0, v1] if *v1 == v0.replacen("/v0/", "/v1/", 1) => v0.replacen("/v0/", "/v0|v1/", 1),
            paths => paths.join("  "),
        };
        if let Some((route, about)) = line.first() {
            let line = format!("{:<4} {paths:<PATH_WIDTH$}  {about}", route.method);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

const fn get(path: &'static str, endpoint: Endpoint) -> HttpRoute {
    HttpRoute {
        method: "GET",
        filter: MethodFilter::GET,
        endpoint,
        path,
        about: None,
        kind: RouteKind::Status,
        client: ClientKind::Person,
        backend: Backend::Local,
        fails_without_status: false,
    }
}

const fn probe(path: &'static str, endpoint: Endpoint) -> HttpRoute {
    HttpRoute {
        kind: RouteKind::Probe,
        ..get(path, endpoint).about("")
    }
}

const fn post(path: &'static str, endpoint: Endpoint) -> HttpRoute {
    HttpRoute {
        method: "POST",
        filter: MethodFilter::POST,
        client: ClientKind::RudderServer,
        ..get(path, endpoint)
    }
}

const fn events(path: &'static str, endpoint: Endpoint) -> HttpRoute {
    HttpRoute {
        kind: RouteKind::Events,
        ..post(path, endpoint)
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

    const fn failing_without_status(self) -> Self {
        Self {
            fails_without_status: true,
            ..self
        }
    }

    /// The route of a request; `None` if its path matches none.
    pub(super) fn of(request: &Extensions) -> Option<&'static Self> {
        let path = request.get::<MatchedPath>()?.as_str();
        ROUTES.iter().find(|route| route.path == path)
    }

    /// Whether monitoring polls the route, so that it is answered even under overload.
    pub(super) fn is_probe(&self) -> bool {
        self.kind == RouteKind::Probe
    }
}

impl ClientKind {
    /// The kind of client that reads the errors of a request.
    pub(super) fn of(request: &Extensions) -> Self {
        if let Some(known) = request.get::<Self>() {
            return *known;
        }
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
