//! A body held once, in the pieces in which it came: looked at from its end and passed on, never copied for that.

use std::{fmt, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use tokio::time;

use crate::{error::RequestError, in_flight::Share};

/// How much of a body's end is looked at, in bytes: far more than a destination's name takes.
const END: usize = 256;

/// A body in the pieces in which it came.
#[derive(Default)]
pub struct Held(Vec<Bytes>);

/// How bodies are read.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The largest body in bytes.
    pub largest: usize,
    /// Longest wait for the next bytes.
    pub timeout: Duration,
}

impl Held {
    /// Holds a body, whose memory is taken from the request's share as it arrives.
    ///
    /// # Errors
    /// [`RequestError::TooLarge`], [`RequestError::Overloaded`], [`RequestError::BodyTimeout`], and
    /// [`RequestError::Unreadable`] where it ends early or its compression is broken.
    pub async fn read(body: Body, limits: BodyLimits, share: &Share) -> Result<Self, RequestError> {
        let BodyLimits { largest, timeout } = limits;
        let (mut pieces, mut length) = (Vec::new(), 0);
        let mut stream = body.into_data_stream();
        loop {
            let next = time::timeout(timeout, stream.next());
            let next = next
                .await
                .map_err(|_| RequestError::BodyTimeout { timeout })?;
            let Some(piece) = next else {
                return Ok(Self(pieces));
            };
            let piece = piece.map_err(|error| RequestError::Unreadable(error.to_string()))?;
            length += piece.len();
            if length > largest {
                return Err(RequestError::TooLarge { limit: largest });
            }
            share.grow(length)?;
            pieces.push(piece);
        }
    }

    /// The last bytes of the body.
    #[must_use]
    pub fn end(&self) -> Vec<u8> {
        let mut end: Vec<u8> = self
            .0
            .iter()
            .rev()
            .flat_map(|piece| piece.iter().rev())
            .take(END)
            .copied()
            .collect();
        end.reverse();
        end
    }

    /// The whole body in one piece.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        match self.0.as_slice() {
            [only] => only.clone(),
            pieces => pieces.concat().into(),
        }
    }

    /// The body, to be passed on as it came.
    pub fn into_body(self) -> Body {
        match <[Bytes; 1]>::try_from(self.0) {
            Ok([only]) => Body::from(only),
            Err(pieces) => {
                let pieces = pieces.into_iter().map(Ok::<_, std::convert::Infallible>);
                Body::from_stream(stream::iter(pieces))
            }
        }
    }
}

/// Without the body, which holds secrets and traits.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length: usize = self.0.iter().map(Bytes::len).sum();
        write!(f, "<a body of {length} bytes>")
    }
}

impl From<Vec<Bytes>> for Held {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_across_pieces() {
        let pieces: Vec<Bytes> = [
            "x".repeat(300),
            "ab".to_owned(),
            String::new(),
            "c".to_owned(),
        ]
        .map(Bytes::from)
        .into();
        let held = Held::from(pieces);
        let end = held.end();
        assert_eq!((end.len(), &end[END - 4..]), (END, &b"xabc"[..]));
        assert_eq!(held.whole().len(), 303);
        assert_eq!(format!("{held:?}"), "<a body of 303 bytes>");
    }
}
