//! A response body that keeps its request's memory counted until the last byte has been sent.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http_body::{Frame, SizeHint};

/// The response, with a guard that lives until its last byte has been sent: its memory stays counted so long, and its connection
/// does not become idle.
pub(super) fn guarded<G: Send + Sync + 'static>(response: Response, guard: G) -> Response {
    let guard = Arc::new(guard);
    response.map(|body| Body::new(GuardedBody { body, guard }))
}

/// The body of an answer that is being sent.
struct GuardedBody<G> {
    body: Body,
    guard: Arc<G>,
}

/// Bytes of an answer. hyper keeps them until the client has taken them, long after it has dropped the body.
struct GuardedBytes<G> {
    bytes: Bytes,
    _guard: Arc<G>,
}

impl<G> AsRef<[u8]> for GuardedBytes<G> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<G: Send + Sync + 'static> HttpBody for GuardedBody<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let guarded = |bytes| {
            Bytes::from_owner(GuardedBytes {
                bytes,
                _guard: Arc::clone(&self.guard),
            })
        };
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(guarded))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
