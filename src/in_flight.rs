//! The memory of requests in flight: counted as their bodies arrive, and bounded (`MAX_IN_FLIGHT_BYTES`), so that a burst is
//! answered "ask again" instead of ending the process and all that it holds.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use thiserror::Error;

/// How many times its body's length a request is counted: the body, what is read out of it, and the answer, which echoes
/// metadata and destination of each event. Measured at the peak of a fresh process (release build, glibc's allocator), the
/// idle process taken off: one router batch of 16 or 100 MB takes 3.0 times its body where its events need no lookup, 3.6
/// to 3.7 times where each needs one; 16 of 1 MiB at once 0.9 times theirs, since few are read and written at the same
/// moment. The allocator keeps some of it: a batch of 16 MiB that is sent again and again ends at 7.9 times, with
/// `MALLOC_MMAP_THRESHOLD_` as in the image at 4.0 times. The half of the memory that is not counted is for that, too.
pub const WEIGHT: u64 = 3;

/// All requests in flight together.
#[derive(Clone, Debug)]
pub struct InFlight(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    most: u64,
    bytes: AtomicU64,
    requests: AtomicU64,
}

/// There is no room for more at present.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "the requests in flight fill the {most} bytes of memory that they may take; raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once"
)]
pub struct Overloaded {
    /// `MAX_IN_FLIGHT_BYTES`.
    pub most: u64,
}

/// One request's share of the memory. It is given back when the request is over: answered to the last byte, or abandoned.
#[derive(Debug)]
pub struct Share {
    all: InFlight,
    body: AtomicU64,
}

impl InFlight {
    /// Requests that may take this many bytes together.
    #[must_use]
    pub fn new(most: u64) -> Self {
        Self(Arc::new(Counts {
            most,
            bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }))
    }

    /// Takes a request in, of which nothing has arrived yet.
    #[must_use]
    pub fn begin(&self) -> Arc<Share> {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        Arc::new(Share {
            all: self.clone(),
            body: AtomicU64::new(0),
        })
    }

    /// How many bytes the requests in flight take, as they are counted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How many bytes they may take.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.0.most
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), Overloaded> {
        let most = self.0.most;
        let fits = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= most);
        self.0
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .map(|_| ())
            .map_err(|_| Overloaded { most })
    }
}

impl Share {
    /// Takes memory for a body of which `length` bytes have arrived so far. What is taken already is not taken again, also
    /// where the body is read a second time, or opened to more than arrived.
    ///
    /// # Errors
    /// [`Overloaded`] where the others leave too little.
    pub fn grow(&self, length: usize) -> Result<(), Overloaded> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let more = length.saturating_sub(self.body_bytes());
        self.all.take(more.saturating_mul(WEIGHT))?;
        self.body.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// How long the body is, as far as it has been read.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body.load(Ordering::Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let counts = &self.all.0;
        counts
            .bytes
            .fetch_sub(self.body_bytes() * WEIGHT, Ordering::Relaxed);
        counts.requests.fetch_sub(1, Ordering::Relaxed);
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
        // The same body once more.
        assert_eq!((share.grow(50), all.bytes()), (Ok(()), 300));
        drop(share);
        assert_eq!((all.bytes(), all.requests()), (0, 0));
    }

    #[test]
    fn what_does_not_fit_beside_the_others_takes_nothing() {
        let all = InFlight::new(300);
        let (first, second) = (all.begin(), all.begin());
        assert_eq!(first.grow(60), Ok(()));
        assert_eq!(second.grow(41), Err(Overloaded { most: 300 }));
        assert_eq!((all.bytes(), all.requests()), (180, 2));
        drop(first);
        assert_eq!((second.grow(41), all.bytes()), (Ok(()), 123));
    }

    #[test]
    fn no_length_overflows_the_count() {
        let share = InFlight::new(u64::MAX).begin();
        assert_eq!(share.grow(1), Ok(()));
        assert!(share.grow(usize::MAX).is_err());
    }
}
