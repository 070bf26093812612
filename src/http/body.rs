//! Reads the whole body of a request. Its memory is counted as it arrives and until the request is over.

use std::{borrow::Cow, io::Read, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use http_body::Body as _;
use tokio::time::{Instant, timeout_at};

use super::{App, error_response::Rejection, request_error::RequestError, routes::ClientKind};
use crate::{
    json::{Document, Unread},
    rudderstack::{batch, bodies},
    server::memory::Share,
    text::shortened,
};

/// The memory that an event is counted as in addition to its text, in bytes: half of what it uses while it is parsed,
/// planned and answered.
const EVENT_BYTES: usize = 384;

/// How many bytes are allocated in advance, even if `Content-Length` announces more.
const MAX_RESERVED: u64 = 1 << 20;

/// How much of a compressed body is decompressed at a time, in bytes.
const CHUNK: usize = 16 << 10;

/// The limits for reading bodies.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// The maximum body size in bytes.
    pub(super) largest: usize,
    /// The timeout for the next bytes.
    pub(super) timeout: Duration,
    /// The minimum bytes per second once that timeout has passed.
    pub(super) rate: u64,
}

/// The extractor of a body, complete and decompressed.
pub(super) struct RequestBody {
    bytes: Bytes,
    /// The request's share of the memory for requests in flight.
    pub(super) share: Arc<Share>,
    /// The kind of client that reads the answer.
    pub(super) client: ClientKind,
}

impl FromRequest<App> for RequestBody {
    type Rejection = Rejection;

    async fn from_request(request: Request, app: &App) -> Result<Self, Rejection> {
        let client = ClientKind::of(request.extensions());
        let share = app.share(request.extensions());
        let read = async {
            require_identity(request.headers())?;
            whole(request, app).await
        };
        let (_, bytes) = read.await.map_err(|error| Rejection { error, client })?;
        Ok(Self {
            bytes,
            share,
            client,
        })
    }
}

impl RequestBody {
    /// The body as text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        batch::text(&self.bytes)
    }

    /// Parses `text`, the body, as JSON. The events of a batch often share one destination, which is parsed only once.
    pub(super) fn document<'t>(&self, text: &'t str) -> Result<Document<'t>, RequestError> {
        // Only half is counted: the other half of the process memory, which is outside `MAX_IN_FLIGHT_BYTES`, covers
        // the rest.
        let reserve = |bytes| self.share.make(bytes / 2);
        Document::read_within(text, Some("destination"), reserve).map_err(|unread| match unread {
            Unread::NotJson(error) => RequestError::NotJson(error),
            Unread::NoRoom(overloaded) => overloaded.into(),
        })
    }

    /// The same for a body of events. It also takes the memory that the events will need.
    pub(super) fn events<'t>(&self, text: &'t str) -> Result<Document<'t>, RequestError> {
        let document = self.document(text)?;
        let events = bodies::max_events(document.root());
        self.share.make(events.saturating_mul(EVENT_BYTES))?;
        Ok(document)
    }
}

/// Rejects any content encoding that is left after decompression, because it is not supported.
fn require_identity(headers: &HeaderMap) -> Result<(), RequestError> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    match encoding.filter(|encoding| *encoding != "identity") {
        None => Ok(()),
        Some(encoding) => Err(RequestError::ContentEncoding {
            found: shortened(&String::from_utf8_lossy(encoding.as_bytes())),
        }),
    }
}

impl App {
    /// The request's share of the memory for requests in flight.
    pub(super) fn share(&self, request: &Extensions) -> Arc<Share> {
        let share = request.get::<Arc<Share>>();
        share.map_or_else(|| self.in_flight.begin(), Arc::clone)
    }
}

/// A request with its complete body, still encoded. Both the extractor and the forwarding to the upstream use this.
///
/// # Errors
/// Those of [`read`].
pub(super) async fn whole(request: Request, app: &App) -> Result<(Parts, Bytes), RequestError> {
    let share = app.share(request.extensions());
    let (parts, body) = request.into_parts();
    let bytes = read(body, app.body_limits, &share).await?;
    Ok((parts, bytes))
}

/// Reads a body to its end without decoding it. Its memory is taken from the request's share as it arrives.
///
/// # Errors
/// [`RequestError::TooLarge`], [`RequestError::Overloaded`], [`RequestError::BodyTimeout`], and
/// [`RequestError::Unreadable`] if the body ends early or its compression is broken.
async fn read(body: Body, limits: BodyLimits, share: &Share) -> Result<Bytes, RequestError> {
    let expected = body.size_hint().lower().min(MAX_RESERVED);
    let expected = usize::try_from(expected).unwrap_or(0);
    let (begun, mut pieces) = (Instant::now(), BodyPieces::One(Bytes::new()));
    let mut stream = body.into_data_stream();
    loop {
        let due = limits.due(begun, Instant::now(), pieces.length());
        let next = timeout_at(due, stream.next()).await;
        let late = |_| RequestError::BodyTimeout {
            timeout: limits.timeout,
            rate: limits.rate,
            arrived: pieces.length(),
        };
        let Some(piece) = next.map_err(late)? else {
            return Ok(pieces.into());
        };
        let piece = piece.map_err(|error| RequestError::Unreadable(error.to_string()))?;
        let length = pieces.length() + piece.len();
        limits.check(length)?;
        share.grow(length)?;
        pieces.add(piece, expected);
    }
}

