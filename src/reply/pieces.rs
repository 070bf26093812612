//! Writes an answer in pieces. Each piece is written only after the caller has taken the one before, so that the memory
//! used does not grow with the length of the answer.
//!
//! The writer of an answer is a future that owns its input and suspends after each piece; [`poll_next`] resumes it.

use std::{
    future::{self, Future},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use crate::json::Writer;

/// The target length of a piece, in bytes. A part that is written in one step, such as a request, is never split, so a
/// piece may be longer.
pub(crate) const PIECE: usize = 1 << 20;

/// By how much a piece usually exceeds that length.
const SLACK: usize = 64 << 10;

/// An answer that is being written. A short one stays in one buffer.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The buffer that the answer is written to.
    pub json: Writer,
    outlet: Outlet,
}

/// The slot in which the writer leaves a piece for the consumer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlet(Arc<Mutex<Option<Vec<u8>>>>);

/// What a writer yields next.
#[derive(Debug)]
pub(crate) enum Next<T> {
    /// A piece; more will follow.
    Piece(Vec<u8>),
    /// The writer has finished.
    End(T),
}

impl Pieces {
    /// An answer of about this many bytes.
    #[must_use]
    pub(crate) fn new(bytes: usize, outlet: Outlet) -> Self {
        Self {
            json: Writer::with_capacity(bytes.min(PIECE)),
            outlet,
        }
    }

    /// If a piece is complete, leaves it in the outlet and waits until it has been taken.
    #[inline]
    pub(crate) async fn pass(&mut self) {
        if self.json.length() >= PIECE {
            self.outlet.leave(self.json.take(PIECE + SLACK)).await;
        }
    }

    /// The part that has been written but not left in the outlet.
    #[must_use]
    pub(crate) fn into_last(self) -> Vec<u8> {
        self.json.into_bytes()
    }
}

impl Outlet {
    /// The consumer polls the writer again after taking the piece, so no waker is needed.
    async fn leave(&self, piece: Vec<u8>) {
        *self.piece() = Some(piece);
        let taken = |_: &mut Context<'_>| {
            if self.piece().is_none() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        };
        future::poll_fn(taken).await;
    }

    fn piece(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resumes a writer until it leaves a piece, waits for something else, or finishes.
pub(crate) fn poll_next<F: Future>(
    writing: Pin<&mut F>,
    outlet: &Outlet,
    context: &mut Context<'_>,
) -> Poll<Next<F::Output>> {
    if let Poll::Ready(end) = writing.poll(context) {
        return Poll::Ready(Next::End(end));
    }
    let piece = outlet.piece().take();
    piece.map_or(Poll::Pending, |piece| Poll::Ready(Next::Piece(piece)))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    /// Writes an array of strings, each half a piece long, and counts those written.
    async fn write(texts: usize, outlet: Outlet, written: &Mutex<usize>) -> Vec<u8> {
        let mut pieces = Pieces::new(0, outlet);
        pieces.json.open(crate::json::Bracket::Array);
        for _ in 0..texts {
            pieces.json.text(&"x".repeat(PIECE / 2));
            *written.lock().unwrap() += 1;
            pieces.pass().await;
        }
        pieces.json.close(crate::json::Bracket::Array);
        pieces.into_last()
    }

    #[test]
    fn a_piece_is_written_once_the_one_before_is_taken_and_all_are_one_text() {
        let (outlet, written) = (Outlet::default(), Mutex::default());
        let mut writing = pin!(write(5, outlet.clone(), &written));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let (mut answer, mut seen) = (Vec::new(), Vec::new());
        let last = loop {
            match poll_next(writing.as_mut(), &outlet, &mut context) {
                Poll::Ready(Next::Piece(piece)) => {
                    seen.push(*written.lock().unwrap());
                    answer.extend(piece);
                }
                Poll::Ready(Next::End(last)) => break last,
                Poll::Pending => panic!("it waits for nothing"),
            }
        };
        answer.extend(last);
        assert_eq!(seen, [2, 4]);
        let texts: Vec<String> = serde_json::from_slice(&answer).unwrap();
        assert_eq!(texts.len(), 5);
    }

    #[test]
    fn a_short_answer_is_one_buffer() {
        let (outlet, written) = (Outlet::default(), Mutex::default());
        let mut writing = pin!(write(1, outlet.clone(), &written));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let next = poll_next(writing.as_mut(), &outlet, &mut context);
        assert!(matches!(next, Poll::Ready(Next::End(last)) if last.len() == PIECE / 2 + 4));
    }
}
