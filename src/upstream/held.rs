//! A body held once: looked at from its end and passed on, never copied for that.

use std::{fmt, time::Duration};

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use futures_util::StreamExt;
use http_body::Body as _;
use tokio::time::{Instant, timeout_at};

use crate::{http::request_error::RequestError, server::memory::Share};

/// How much of a body's end is looked at, in bytes: far more than a destination's name takes.
const END: usize = 256;

/// A body in one piece.
#[derive(Default)]
pub struct Held(Bytes);

/// How bodies are read.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The largest body in bytes.
    pub largest: usize,
    /// Longest wait for the next bytes.
    pub timeout: Duration,
    /// Least bytes in a second, once that wait is over.
    pub rate: u64,
}

/// How much is reserved at once for what a body says of its length.
const RESERVED: u64 = 1 << 20;

/// A body as it arrives. A piece alone stays as it is. Several are copied: each would keep the buffer that it was read into,
/// however little of it is the piece.
enum Arriving {
    Piece(Bytes),
    Pieces(BytesMut),
}

impl Arriving {
    fn length(&self) -> usize {
        match self {
            Self::Piece(piece) => piece.len(),
            Self::Pieces(pieces) => pieces.len(),
        }
    }

    fn add(&mut self, piece: Bytes, expected: usize) {
        match self {
            Self::Piece(first) if first.is_empty() => *self = Self::Piece(piece),
            Self::Piece(first) => {
                let mut pieces = BytesMut::with_capacity(expected.max(first.len() + piece.len()));
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(&piece);
                *self = Self::Pieces(pieces);
            }
            Self::Pieces(pieces) => pieces.extend_from_slice(&piece),
        }
    }
}

impl BodyLimits {
    /// When the next bytes of a body are due of which so many have come since `begun`.
    fn due(self, begun: Instant, now: Instant, length: usize) -> Instant {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let earned = Duration::from_secs(length / self.rate.max(1));
        (now + self.timeout).min(begun + self.timeout + earned)
    }
}

impl Held {
    /// Holds a body, whose memory is taken from the request's share as it arrives.
    ///
    /// # Errors
    /// [`RequestError::TooLarge`], [`RequestError::Overloaded`], [`RequestError::BodyTimeout`], and
    /// [`RequestError::Unreadable`] where it ends early or its compression is broken.
    pub async fn read(body: Body, limits: BodyLimits, share: &Share) -> Result<Self, RequestError> {
        let expected = body.size_hint().lower().min(RESERVED);
        let expected = usize::try_from(expected).unwrap_or(0);
        let (begun, mut arriving) = (Instant::now(), Arriving::Piece(Bytes::new()));
        let mut stream = body.into_data_stream();
        loop {
            let due = limits.due(begun, Instant::now(), arriving.length());
            let next = timeout_at(due, stream.next()).await;
            let late = |_| RequestError::BodyTimeout {
                timeout: limits.timeout,
                rate: limits.rate,
                arrived: arriving.length(),
            };
            let Some(piece) = next.map_err(late)? else {
                return Ok(arriving.into());
            };
            let piece = piece.map_err(|error| RequestError::Unreadable(error.to_string()))?;
            let length = arriving.length() + piece.len();
            if length > limits.largest {
                return Err(RequestError::TooLarge {
                    limit: limits.largest,
                    arrived: length,
                });
            }
            share.grow(length)?;
            arriving.add(piece, expected);
        }
    }

    /// The last bytes of the body.
    #[must_use]
    pub fn end(&self) -> &[u8] {
        &self.0[self.0.len().saturating_sub(END)..]
    }

    /// The whole body.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        self.0.clone()
    }

    /// The body, to be passed on.
    pub fn into_body(self) -> Body {
        Body::from(self.0)
    }
}

impl From<Arriving> for Held {
    fn from(arriving: Arriving) -> Self {
        Self(match arriving {
            Arriving::Piece(piece) => piece,
            Arriving::Pieces(pieces) => pieces.freeze(),
        })
    }
}

/// Without the body, which holds secrets and traits.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<a body of {} bytes>", self.0.len())
    }
}

impl From<Bytes> for Held {
    fn from(body: Bytes) -> Self {
        Self(body)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::server::memory::InFlight;

    const LIMITS: BodyLimits = BodyLimits {
        largest: 10_000,
        timeout: Duration::from_secs(30),
        rate: 1_024,
    };

    async fn held(pieces: Vec<String>) -> Held {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let share = InFlight::new(u64::MAX).begin();
        let body = Body::from_stream(stream::iter(pieces));
        Held::read(body, LIMITS, &share).await.unwrap()
    }

    #[tokio::test]
    async fn the_end_is_found_across_pieces() {
        let pieces = [
            "x".repeat(300),
            "ab".to_owned(),
            String::new(),
            "c".to_owned(),
        ];
        let held = held(pieces.into()).await;
        let end = held.end();
        assert_eq!((end.len(), &end[END - 4..]), (END, &b"xabc"[..]));
        assert_eq!(held.whole().len(), 303);
        assert_eq!(format!("{held:?}"), "<a body of 303 bytes>");
    }

    #[test]
    fn what_drips_is_due_once_the_timeout_and_what_has_come_are_used_up() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        // A byte every two seconds.
        assert_eq!(LIMITS.due(begun, after(20), 10), after(30));
        // 5 KiB a second wait for the next bytes as long as any.
        assert_eq!(LIMITS.due(begun, after(20), 102_400), after(50));
    }
}
