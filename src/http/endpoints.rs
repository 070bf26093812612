//! Builds the routers: connects each route with its handler.

use axum::{
    Router,
    routing::{MethodFilter, MethodRouter, on},
};

use super::{
    App, deliveries,
    routes::{Endpoint, ROUTES, RouteKind},
    status, transforms,
};

/// The routes that take events and all other routes, as two routers.
pub(super) fn routers() -> (Router<App>, Router<App>) {
    let (events, others) = (Router::new(), Router::new());
    ROUTES
        .iter()
        .fold((events, others), |(events, others), route| {
            let handler = handler(route.endpoint, route.filter);
            match route.kind {
                RouteKind::Events => (events.route(route.path, handler), others),
                RouteKind::Probe | RouteKind::Status => (events, others.route(route.path, handler)),
            }
        })
}

fn handler(endpoint: Endpoint, filter: MethodFilter) -> MethodRouter<App> {
    match endpoint {
        Endpoint::Index => on(filter, status::index),
        Endpoint::Transform => on(filter, transforms::transform),
        Endpoint::Processor => on(filter, transforms::processor),
        Endpoint::Router => on(filter, transforms::router),
        Endpoint::Batch => on(filter, transforms::batch),
        Endpoint::ProxyV0 => on(filter, deliveries::proxy_v0),
        Endpoint::ProxyV1 => on(filter, deliveries::proxy_v1),
        Endpoint::Features => on(filter, status::features),
        Endpoint::Limits => on(filter, status::limits),
        Endpoint::Health => on(filter, status::health),
        Endpoint::Ready => on(filter, status::ready),
        Endpoint::Metrics => on(filter, status::metrics),
        Endpoint::Version => on(filter, status::version),
        Endpoint::DeleteUsers => on(filter, status::delete_users),
    }
}
