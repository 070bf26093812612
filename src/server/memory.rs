//! Counts the memory of requests in flight as it is taken, and limits it (`MAX_IN_FLIGHT_BYTES`). Under a burst,
//! clients are then asked to retry, instead of the process being killed with everything that it holds.
//!
//! | type | what it counts |
//! |---|---|
//! | [`Share`] | a request: its body, and the data that is built from it |
//! | [`Memory`] | anything else: an answer of Salesforce, a piece of an answer, unfinished headers |

mod connection;
mod fair;
mod overloaded;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use self::fair::OrgUses;
pub use self::{connection::OfConnection, fair::OrgKey, overloaded::Overloaded};
use crate::config::REQUEST_WEIGHT;

/// The least multiple of its body's length that a request is counted as: the body, the data parsed from it, and the
/// answer, which echoes metadata and destination of each event. Measured as the peak of a fresh process (release build,
/// glibc's allocator) minus the idle process, a single router batch of 16 or 100 MB uses 3.0 times its body if its
/// events need no lookup, and 3.6 to 3.7 times if each needs one. Sixteen batches of 1 MiB at once use 0.9 times their
/// bodies, because few are parsed and answered at the same moment. The allocator keeps some memory: if a batch of 16
/// MiB is sent again and again, the process ends at 7.9 times, or at 4.0 times with `MALLOC_MMAP_THRESHOLD_` as in the
/// image. The half of the memory that is not counted covers this, too.
///
/// A dense body, from which more data is built, is counted as that amount, see [`Share::make`].
const WEIGHT: u64 = REQUEST_WEIGHT;

/// Data built from a body is not counted up to this size, in bytes: about what a request with one event uses.
const UNCOUNTED_BYTES: u64 = 4 << 10;

/// All requests in flight.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    most: AtomicU64,
    bytes: AtomicU64,
    requests: AtomicU64,
    orgs: OrgUses,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            most: AtomicU64::new(u64::MAX),
            bytes: AtomicU64::default(),
            requests: AtomicU64::default(),
            orgs: OrgUses::default(),
        }
    }
}

/// One request's share of the memory. It is returned when the request is over: its answer has been sent to the last
/// byte, or it was abandoned, and nothing that it started is still running.
#[derive(Debug)]
pub struct Share {
    all: InFlight,
    /// The length of the body.
    body: AtomicU64,
    /// The size of the data built from the body.
    made: AtomicU64,
    /// How much memory has been taken.
    taken: AtomicU64,
    /// The orgs that the request is for, each with the memory charged to it.
    orgs: fair::Charges,
}

/// Memory that is counted until this is dropped.
#[derive(Debug)]
pub struct Memory {
    all: InFlight,
    bytes: u64,
}

impl InFlight {
    /// Requests that may use this many bytes together.
    #[must_use]
    pub fn new(most: u64) -> Self {
        let all = Self::default();
        all.limit(most);
        all
    }

    /// Sets how many bytes they may use from now on.
    pub fn limit(&self, most: u64) {
        self.0.most.store(most, Ordering::Relaxed);
    }

    /// Registers a request of which nothing has arrived yet.
    #[must_use]
    pub fn begin(&self) -> Arc<Share> {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        Arc::new(Share {
            all: self.clone(),
            body: AtomicU64::default(),
            made: AtomicU64::default(),
            taken: AtomicU64::default(),
            orgs: fair::Charges::default(),
        })
    }

