//! A body held once, in the pieces in which it came: looked at from its end and passed on, never copied for that.

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};

/// How much of a body's end is looked at, in bytes: far more than a destination's name takes.
const END: usize = 256;

/// A body in the pieces in which it came.
#[derive(Debug, Default)]
pub struct Held(Vec<Bytes>);

/// Why a body cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHeld {
    /// It is larger than the limit.
    TooLarge,
    /// It ended early.
    Broken,
}

impl Held {
    /// Holds a body of at most `limit` bytes.
    ///
    /// # Errors
    /// [`NotHeld`].
    pub async fn read(body: Body, limit: usize) -> Result<Self, NotHeld> {
        let mut pieces = Vec::new();
        let mut length = 0;
        let mut stream = body.into_data_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| NotHeld::Broken)?;
            length += piece.len();
            if length > limit {
                return Err(NotHeld::TooLarge);
            }
            pieces.push(piece);
        }
        Ok(Self(pieces))
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
    }
}
