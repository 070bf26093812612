//! Tracks the open connections. At most `MAX_CONNECTIONS` of them are answered at a time, and the oldest idle one is
//! closed to make room for a new one.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{SPARE_CONNECTIONS, max_header_bytes},
    server::{
        memory::{InFlight, OfConnection},
        telemetry::Throttle,
    },
};

/// The minimum interval between two log lines about connections closed for unfinished headers.
const SAY_AGAIN: Duration = Duration::from_secs(1);

/// All connections that are open.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<All>);

#[derive(Debug)]
struct All {
    most: usize,
    in_flight: InFlight,
    state: Mutex<ConnectionsState>,
    /// How many bytes of unfinished headers have arrived.
    headers: AtomicU64,
    /// How many connections were closed for unfinished headers.
    closed_for_headers: AtomicU64,
    headers_throttle: Throttle,
    closed: Notify,
}

#[derive(Debug, Default)]
struct ConnectionsState {
    open: usize,
    /// How many connections are about to be closed.
    closing: usize,
    /// How many bytes of unfinished headers belong to connections that are about to be closed for them.
    closing_headers: u64,
    /// How many are being answered.
    busy: usize,
    /// The idle connections, in the order in which they became idle.
    idle: BTreeMap<u64, Arc<One>>,
    next: u64,
}

#[derive(Debug, Default)]
struct One {
    /// Its key among the idle ones.
    place: AtomicU64,
    /// How many of its requests are unfinished. The next one may begin before the last byte of an answer has been sent.
    requests: AtomicUsize,
    headers: AtomicU64,
    /// How many bytes of unfinished headers it held when it was chosen to be closed.
    closing_headers: AtomicU64,
    closing: CancellationToken,
}

/// An open connection. Dropping this ends its accounting.
#[derive(Debug)]
pub(super) struct Open {
    all: Connections,
    one: Arc<One>,
}

/// A request of a connection, until its answer has been sent.
#[derive(Debug)]
struct Busy {
    all: Connections,
    one: Arc<One>,
}

impl Connections {
    /// At most `most` connections at a time.
    pub(super) fn new(most: usize, in_flight: InFlight) -> Self {
        Self(Arc::new(All {
            most,
            in_flight,
            state: Mutex::default(),
            headers: AtomicU64::default(),
            closed_for_headers: AtomicU64::default(),
            headers_throttle: Throttle::new(SAY_AGAIN),
            closed: Notify::new(),
        }))
    }

    /// Registers a connection once there is room for it. If necessary, the oldest idle one is closed.
    pub(super) async fn admit(&self) -> Open {
        loop {
            let closed = self.0.closed.notified();
            if let Some(open) = self.admitted() {
                return open;
            }
            closed.await;
        }
    }

    /// Registers a connection; `None` if another one has to end first.
    fn admitted(&self) -> Option<Open> {
        let mut state = self.state();
        let is_full = state.open - state.closing >= self.0.most;
        let oldest = state.idle.keys().next().filter(|_| is_full).copied();
        if let Some(oldest) = oldest {
            state.close(oldest);
        }
        if state.open >= self.0.most + SPARE_CONNECTIONS {
            return None;
        }
        Some(self.opened(&mut state))
    }

    /// Registers a connection regardless of the limit.
    pub(super) fn open(&self) -> Open {
        self.opened(&mut self.state())
    }

    fn opened(&self, state: &mut ConnectionsState) -> Open {
        let one = Arc::<One>::default();
        state.open += 1;
        state.rest(&one);
        Open {
            all: self.clone(),
            one,
        }
    }

