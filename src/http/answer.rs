//! The answer of a route, written by a future that owns what it is written from: a short one goes out as one buffer, a long
//! one in pieces, each made once the caller has taken the one before.

use std::{
    future::{self, Future},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use axum::{
    Extension,
    body::{Body, Bytes, HttpBody},
    response::{IntoResponse, Response},
};
use http_body::Frame;

use super::{
    body::as_json,
    error_response::{self, Caller},
    traces::Traces,
    transforms::Tally,
};
use crate::{
    http::request_error::RequestError,
    reply::pieces::{self, Next, Outlet, PIECE},
    server::memory::{Memory, Overloaded, Share},
};

/// What there is of an answer before its first byte.
#[derive(Default)]
struct Head {
    known: OnceLock<(Option<Traces>, Option<Tally>)>,
    /// The memory of a long answer, where it was taken beforehand.
    reserved: OnceLock<Memory>,
}

/// What a long answer takes of the memory: a piece that is on its way, the next one, and what compresses them.
const LONG: usize = PIECE * 5 / 2;

/// An answer that is to be written.
pub(super) struct Answer {
    caller: Caller,
    share: Arc<Share>,
    head: Arc<Head>,
    outlet: Outlet,
}

/// What its writer needs.
pub(super) struct Writing {
    head: Arc<Head>,
    outlet: Outlet,
}

impl Writing {
    /// Says what is known before the first byte.
    pub(super) fn head(&self, traces: Option<Traces>, tally: Option<Tally>) {
        // It is said once.
        let _ = self.head.known.set((traces, tally));
    }

    /// Takes the memory that an answer of about so many bytes will need, before anything is written to Salesforce: after that
    /// it can no longer be refused.
    ///
    /// # Errors
    /// [`Overloaded`] where the others leave too little.
    pub(super) fn reserve(&self, share: &Share, bytes: usize) -> Result<(), Overloaded> {
        let due = if bytes < PIECE {
            beyond(bytes, share)
        } else {
            LONG
        };
        if due > 0 {
            let mut memory = share.memory();
            memory.grow(due)?;
            // It is taken once.
            let _ = self.head.reserved.set(memory);
        }
        Ok(())
    }

    /// Where pieces are left.
    pub(super) fn outlet(self) -> Outlet {
        self.outlet
    }
}

/// What an answer takes beyond the share of its request, whose body is gone once the answer is written.
fn beyond(bytes: usize, share: &Share) -> usize {
    bytes.saturating_sub(usize::try_from(share.taken()).unwrap_or(usize::MAX))
}

impl Answer {
    /// An answer to this caller, whose pieces are counted beside this share.
    pub(super) fn new(caller: Caller, share: Arc<Share>) -> Self {
        Self {
            caller,
            share,
            head: Arc::default(),
            outlet: Outlet::default(),
        }
    }

    /// What its writer needs.
    pub(super) fn writing(&self) -> Writing {
        Writing {
            head: Arc::clone(&self.head),
            outlet: self.outlet.clone(),
        }
    }

    /// The answer that is being written.
    pub(super) async fn of<F>(self, writing: F) -> Response
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
        let (traces, tally) = self.head.known.get().cloned().unwrap_or_default();
        let response = match answer {
            Ok(answer) => (tally.map(Extension), answer).into_response(),
            Err(error) => error_response::answer(&error, self.caller),
        };
        (traces.map(Extension), response).into_response()
    }

    /// A short answer.
    fn short(&self, json: Vec<u8>) -> Result<Response, RequestError> {
        let due = beyond(json.capacity(), &self.share);
        if due == 0 {
            return Ok(as_json(Body::from(json)));
        }
        let short = Short {
            json,
            _memory: self.memory(due)?,
            _head: Arc::clone(&self.head),
        };
        Ok(as_json(Body::from(Bytes::from_owner(short))))
    }

    /// The memory of an answer beside what was taken beforehand. Where something has been written to Salesforce, it is given in
    /// any case.
    fn memory(&self, bytes: usize) -> Result<Memory, Overloaded> {
        let mut memory = self.share.memory();
        let reserved = self.head.reserved.get().map_or(0, Memory::bytes);
        let due = bytes.saturating_sub(usize::try_from(reserved).unwrap_or(usize::MAX));
        let tally = self.head.known.get().and_then(|(_, tally)| *tally);
        if tally.is_some_and(|tally| tally.delivered > 0) {
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
        let memory = self.memory(LONG)?;
        Ok(as_json(Body::new(
            Long {
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

/// The body of a short answer that is counted beside the share of its request.
struct Short {
    json: Vec<u8>,
    _memory: Memory,
    /// With the memory that was taken beforehand.
    _head: Arc<Head>,
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// The body of a long answer.
struct Long<F> {
    /// What is left of the present piece.
    piece: Bytes,
    /// `None` once all is written.
    writing: Option<Pin<Box<F>>>,
    outlet: Outlet,
    /// What the present piece takes beyond what a piece mostly takes.
    more: Memory,
    _memory: Memory,
    /// With the memory that was taken beforehand.
    _head: Arc<Head>,
}

impl<F> Long<F> {
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

impl<F> HttpBody for Long<F>
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
