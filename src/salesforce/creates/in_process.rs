//! The memory of creates under way in this process.

use std::{
    fmt,
    future::ready,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};
use tokio::sync::watch;

use super::memory::{
    Busy, CreateKey, CreateMemory, CreatedRecord, Ending, JobName, Lease, Telling, Turn,
};

/// The maximum number of keys.
const MAX_KEYS: u64 = 100_000;

/// How long a create in progress is remembered at most, however short the window is: longer than any call takes.
const MAX_FLIGHT: Duration = Duration::from_mins(30);

/// How long the end of a create is remembered at least: those who wait for it have to see it.
const MIN_REST: Duration = Duration::from_secs(1);

/// The memory of creates under way in this process.
pub(super) struct InProcess {
    window: Duration,
    keys: Cache<CreateKey, Entry>,
    /// Held while a key is read and written.
    changing: Mutex<()>,
    /// The number of the last lease.
    leases: AtomicU64,
    started: Instant,
    /// When the last telling ends, in milliseconds after the start.
    told_until: AtomicU64,
}

/// What is remembered of a key.
#[derive(Clone, Debug)]
struct Entry {
    /// When the window ends.
    until: Instant,
    /// The job that was told to create the record.
    told: Option<JobName>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// A job was told to create the record.
    Told,
    /// A lookup has found it, at this time.
    Found(Instant),
    /// Somebody is creating it: the number of the lease, and the channel that closes with it.
    Creating(u64, watch::Receiver<()>),
    /// It was created.
    Created(Arc<CreatedRecord>),
    /// A create has ended without a clear result.
    Unsure,
}

impl State {
    /// Whether the holder of a lease is gone without a word.
    fn is_abandoned(&self) -> bool {
        matches!(self, Self::Creating(_, held) if held.has_changed().is_err())
    }
}

impl Entry {
    /// How much longer it is remembered.
    fn remaining(&self, now: Instant) -> Duration {
        match self.state {
            State::Creating(..) => MAX_FLIGHT,
            State::Told | State::Found(_) | State::Created(_) | State::Unsure => {
                self.until.saturating_duration_since(now)
            }
        }
    }
}

/// Each entry expires at the end of its own window.
struct AtItsEnd;

impl Expiry<CreateKey, Entry> for AtItsEnd {
    fn expire_after_create(&self, _: &CreateKey, entry: &Entry, now: Instant) -> Option<Duration> {
        Some(entry.remaining(now))
    }

    fn expire_after_update(
        &self,
        _: &CreateKey,
        entry: &Entry,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.remaining(now))
    }
}

impl InProcess {
    /// Remembers each create for `window`.
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            keys: Cache::builder()
                .max_capacity(MAX_KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .expire_after(AtItsEnd)
                .build(),
            changing: Mutex::default(),
            leases: AtomicU64::default(),
            started: Instant::now(),
            told_until: AtomicU64::default(),
        }
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that jobs are told something now.
    fn extend(&self, now: Instant) {
        let until = (now + self.window).saturating_duration_since(self.started);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.told_until.fetch_max(until + 1, Ordering::Relaxed);
    }

    fn tell_one(&self, asked: Instant, now: Instant, telling: Telling) -> Option<usize> {
        if let Some(Entry { told, state, .. }) = self.keys.get(&telling.key) {
            if let State::Found(at) = state
                && at >= asked
            {
                return None;
            }
            let is_told = |job: &Option<JobName>| job.is_some() && *job == told;
            let is_vacant =
                matches!(state, State::Found(_) | State::Unsure) || state.is_abandoned();
            if !is_vacant || telling.jobs.iter().any(is_told) {
                return telling.jobs.iter().position(is_told);
            }
        }
        let entry = Entry {
            until: now + self.window,
            told: telling.jobs.into_iter().next()?,
            state: State::Told,
        };
        self.keys.insert(telling.key, entry);
        Some(0)
    }