    /// This is throttled, because a client that opens such connections opens many.
    fn log_headers(&self, most: u64) {
        let closed = self.0.closed_for_headers.fetch_add(1, Ordering::Relaxed) + 1;
        if self.0.headers_throttle.is_due(Instant::now()) {
            tracing::warn!(
                most,
                closed,
                "unfinished headers use more than their share of MAX_IN_FLIGHT_BYTES: the oldest connections with such headers are closed; the count is since the start"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, ConnectionsState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// If unfinished headers exceed their limit, closes the oldest connections that have some.
    fn bound_headers(&self) {
        let most = max_header_bytes(self.0.in_flight.most());
        let headers = || self.0.headers.load(Ordering::Relaxed);
        if headers() <= most {
            return;
        }
        let mut state = self.state();
        while headers().saturating_sub(state.closing_headers) > most {
            if !state.close_with_headers() {
                break;
            }
            self.log_headers(most);
        }
    }
}

impl ConnectionsState {
    /// Records that a connection is idle from now on.
    fn rest(&mut self, one: &Arc<One>) {
        self.next += 1;
        one.place.store(self.next, Ordering::Relaxed);
        self.idle.insert(self.next, Arc::clone(one));
    }

    /// Asks the oldest idle connection with unfinished headers to close. Returns whether there is one.
    fn close_with_headers(&mut self) -> bool {
        let has_headers = |one: &Arc<One>| one.headers.load(Ordering::Relaxed) > 0;
        let oldest = self.idle.iter().find(|(_, one)| has_headers(one));
        let Some((place, one)) = oldest.map(|(place, one)| (*place, Arc::clone(one))) else {
            return false;
        };
        let bytes = one.headers.load(Ordering::Relaxed);
        one.closing_headers.store(bytes, Ordering::Relaxed);
        self.closing_headers += bytes;
        self.close(place);
        true
    }

    /// Asks an idle connection to close.
    fn close(&mut self, place: u64) {
        if let Some(one) = self.idle.remove(&place) {
            self.closing += 1;
            one.closing.cancel();
        }
    }
}

impl Open {
    /// Resolves once the connection is to be closed to make room.
    pub(super) async fn closing(&self) {
        self.one.closing.cancelled().await;
    }

    /// Begins a request; `None` if the connection is being closed.
    pub(super) fn begin(&self) -> Option<OfConnection> {
        let mut state = self.all.state();
        if self.one.closing.is_cancelled() {
            return None;
        }
        self.end_headers();
        if self.one.requests.fetch_add(1, Ordering::Relaxed) == 0 {
            state.idle.remove(&self.one.place.load(Ordering::Relaxed));
            state.busy += 1;
        }
        let most = self.all.0.most;
        let crowded = (state.busy > most).then_some(most);
        let busy = Busy {
            all: self.all.clone(),
            one: Arc::clone(&self.one),
        };
        Some(OfConnection::new(busy, crowded))
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.one.requests.load(Ordering::Relaxed) > 0
    }

    /// Counts bytes of headers that have arrived.
    pub(super) fn add_headers(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.one.headers.fetch_add(bytes, Ordering::Relaxed);
        self.all.0.headers.fetch_add(bytes, Ordering::Relaxed);
        self.all.0.in_flight.count(bytes);
        self.all.bound_headers();
    }

    /// Records that its headers are complete.
    fn end_headers(&self) {
        let bytes = self.one.headers.swap(0, Ordering::Relaxed);
        self.all.0.headers.fetch_sub(bytes, Ordering::Relaxed);
        self.all.0.in_flight.give_back(bytes);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end_headers();
        let mut state = self.all.state();
        state.open -= 1;
        state.closing -= usize::from(self.one.closing.is_cancelled());
        state.closing_headers -= self.one.closing_headers.load(Ordering::Relaxed);
        state.idle.remove(&self.one.place.load(Ordering::Relaxed));
        // An unfinished request must not make the closed connection idle again.
        self.one.closing.cancel();
        drop(state);
        self.all.0.closed.notify_waiters();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.all.state();
        if self.one.requests.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        state.busy -= 1;
        if !self.one.closing.is_cancelled() {
            state.rest(&self.one);
        }
        drop(state);
        // A connection that waits for room may now close this one.
        self.all.0.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn connections(most: usize) -> Connections {
        Connections::new(most, InFlight::new(8 << 20))
    }

    fn admit(connections: &Connections) -> Option<Open> {
        connections.admit().now_or_never()
    }

    #[test]
    fn the_oldest_idle_connection_is_closed_for_a_new_one() {
        let all = connections(2);
        let (first, second) = (admit(&all).unwrap(), admit(&all).unwrap());
        // The first one has been answered in the meantime.
        drop(first.begin());
        let third = admit(&all).unwrap();
        let closing = |open: &Open| open.closing().now_or_never().is_some();
        assert_eq!([&first, &second, &third].map(closing), [false, true, false]);
        assert!(second.begin().is_none() && first.begin().is_some());
        drop(second);
        let state = all.state();
        assert_eq!((state.open, state.closing), (2, 0));
        drop(state);
    }

    #[test]
    fn where_none_is_idle_a_few_are_taken_in_that_are_told_so() {
        let all = connections(1);
        let busy = admit(&all).unwrap();
        let request = busy.begin().unwrap();
        assert_eq!(request.crowded(), None);
        let spare: Vec<Open> = (0..SPARE_CONNECTIONS)
            .map(|_| admit(&all).unwrap())
            .collect();
        let last = spare.last().unwrap();
        let crowded = last.begin().unwrap();
        assert_eq!(crowded.crowded(), Some(1));
        drop((request, crowded));
        assert_eq!(last.begin().unwrap().crowded(), None);
    }

    #[test]
    fn a_request_that_begins_before_the_last_one_is_over_keeps_its_connection() {
        let all = connections(1);
        let open = admit(&all).unwrap();
        let first = open.begin().unwrap();
        let second = open.begin().unwrap();
        drop(first);
        assert!(open.is_busy() && all.state().idle.is_empty());
        drop(second);
        assert!(!open.is_busy() && all.state().idle.len() == 1);
    }

    #[test]
    fn a_connection_that_ends_before_its_request_is_forgotten() {
        let all = connections(1);
        let open = admit(&all).unwrap();
        let request = open.begin();
        drop(open);
        drop(request);
        let state = all.state();
        assert_eq!((state.open, state.busy, state.idle.len()), (0, 0, 0));
    }

    #[test]
    fn the_oldest_of_many_unfinished_headers_ends_and_others_stay() {
        let all = connections(10);
        let [idle, first, second, third] = [(); 4].map(|()| admit(&all).unwrap());
        first.add_headers(600 << 10);
        second.add_headers(424 << 10);
        let closing = |open: &Open| open.closing().now_or_never().is_some();
        assert!(!closing(&first));
        second.add_headers(1);
        assert_eq!([&idle, &first, &second].map(closing), [false, true, false]);
        // The first one is being closed: headers that arrive meanwhile do not cost another connection.
        third.add_headers(100 << 10);
        assert!(!closing(&second) && !closing(&third));
        drop(third);
        drop(first);
        let left = (424 << 10) + 1;
        assert_eq!(all.0.headers.load(Ordering::Relaxed), left);
        assert_eq!(all.0.in_flight.bytes(), left);
        drop(second.begin());
        assert_eq!(all.0.in_flight.bytes(), 0);
    }
}