/// Decompresses a body; `None` if the data is corrupt. The memory is taken from the request's share.
///
/// # Errors
/// [`RequestError::TooLarge`], [`RequestError::Overloaded`].
pub(super) fn gunzipped(
    body: &Bytes,
    limits: BodyLimits,
    share: &Share,
) -> Result<Option<Bytes>, RequestError> {
    let mut reader = MultiGzDecoder::new(&**body);
    let (mut opened, mut chunk) = (Vec::new(), [0; CHUNK]);
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok(Some(opened.into())),
            Ok(read) => read,
            Err(_) => return Ok(None),
        };
        opened.extend_from_slice(&chunk[..read]);
        limits.check(opened.len())?;
        share.grow(opened.len())?;
    }
}

impl BodyLimits {
    fn check(self, arrived: usize) -> Result<(), RequestError> {
        let limit = self.largest;
        if arrived > limit {
            return Err(RequestError::TooLarge { limit, arrived });
        }
        Ok(())
    }

    /// The deadline for the next bytes of a body of which `length` bytes have arrived since `begun`.
    fn due(self, begun: Instant, now: Instant, length: usize) -> Instant {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let earned = Duration::from_secs(length / self.rate.max(1));
        (now + self.timeout).min(begun + self.timeout + earned)
    }
}

/// A body as it arrives. A single piece is kept as it is. Several pieces are copied into one buffer, because each would
/// otherwise keep its whole read buffer alive, however small the piece.
enum BodyPieces {
    One(Bytes),
    Several(BytesMut),
}

impl BodyPieces {
    fn length(&self) -> usize {
        match self {
            Self::One(piece) => piece.len(),
            Self::Several(pieces) => pieces.len(),
        }
    }

    fn add(&mut self, piece: Bytes, expected: usize) {
        match self {
            Self::One(first) if first.is_empty() => *self = Self::One(piece),
            Self::One(first) => {
                let mut pieces = BytesMut::with_capacity(expected.max(first.len() + piece.len()));
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(&piece);
                *self = Self::Several(pieces);
            }
            Self::Several(pieces) => pieces.extend_from_slice(&piece),
        }
    }
}

impl From<BodyPieces> for Bytes {
    fn from(pieces: BodyPieces) -> Self {
        match pieces {
            BodyPieces::One(piece) => piece,
            BodyPieces::Several(pieces) => pieces.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use futures_util::stream;

    use super::*;
    use crate::server::memory::InFlight;

    const LIMITS: BodyLimits = BodyLimits {
        largest: 10_000,
        timeout: Duration::from_secs(30),
        rate: 1_024,
    };

    #[tokio::test]
    async fn the_pieces_of_a_body_make_one_text() {
        for pieces in [
            vec!["abc"],
            vec!["", "ab", "", "c"],
            vec!["a", "b", "c", ""],
        ] {
            let pieces = stream::iter(pieces).map(Ok::<_, std::io::Error>);
            let share = InFlight::new(u64::MAX).begin();
            let body = read(Body::from_stream(pieces), LIMITS, &share).await;
            assert_eq!((body.unwrap(), share.body_bytes()), ("abc".into(), 3));
        }
    }

    #[test]
    fn what_drips_is_due_once_the_timeout_and_what_has_come_are_used_up() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        // One byte every two seconds.
        assert_eq!(LIMITS.due(begun, after(20), 10), after(30));
        // 5 KiB per second: the full timeout applies to the next bytes.
        assert_eq!(LIMITS.due(begun, after(20), 102_400), after(50));
    }

    #[test]
    fn a_compressed_body_is_opened_only_as_far_as_there_is_room() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&vec![b' '; 100_000]).unwrap();
        let body = Bytes::from(gzip.finish().unwrap());
        let opened = |largest, most| {
            let limits = BodyLimits { largest, ..LIMITS };
            gunzipped(&body, limits, &InFlight::new(most).begin())
        };
        assert_eq!(opened(100_000, u64::MAX).unwrap().unwrap().len(), 100_000);
        assert!(matches!(
            opened(50_000, u64::MAX),
            Err(RequestError::TooLarge { limit: 50_000, .. })
        ));
        assert!(matches!(
            opened(usize::MAX, 150_000),
            Err(RequestError::Overloaded(_))
        ));
    }

    #[test]
    fn a_broken_compressed_body_opens_to_nothing() {
        let share = InFlight::new(u64::MAX).begin();
        let opened = gunzipped(&Bytes::from_static(b"{}"), LIMITS, &share);
        assert!(opened.unwrap().is_none());
    }
}
