//! The memory of creates under way in this process.
//!
//! This is not a moka cache: all windows are equally long and none is renewed, so a queue orders the keys by their end, and
//! remembering a key takes a tenth of the time.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::ready,
    hash::BuildHasherDefault,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::watch;

use super::memory::{
    Busy, CreateKey, CreateMemory, CreatedRecord, Ending, JobName, Lease, Telling, Turn,
};
use crate::salesforce::by_key::OwnHash;

/// The maximum number of keys. Beyond it, those whose windows end first are forgotten.
const MAX_KEYS: usize = 100_000;

/// The minimum time for which the result of a create is remembered, so that waiting callers see it.
const MIN_REST: Duration = Duration::from_secs(1);

/// The memory of creates under way in this process.
pub(super) struct InProcess {
    window: Duration,
    keys: Mutex<Keys>,
    started: Instant,
    /// When the last window ends, in milliseconds after the start.
    told_until: AtomicU64,
}

/// What is remembered.
#[derive(Default)]
struct Keys {
    entries: HashMap<CreateKey, Entry, BuildHasherDefault<OwnHash>>,
    /// The times at which entries expire, roughly in order. Each entry is listed with its current time, and possibly with
    /// earlier ones.
    ends: VecDeque<(Instant, CreateKey)>,
    /// The number of the last lease.
    leases: u64,
}

/// What is remembered of a key.
#[derive(Debug)]
struct Entry {
    /// When the window ends.
    until: Instant,
    /// The job that was told to create the record.
    told: Option<JobName>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A job was told to create the record.
    Told,
    /// A lookup has found it, at this time.
    Found(Instant),
    /// Somebody is creating it: the number of the lease, and the channel that closes with it.
    Creating(u64, watch::Receiver<()>),
    /// It was created.
    Created(CreatedRecord),
    /// A create has ended without a clear result.
    Unsure,
}

impl State {
    /// Whether the holder of a lease is still at work.
    fn is_held(&self) -> bool {
        matches!(self, Self::Creating(_, held) if held.has_changed().is_ok())
    }
}

impl Keys {
    /// The entry of a key, unless its window has ended.
    fn get(&mut self, key: &CreateKey, now: Instant) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(key);
        entry.filter(|entry| entry.until > now || entry.state.is_held())
    }

    /// Stores a key, and evicts expired keys and keys beyond the limit.
    fn set(&mut self, key: CreateKey, entry: Entry, now: Instant) {
        let until = entry.until;
        let known = self.entries.insert(key.clone(), entry);
        if known.is_none_or(|known| known.until != until) {
            self.ends.push_back((until, key));
        }
        while self.ends.len() > MAX_KEYS || self.ends.front().is_some_and(|(end, _)| *end <= now) {
            self.forget_first(now);
        }
    }

    /// Evicts the key that expires first, unless it was extended meanwhile or is held.
    fn forget_first(&mut self, now: Instant) {
        let Some((end, key)) = self.ends.pop_front() else {
            return;
        };
        let is_full = self.ends.len() >= MAX_KEYS;
        match self.entries.get(&key) {
            Some(entry) if entry.until > end => {}
            Some(entry) if entry.state.is_held() && !is_full => {
                self.ends.push_back((now + MIN_REST, key));
            }
            Some(_) | None => drop(self.entries.remove(&key)),
        }
    }
}

