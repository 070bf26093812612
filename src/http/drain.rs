//! Reads the rest of a request's body that a handler has left unread, before the answer is sent.
//!
//! If a connection is closed with unread bytes, it is reset, and the reset may overtake the answer: rudder-server,
//! which writes its whole body before it reads, would see a broken pipe instead of the answer that asks it to retry.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures_util::future;
use http_body::{Frame, SizeHint};

use super::App;

/// How long the rest of a body is read, unless `BODY_TIMEOUT` is shorter.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How many bytes of it are read at most.
const MAX_BYTES: usize = 1 << 30;

/// A body that outlives the handler that it was given to.
struct SharedBody(Arc<Mutex<Body>>);

impl SharedBody {
    fn with<T>(&self, read: impl FnOnce(Pin<&mut Body>) -> T) -> T {
        read(Pin::new(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| body.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

/// Answers a request once its body has been read, either by the handler or here.
pub(super) async fn drain(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let body = Arc::new(Mutex::new(body));
    let shared = Body::new(SharedBody(Arc::clone(&body)));
    let response = next.run(Request::from_parts(parts, shared)).await;
    let mut rest = SharedBody(body);
    let discard = async {
        let mut read = 0;
        while let Some(Ok(frame)) =
            future::poll_fn(|context| Pin::new(&mut rest).poll_frame(context)).await
        {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > MAX_BYTES {
                break;
            }
        }
    };
    let longest = MAX_WAIT.min(app.body_limits.timeout);
    if tokio::time::timeout(longest, discard).await.is_err() {
        tracing::debug!("a body was still arriving after its answer was due");
    }
    response
}
