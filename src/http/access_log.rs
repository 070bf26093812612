//! Writes one log line and one metrics observation per request, and counts its memory until the request is over.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{Extensions, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    App,
    error_response::{LoggedRejection, Rejection},
    guarded_body::guarded,
    request_error::RequestError,
    routes::HttpRoute,
    traces::{self, Traces},
};
use crate::{
    server::memory::{OfConnection, Share},
    transform::outcome::{Outcome, Requests},
    upstream::FromUpstream,
};

/// The status that is logged if the client hung up before there was an answer, as in nginx.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The outcomes of a request's events, for its log line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EventCounts {
    pub(super) events: usize,
    pub(super) requests: usize,
    pub(super) delivered: usize,
    pub(super) filtered: usize,
    pub(super) failed: usize,
    /// The changes that were made to the fields of the events.
    pub(super) changes: usize,
}

impl EventCounts {
    pub(super) fn of(outcomes: &[Outcome<'_>]) -> Self {
        outcomes
            .iter()
            .fold(Self::default(), |mut counts, outcome| {
                counts.events += outcome.entries.len();
                match &outcome.result {
                    Ok(Requests::Described(requests)) => {
                        counts.requests += requests.len();
                        let changes = requests.iter().map(|request| request.fields.changes.len());
                        counts.changes += changes.sum::<usize>();
                    }
                    Ok(Requests::Transformed { .. }) => counts.requests += 1,
                    Ok(Requests::Delivered(changes)) => {
                        counts.delivered += 1;
                        counts.changes += changes.len();
                    }
                    Err(error) => {
                        let of_kind = match error.stat_tags() {
                            None => &mut counts.filtered,
                            Some(_) => &mut counts.failed,
                        };
                        *of_kind += outcome.entries.len();
                    }
                }
                counts
            })
    }
}

/// What is known about a request before its log line is written.
struct AccessLogEntry {
    app: App,
    method: Method,
    route: Option<&'static HttpRoute>,
    start: Instant,
    share: Arc<Share>,
    /// The client's own trace, from the `traceparent` header.
    trace: Option<String>,
    is_written: bool,
}

/// Observes a request, even if its client abandons it.
pub(super) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let share = app.in_flight.begin();
    let route = HttpRoute::of(request.extensions());
    let connection = request.extensions_mut().remove::<OfConnection>();
    request.extensions_mut().insert(Arc::clone(&share));
    let crowded = connection.as_ref().and_then(OfConnection::crowded);
    let crowded = crowded.filter(|_| !route.is_some_and(HttpRoute::is_probe));
    let mut entry = AccessLogEntry {
        app,
        method: request.method().clone(),
        route,
        start: Instant::now(),
        share: Arc::clone(&share),
        trace: traces::of_header(request.headers()),
        is_written: false,
    };
    let response = match crowded {
        None => next.run(request).await,
        Some(most) => Rejection::from(RequestError::Crowded { most }).into_response(),
    };
    entry.write(response.status().as_u16(), response.extensions());
    guarded(response, (share, connection))
}

impl AccessLogEntry {
    fn write(&mut self, status: u16, answer: &Extensions) {
        self.is_written = true;
        let route = match answer.get::<FromUpstream>() {
            Some(FromUpstream) => "upstream",
            None => self.route.map_or("unknown", |route| route.path),
        };
        let elapsed = self.start.elapsed();
        self.app.metrics.request(route, status, elapsed);
        let refused = answer.get::<LoggedRejection>();
        if let Some((refused, reason)) =
            refused.and_then(|refused| Some((refused, refused.reason?)))
        {
            self.app.metrics.refused(reason);
            let unsupported = refused.destination.iter();
            unsupported.for_each(|destination| self.app.unsupported.report(destination));
        }
        if status == 200 && self.route.is_some_and(HttpRoute::is_probe) {
            tracing::debug!(method = %self.method, route, status, "polled");
            return;
        }
        self.log(route, status, elapsed, answer);
    }

    /// Logs at error level if the operator may have to fix something before the request can succeed.
    fn log(&self, route: &str, status: u16, elapsed: Duration, answer: &Extensions) {
        let refused = answer.get::<LoggedRejection>();
        let reason = refused.and_then(|refused| refused.reason);
        let error = refused.map(|refused| refused.error.as_str());
        let counts = answer.get::<EventCounts>();
        let of = |count: fn(&EventCounts) -> usize| counts.map(count);
        let trace_id = traces::joined(self.trace.as_deref(), answer.get::<Traces>());
        // `tracing` requires the level to be a constant at each call site.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = %self.method,
                    route,
                    status,
                    duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                    body_bytes = self.share.body_bytes(),
                    events = of(|counts| counts.events),
                    requests = of(|counts| counts.requests),
                    delivered = of(|counts| counts.delivered),
                    filtered = of(|counts| counts.filtered),
                    failed = of(|counts| counts.failed),
                    changes = of(|counts| counts.changes),
                    reason,
                    error,
                    trace_id,
                    "request"
                )
            };
        }
        match (refused, reason) {
            (None, _) => line!(info),
            (Some(_), None) => line!(warn),
            (Some(_), Some(_)) => line!(error),
        }
    }
}

impl Drop for AccessLogEntry {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(CLIENT_CLOSED_REQUEST, &Extensions::new());
        }
    }
}