impl InProcess {
    /// Remembers each create for `window`.
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            keys: Mutex::default(),
            started: Instant::now(),
            told_until: AtomicU64::default(),
        }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that jobs are told something now.
    fn extend(&self, now: Instant) {
        let until = (now + self.window).saturating_duration_since(self.started);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.told_until.fetch_max(until + 1, Ordering::Relaxed);
    }

    fn tell_one(
        &self,
        keys: &mut Keys,
        asked: Instant,
        now: Instant,
        telling: Telling,
    ) -> Option<usize> {
        if let Some(Entry { told, state, .. }) = keys.get(&telling.key, now) {
            if let State::Found(at) = state
                && *at >= asked
            {
                return None;
            }
            let is_told = |job: &Option<JobName>| job.is_some() && job == told;
            let again = telling.jobs.iter().position(is_told);
            let is_vacant = match state {
                State::Found(_) | State::Unsure => true,
                State::Creating(..) => !state.is_held(),
                State::Told | State::Created(_) => false,
            };
            if again.is_some() || !is_vacant {
                return again;
            }
        }
        let entry = Entry {
            until: now + self.window,
            told: telling.jobs.into_iter().next()?,
            state: State::Told,
        };
        keys.set(telling.key, entry, now);
        Some(0)
    }

    fn begin_now(&self, key: &CreateKey) -> Result<Turn, Busy> {
        let (mut keys, now) = (self.keys(), Instant::now());
        let (mut until, mut told, mut must_look_up) = (now + self.window, None, false);
        if let Some(entry) = keys.get(key, now) {
            match &entry.state {
                State::Created(record) => return Ok(Turn::Created(record.clone())),
                State::Creating(_, held) if entry.state.is_held() => {
                    let mut held = held.clone();
                    return Err(async move { while held.changed().await.is_ok() {} }.boxed());
                }
                // The holder of the lease was dropped without reporting a result.
                State::Creating(..) | State::Unsure => must_look_up = true,
                State::Told | State::Found(_) => {}
            }
            (until, told) = (entry.until, entry.told.take());
        }
        keys.leases += 1;
        let number = keys.leases;
        let (held, watched) = watch::channel(());
        let entry = Entry {
            until,
            told,
            state: State::Creating(number, watched),
        };
        keys.set(key.clone(), entry, now);
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
        let (mut keys, now) = (self.keys(), Instant::now());
        let entry = keys.get(key, now);
        let is_ours = |entry: &&mut Entry| matches!(entry.state, State::Creating(number, _) if number == lease.number);
        // Otherwise the key was evicted, or another caller holds it now.
        if let Some(entry) = entry.filter(is_ours) {
            let (until, told) = (entry.until.max(now + MIN_REST), entry.told.take());
            let state = match ending {
                Ending::Created(record) => Some(State::Created(record)),
                Ending::Unsure => Some(State::Unsure),
                Ending::Failed => None,
            };
            match state {
                Some(state) => keys.set(key.clone(), Entry { until, told, state }, now),
                None => drop(keys.entries.remove(key)),
            }
        }
        // Those who wait see the end only now.
        drop(lease);
    }

    fn forget_now(&self, key: &CreateKey, gone: &CreatedRecord) {
        let mut keys = self.keys();
        let entry = keys.get(key, Instant::now());
        if entry
            .is_some_and(|entry| matches!(&entry.state, State::Created(record) if record == gone))
        {
            keys.entries.remove(key);
        }
    }
}

impl CreateMemory for InProcess {
    fn is_under_way<'m>(&'m self, key: &'m CreateKey) -> BoxFuture<'m, bool> {
        let is_under_way = self.keys().get(key, Instant::now()).is_some_and(|entry| {
            matches!(entry.state, State::Told | State::Created(_)) || entry.state.is_held()
        });
        Box::pin(ready(is_under_way))
    }

    fn tell(&self, asked: Instant, tellings: Vec<Telling>) -> BoxFuture<'_, Vec<Option<usize>>> {
        let (mut keys, now) = (self.keys(), Instant::now());
        self.extend(now);
        let tellings = tellings.into_iter();
        let told = tellings.map(|telling| self.tell_one(&mut keys, asked, now, telling));
        ready(told.collect()).boxed()
    }

    fn awaits_lookups(&self) -> bool {
        let now = self.started.elapsed().as_millis();
        now < u128::from(self.told_until.load(Ordering::Relaxed))
    }

    fn found(&self, found: Vec<CreateKey>) -> BoxFuture<'_, ()> {
        let (mut keys, now) = (self.keys(), Instant::now());
        for key in found {
            if let Some(entry) = keys.get(&key, now)
                && matches!(entry.state, State::Told)
            {
                entry.state = State::Found(now);
            }
        }
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
        self.forget_now(key, gone);
        ready(()).boxed()
    }
}

/// Omits the keys.
impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("window", &self.window)
            .field("keys", &self.keys().entries.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
