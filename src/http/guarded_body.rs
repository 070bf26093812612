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

use crate::server::memory::{OfConnection, Share};

/// The response, with a guard that lives until its last byte has been sent.
pub(super) fn guarded(
    response: Response,
    share: Arc<Share>,
    connection: Option<OfConnection>,
) -> Response {
    let guard = Arc::new(ResponseGuard {
        _share: share,
        _connection: connection,
    });
    response.map(|body| Body::new(GuardedBody { body, guard }))
}

/// Kept until the last byte of an answer has been sent, so that its memory stays counted and its connection does not
/// become idle.
struct ResponseGuard {
    _share: Arc<Share>,
    _connection: Option<OfConnection>,
}

/// The body of an answer that is being sent.
struct GuardedBody {
    body: Body,
    guard: Arc<ResponseGuard>,
}

/// Bytes of an answer. hyper keeps them until the client has taken them, long after it has dropped the body.
struct GuardedBytes {
    bytes: Bytes,
    _guard: Arc<ResponseGuard>,
}

impl AsRef<[u8]> for GuardedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for GuardedBody {
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