    fn begin_now(&self, key: &CreateKey) -> Result<Turn, Busy> {
        let _changing = self.change();
        let known = self.keys.get(key);
        let must_look_up = match known.as_ref().map(|entry| &entry.state) {
            Some(State::Created(record)) => return Ok(Turn::Created(CreatedRecord::clone(record))),
            Some(state @ State::Creating(_, held)) if !state.is_abandoned() => {
                let mut held = held.clone();
                return Err(async move { while held.changed().await.is_ok() {} }.boxed());
            }
            Some(State::Creating(..) | State::Unsure) => true,
            Some(State::Told | State::Found(_)) | None => false,
        };
        let until = known.as_ref().map(|entry| entry.until);
        let number = self.leases.fetch_add(1, Ordering::Relaxed);
        let (held, watched) = watch::channel(());
        let entry = Entry {
            until: until.unwrap_or_else(|| Instant::now() + self.window),
            told: known.and_then(|entry| entry.told),
            state: State::Creating(number, watched),
        };
        self.keys.insert(key.clone(), entry);
        let lease = Lease {
            number,
            _held: held,
        };
        Ok(Turn::Begun {
            lease,
            must_look_up,
        })
    }

    fn end_now(&self, key: &CreateKey, lease: Lease, ending: Ending) {
        let _changing = self.change();
        let is_ours = |entry: &Entry| matches!(entry.state, State::Creating(number, _) if number == lease.number);
        // Otherwise the key has been pushed out, or somebody else holds it by now.
        if let Some(entry) = self.keys.get(key).filter(is_ours) {
            let state = match ending {
                Ending::Created(record) => Some(State::Created(Arc::new(record))),
                Ending::Unsure => Some(State::Unsure),
                Ending::Failed => None,
            };
            let until = entry.until.max(Instant::now() + MIN_REST);
            match state {
                Some(state) => self.keys.insert(
                    key.clone(),
                    Entry {
                        until,
                        state,
                        ..entry
                    },
                ),
                None => self.keys.invalidate(key),
            }
        }
        // Those who wait see the end only now.
        drop(lease);
    }
}

impl CreateMemory for InProcess {
    fn tell(&self, asked: Instant, tellings: Vec<Telling>) -> BoxFuture<'_, Vec<Option<usize>>> {
        let changing = self.change();
        let now = Instant::now();
        self.extend(now);
        let tellings = tellings.into_iter();
        let told = tellings.map(|telling| self.tell_one(asked, now, telling));
        let told: Vec<_> = told.collect();
        drop(changing);
        ready(told).boxed()
    }

    fn awaits_lookups(&self) -> bool {
        let now = self.started.elapsed().as_millis();
        now < u128::from(self.told_until.load(Ordering::Relaxed))
    }

    fn found(&self, keys: Vec<CreateKey>) -> BoxFuture<'_, ()> {
        let changing = self.change();
        let now = Instant::now();
        for key in keys {
            let known = self.keys.get(&key);
            if let Some(entry) = known.filter(|entry| matches!(entry.state, State::Told)) {
                let state = State::Found(now);
                self.keys.insert(key, Entry { state, ..entry });
            }
        }
        drop(changing);
        ready(()).boxed()
    }

    fn begin<'m>(&'m self, key: &'m CreateKey) -> BoxFuture<'m, Result<Turn, Busy>> {
        ready(self.begin_now(key)).boxed()
    }

    fn end<'m>(&'m self, key: &'m CreateKey, lease: Lease, ending: Ending) -> BoxFuture<'m, ()> {
        self.end_now(key, lease, ending);
        ready(()).boxed()
    }

    fn forget<'m>(&'m self, key: &'m CreateKey, gone: &'m CreatedRecord) -> BoxFuture<'m, ()> {
        let changing = self.change();
        let known = self.keys.get(key).map(|entry| entry.state);
        if matches!(known, Some(State::Created(record)) if *record == *gone) {
            self.keys.invalidate(key);
        }
        drop(changing);
        ready(()).boxed()
    }
}

/// Omits the keys, which contain e-mail addresses: the `Debug` of a moka cache prints its entries.
impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("window", &self.window)
            .field("keys", &self.keys.entry_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
