//! One line in the log and one observation in the metrics for each request, and the memory that it takes until it is over.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request, State},
    http::{Extensions, Method},
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};

use super::{
    App,
    error_response::{self, Caller, Refused},
    traces::{self, Traces},
    transforms::Tally,
};
use crate::{
    http::request_error::RequestError,
    server::memory::{OfConnection, Share},
    upstream::Passed,
};

/// The status of a request whose caller hung up before there was an answer, as nginx writes it.
const CALLER_GONE: u16 = 499;

/// What is known of a request until its line is written.
struct Line {
    app: App,
    method: Method,
    route: Option<MatchedPath>,
    start: Instant,
    share: Arc<Share>,
    /// The caller's own trace, of the header `traceparent`.
    trace: Option<String>,
    is_written: bool,
}

/// Observes a request, also one that its caller abandons.
pub(super) async fn observe(
    State(app): State<App>,
    route: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let share = app.in_flight.begin();
    let connection = request.extensions_mut().remove::<OfConnection>();
    request.extensions_mut().insert(Arc::clone(&share));
    let crowded = connection.as_ref().and_then(OfConnection::crowded);
    let crowded = crowded.filter(|_| !is_about_us(request.uri().path()));
    let mut line = Line {
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
        Some(most) => {
            let error = RequestError::Crowded { most };
            error_response::answer(&error, Caller::RudderServer)
        }
    };
    line.write(response.status().as_u16(), response.extensions());
    let kept = Arc::new(Kept {
        _share: share,
        _connection: connection,
    });
    response.map(|body| Body::new(Leaving { body, kept }))
}

impl Line {
    fn write(&mut self, status: u16, answer: &Extensions) {
        self.is_written = true;
        let matched = self.route.as_ref().map_or("unknown", MatchedPath::as_str);
        let passed = answer.get::<Passed>().is_some();
        let route = if passed { "upstream" } else { matched };
        let elapsed = self.start.elapsed();
        self.app.metrics.request(route, status, elapsed);
        let refused = answer.get::<Refused>();
        if let Some((refused, reason)) =
            refused.and_then(|refused| Some((refused, refused.reason?)))
        {
            self.app.metrics.refused(reason);
            let unserved = refused.unserved.iter();
            unserved.for_each(|destination| self.app.unserved.asked_for(destination));
        }
        if status == 200 && is_about_us(route) {
            tracing::debug!(method = %self.method, route, status, "polled");
            return;
        }
        self.log(route, status, elapsed, answer);
    }

    /// At error level where somebody may have to mend something before the request can be served.
    fn log(&self, route: &str, status: u16, elapsed: Duration, answer: &Extensions) {
        let refused = answer.get::<Refused>();
        let reason = refused.and_then(|refused| refused.reason);
        let error = refused.map(|refused| refused.error.as_str());
        let tally = answer.get::<Tally>();
        let of = |count: fn(&Tally) -> usize| tally.map(count);
        let trace_id = traces::joined(self.trace.as_deref(), answer.get::<Traces>());
        // The level of an event is a constant of the place that writes it.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = %self.method,
                    route,
                    status,
                    duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                    body_bytes = self.share.body_bytes(),
                    events = of(|tally| tally.events),
                    requests = of(|tally| tally.requests),
                    delivered = of(|tally| tally.delivered),
                    filtered = of(|tally| tally.filtered),
                    failed = of(|tally| tally.failed),
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

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(CALLER_GONE, &Extensions::new());
        }
    }
}

/// Whether a path is asked for by what watches the service, and answered in any case.
pub(super) fn is_about_us(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/metrics")
}

/// What is kept until the last byte of an answer has left: its memory counts, and its connection is not idle.
struct Kept {
    _share: Arc<Share>,
    _connection: Option<OfConnection>,
}

/// An answer on its way out.
struct Leaving {
    body: Body,
    kept: Arc<Kept>,
}

/// Bytes of an answer: hyper keeps them until the caller has taken them, long after it is done with the body.
struct Outgoing {
    bytes: Bytes,
    _kept: Arc<Kept>,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let outgoing = |bytes| {
            Bytes::from_owner(Outgoing {
                bytes,
                _kept: Arc::clone(&self.kept),
            })
        };
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(outgoing))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