    /// An empty amount, which can grow.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            all: self.clone(),
            bytes: 0,
        }
    }

    /// How many bytes are counted for the requests in flight.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How many bytes they may use.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.0.most.load(Ordering::Relaxed)
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), Overloaded> {
        let most = self.most();
        let fits = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= most);
        self.0
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .map(|_| ())
            .map_err(|taken| Overloaded::Full {
                most,
                taken,
                needed: bytes,
            })
    }

    /// Counts bytes even if the limit is exceeded, until they are returned.
    pub(crate) fn count(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns bytes that were counted.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Share {
    /// Takes memory for a body of which `length` bytes have arrived so far. Memory that was already taken is not taken
    /// again, even if the body is read a second time or its decompressed size exceeds what arrived.
    ///
    /// # Errors
    /// [`Overloaded`] if the other requests leave too little.
    pub fn grow(&self, length: usize) -> Result<(), Overloaded> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let body = length.max(self.body_bytes());
        self.take(body, self.made.load(Ordering::Relaxed))?;
        self.body.store(body, Ordering::Relaxed);
        Ok(())
    }

    /// Takes memory for data that is about to be built from the body: a document, events, answers. Twice the body's
    /// length is already taken with the body, so only the excess is taken now.
    ///
    /// # Errors
    /// [`Overloaded`] if there is not enough room.
    pub fn make(&self, bytes: usize) -> Result<(), Overloaded> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let made = self.made.load(Ordering::Relaxed).saturating_add(bytes);
        self.take(self.body_bytes(), made)?;
        self.made.store(made, Ordering::Relaxed);
        Ok(())
    }

    /// Takes the missing part of the memory for a body and the data built from it. No two tasks use the same request at
    /// a time.
    fn take(&self, body: u64, made: u64) -> Result<(), Overloaded> {
        let made = made.saturating_sub(UNCOUNTED_BYTES);
        let due = body.saturating_add(made.max(body.saturating_mul(WEIGHT - 1)));
        let taken = self.taken.load(Ordering::Relaxed);
        let Some(more) = due.checked_sub(taken).filter(|more| *more > 0) else {
            return Ok(());
        };
        let most = self.all.most();
        if due > most && made > 0 {
            return Err(Overloaded::Never { most, needed: due });
        }
        self.all.take(more)?;
        self.taken.store(due, Ordering::Relaxed);
        Ok(())
    }

    /// Names the orgs that the request is for. The memory that it has taken is charged to them in equal parts.
    ///
    /// # Errors
    /// [`Overloaded::Org`] if one of them already has half of the memory, and there were recent requests for another
    /// org.
    pub fn is_for(&self, orgs: impl ExactSizeIterator<Item = OrgKey>) -> Result<(), Overloaded> {
        let taken = self.taken.load(Ordering::Relaxed);
        self.orgs
            .charge(&self.all.0.orgs, orgs, taken, self.all.most() / 2)
    }

    /// An empty amount of the same memory, which can grow.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.all.memory()
    }

    /// How many bytes have been taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The length of the body, as far as it has been read.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body.load(Ordering::Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.orgs.give_back(&self.all.0.orgs);
        self.all.give_back(self.taken.load(Ordering::Relaxed));
        self.all.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Memory {
    /// Takes more memory.
    ///
    /// # Errors
    /// [`Overloaded`] if the other requests leave too little.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Overloaded> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.all.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Counts more memory even if the limit is exceeded, because it is already in use or needed to finish what has
    /// begun.
    pub fn count(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.all.count(bytes);
        self.bytes = self.bytes.wrapping_add(bytes);
    }

    /// Returns all of it.
    pub fn clear(&mut self) {
        self.all.give_back(self.bytes);
        self.bytes = 0;
    }

    /// The amount in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.all.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_takes_three_times_what_has_arrived_and_gives_it_back() {
        let all = InFlight::new(300);
        let share = all.begin();
        assert_eq!((share.grow(40), all.bytes()), (Ok(()), 120));
        assert_eq!((share.grow(100), all.bytes()), (Ok(()), 300));
        // The same body again.
        assert_eq!((share.grow(50), all.bytes()), (Ok(()), 300));
        drop(share);
        assert_eq!((all.bytes(), all.requests()), (0, 0));
    }

    #[test]
    fn what_is_made_of_a_body_is_taken_where_it_is_more_than_twice_the_body() {
        let all = InFlight::new(400);
        let share = all.begin();
        let (grown, made) = (share.grow(100), share.make(4_096 + 150));
        assert_eq!((grown, made), (Ok(()), Ok(())));
        assert_eq!(all.bytes(), 300);
        assert_eq!((share.make(100), all.bytes()), (Ok(()), 350));
        let never = Overloaded::Never {
            most: 400,
            needed: 401,
        };
        assert_eq!((share.make(51), all.bytes()), (Err(never), 350));
        drop(share);
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn what_does_not_fit_beside_the_others_takes_nothing() {
        let all = InFlight::new(300);
        let (first, second) = (all.begin(), all.begin());
        assert_eq!(first.grow(60), Ok(()));
        let full = Overloaded::Full {
            most: 300,
            taken: 180,
            needed: 123,
        };
        assert_eq!(second.grow(41), Err(full));
        assert_eq!((all.bytes(), all.requests()), (180, 2));
        drop(first);
        assert_eq!((second.grow(41), all.bytes()), (Ok(()), 123));
    }

    #[test]
    fn what_has_to_be_finished_is_counted_and_never_refused() {
        let all = InFlight::new(100);
        let mut memory = all.memory();
        assert_eq!(memory.grow(80), Ok(()));
        assert!(memory.grow(21).is_err());
        memory.count(50);
        assert_eq!(all.bytes(), 130);
        memory.clear();
        assert_eq!((memory.grow(100), all.bytes()), (Ok(()), 100));
        drop(memory);
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn no_length_overflows_the_count() {
        let share = InFlight::new(u64::MAX - 1).begin();
        assert_eq!(share.grow(1), Ok(()));
        assert!(share.grow(usize::MAX).is_err());
    }
}
