//! The answer of a route, written by a future that owns its input. A short answer is sent as one buffer. A long one is
//! sent in pieces, each written only after the client has taken the one before.

use std::{
    future::{self, Future},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use axum::{
    Extension,
    body::{Body, Bytes, HttpBody},
    http::header,
    response::{IntoResponse, Response},
};
use http_body::Frame;

use super::{
    access_log::EventCounts, body::RequestBody, error_response::Rejection,
    request_error::RequestError, routes::ClientKind, traces::Traces,
};
use crate::{
    reply::pieces::{self, Next, Outlet, PIECE},
    server::memory::{Memory, Overloaded, Share},
};

/// What is known about an answer before its first byte.
#[derive(Default)]
struct ResponseHead {
    known: OnceLock<(Option<Traces>, Option<EventCounts>)>,
    /// The memory of a long answer, if it was taken in advance.
    reserved: OnceLock<Memory>,
}

/// The memory that a long answer uses: the piece that is being sent, the next one, and the compressor.
const STREAMED_BYTES: usize = PIECE * 5 / 2;

/// An answer that is being written.
struct StreamedResponse {
    client: ClientKind,
    share: Arc<Share>,
    head: Arc<ResponseHead>,
    outlet: Outlet,
}

/// What the writer of an answer needs.
#[derive(Default)]
pub(super) struct ResponseWriter {
    head: Arc<ResponseHead>,
    outlet: Outlet,
}

impl ResponseWriter {
    /// Sets what is known before the first byte.
    pub(super) fn head(&self, traces: Option<Traces>, counts: Option<EventCounts>) {
        // This is set only once per request, so it cannot fail.
        let _ = self.head.known.set((traces, counts));
    }

    /// Takes the memory for an answer of about `bytes` bytes before anything is written to Salesforce. After a write,
    /// the request can no longer be rejected.
    ///
    /// # Errors
    /// [`Overloaded`] if the other requests leave too little.
    pub(super) fn reserve(&self, share: &Share, bytes: usize) -> Result<(), Overloaded> {
        let due = if bytes < PIECE {
            beyond(bytes, share)
        } else {
            STREAMED_BYTES
        };
        if due > 0 {
            let mut memory = share.memory();
            memory.grow(due)?;
            // This is set only once per request, so it cannot fail.
            let _ = self.head.reserved.set(memory);
        }
        Ok(())
    }

    /// The outlet that pieces are left in.
    pub(super) fn outlet(self) -> Outlet {
        self.outlet
    }
}

/// Answers a request with what `write` produces from its body.
pub(super) async fn respond<F>(
    body: RequestBody,
    write: impl FnOnce(RequestBody, ResponseWriter) -> F,
) -> Response
where
    F: Future<Output = Result<Vec<u8>, RequestError>> + Send + 'static,
{
    let writer = ResponseWriter::default();
    let response = StreamedResponse {
        client: body.client,
        share: Arc::clone(&body.share),
        head: Arc::clone(&writer.head),
        outlet: writer.outlet.clone(),
    };
    response.of(write(body, writer)).await
}

/// An answer with status 200.
pub(super) fn json_response(json: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (headers, json).into_response()
}

/// The memory that an answer needs beyond the share of its request, whose body has been freed once the answer is
/// written.
fn beyond(bytes: usize, share: &Share) -> usize {
    bytes.saturating_sub(usize::try_from(share.taken()).unwrap_or(usize::MAX))
}

impl StreamedResponse {
    async fn of<F>(self, writing: F) -> Response
    where
        F: Future<Output = Result<Vec<u8>, RequestError>> + Send + 'static,
    {
        let mut writing = Box::pin(writing);
        let next =
            |context: &mut Context<'_>| pieces::poll_next(writing.as_mut(), &self.outlet, context);
        let answer = match future::poll_fn(next).await {
            Next::End(answer) => answer.and_then(|json| self.short(json)),
            Next::Piece(first) => self.long(first, writing),
        };
        let (traces, counts) = self.head.known.get().cloned().unwrap_or_default();
        let client = self.client;
        let response = answer.map(|answer| (counts.map(Extension), answer));
        let response = response.map_err(|error| Rejection { error, client });
        (traces.map(Extension), response).into_response()
    }

    /// A short answer.
    fn short(&self, json: Vec<u8>) -> Result<Response, RequestError> {
        let due = beyond(json.capacity(), &self.share);
        if due == 0 {
            return Ok(json_response(Body::from(json)));
        }
        let buffered = BufferedBody {
            json,
            _memory: self.memory(due)?,
            _head: Arc::clone(&self.head),
        };
        Ok(json_response(Body::from(Bytes::from_owner(buffered))))
    }

    /// The memory of an answer beyond what was taken in advance. If something has been written to Salesforce, it is
    /// granted even if there is too little.
    fn memory(&self, bytes: usize) -> Result<Memory, Overloaded> {
        let mut memory = self.share.memory();
        let reserved = self.head.reserved.get().map_or(0, Memory::bytes);
        let due = bytes.saturating_sub(usize::try_from(reserved).unwrap_or(usize::MAX));
        let counts = self.head.known.get().and_then(|(_, counts)| *counts);
        if counts.is_some_and(|counts| counts.delivered > 0) {
            memory.count(due);
        } else {
            memory.grow(due)?;
        }
        Ok(memory)
    }

    /// A long answer.
    fn long<F>(&self, first: Vec<u8>, writing: Pin<Box<F>>) -> Result<Response, RequestError>
    where
        F: Future<Output = Result<Vec<u8>, RequestError>> + Send + 'static,
    {
        let memory = self.memory(STREAMED_BYTES)?;
        Ok(json_response(Body::new(
            StreamedBody {
                piece: Bytes::new(),
                writing: Some(writing),
                outlet: self.outlet.clone(),
                more: self.share.memory(),
                _memory: memory,
                _head: Arc::clone(&self.head),
            }
            .beginning_with(first),
        )))
    }
}

/// The body of a short answer that needs more memory than the share of its request.
struct BufferedBody {
    json: Vec<u8>,
    _memory: Memory,
    /// Holds the memory that was taken in advance.
    _head: Arc<ResponseHead>,
}

impl AsRef<[u8]> for BufferedBody {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// The body of a long answer.
struct StreamedBody<F> {
    /// The rest of the current piece.
    piece: Bytes,
    /// `None` once everything has been written.
    writing: Option<Pin<Box<F>>>,
    outlet: Outlet,
    /// The memory by which the current piece exceeds the usual size.
    more: Memory,
    _memory: Memory,
    /// Holds the memory that was taken in advance.
    _head: Arc<ResponseHead>,
}

impl<F> StreamedBody<F> {
    fn beginning_with(mut self, piece: Vec<u8>) -> Self {
        self.hold(piece);
        self
    }

    fn hold(&mut self, piece: Vec<u8>) {
        self.more.clear();
        self.more.count(piece.capacity().saturating_sub(PIECE * 2));
        self.piece = Bytes::from(piece);
    }
}

impl<F> HttpBody for StreamedBody<F>
where
    F: Future<Output = Result<Vec<u8>, RequestError>>,
{
    type Data = Bytes;
    type Error = RequestError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestError>>> {
        let this = &mut *self;
        if this.piece.is_empty() {
            let Some(writing) = &mut this.writing else {
                return Poll::Ready(None);
            };
            let next = pieces::poll_next(writing.as_mut(), &this.outlet, context);
            let piece = match ready!(next) {
                Next::Piece(piece) => piece,
                Next::End(last) => {
                    this.writing = None;
                    last?
                }
            };
            this.hold(piece);
        }
        let length = this.piece.len().min(PIECE);
        let piece = this.piece.split_to(length);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.writing.is_none()
    }
}
