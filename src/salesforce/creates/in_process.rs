//! The memory of creates under way in this process.
//!
//! This is not a moka cache: all windows are equally long and none is renewed, so a queue orders the keys by their end, and
//! remembering a key takes a tenth of the time.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::ready,
    hash::BuildHasherDefault,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::watch;

use super::memory::{
    Busy, CreateKey, CreateMemory, CreatedRecord, Ended, Ending, JobName, Lease, Telling, Turn,
    Wish,
};
use crate::salesforce::by_key::OwnHash;

/// The maximum number of keys. Beyond it, those whose windows end first are forgotten.
const MAX_KEYS: usize = 100_000;

/// The minimum time for which the result of a create is remembered: callers who wait for it see it, and so do callers whose lookup
/// began before it. Whoever has looked a record up longer ago looks it up again.
pub(super) const MIN_REST: Duration = Duration::from_secs(10);

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
    /// Somebody is creating it.
    Creating(Creating),
    /// It was created; this was known at this time.
    Created(CreatedRecord, Instant),
    /// A create has ended without a clear result.
    Unsure(Instant),
}

/// A lease.
#[derive(Debug)]
struct Creating {
    number: u64,
    /// The channel closes with the lease.
    held: watch::Receiver<()>,
    /// What was remembered before.
    before: Option<Box<State>>,
}

impl State {
    /// Whether the holder of a lease is still at work.
    fn is_held(&self) -> bool {
        matches!(self, Self::Creating(lease) if lease.held.has_changed().is_ok())
    }
}

impl Entry {
    /// Whether this lease is the last one of the key.
    fn is_of(&self, lease: &Lease) -> bool {
        matches!(&self.state, State::Creating(last) if last.number == lease.number)
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
            // A lookup that began earlier may have missed the record.
            if let State::Found(at) | State::Unsure(at) = state
                && *at >= asked
            {
                return None;
            }
            let is_told = |job: &Option<JobName>| job.is_some() && job == told;
            let again = telling.jobs.iter().position(is_told);
            let is_vacant = match state {
                State::Found(_) | State::Unsure(_) => true,
                // Whose holder was dropped without a result is only looked up by whoever begins to create it.
                State::Creating(..) | State::Told | State::Created(..) => false,
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

    fn begin_one(&self, keys: &mut Keys, now: Instant, wish: Wish) -> Result<Turn, Busy> {
        let Wish { key, looked_up } = wish;
        let (mut until, mut told, mut before) = (now + self.window, None, None);
        let is_old = |asked| now.saturating_duration_since(asked) > MIN_REST;
        let mut must_look_up = looked_up.is_some_and(is_old);
        if let Some(entry) = keys.get(&key, now) {
            match &entry.state {
                // A later lookup has not found it, so it is gone, or has another key now.
                State::Created(_, at) if looked_up.is_some_and(|asked| asked > *at) => {}
                State::Created(record, _) => return Ok(Turn::Created(record.clone())),
                State::Creating(lease) if entry.state.is_held() => {
                    let mut held = lease.held.clone();
                    return Err(async move { while held.changed().await.is_ok() {} }.boxed());
                }
                // The holder of the lease was dropped without reporting a result.
                State::Creating(_) | State::Unsure(_) => must_look_up = true,
                State::Told | State::Found(_) => {}
            }
            (until, told) = (entry.until, entry.told.take());
            let state = mem::replace(&mut entry.state, State::Unsure(now));
            before = Some(Box::new(state)).filter(|state| !matches!(**state, State::Creating(_)));
        }
        keys.leases += 1;
        let number = keys.leases;
        let (lease, held) = watch::channel(());
        let state = State::Creating(Creating {
            number,
            held,
            before,
        });
        keys.set(key, Entry { until, told, state }, now);
        let lease = Lease::new(number, lease);
        Ok(Turn::Begun {
            lease,
            must_look_up,
        })
    }

    fn end_one(keys: &mut Keys, now: Instant, ended: Ended) {
        let Ended { key, lease, ending } = ended;
        // Otherwise the key was evicted, or another caller holds it now.
        if let Some(entry) = keys.get(&key, now).filter(|entry| entry.is_of(&lease)) {
            let (until, told) = (entry.until.max(now + MIN_REST), entry.told.take());
            let state = match ending {
                Ending::Created(record) => Some(State::Created(record, now)),
                Ending::Unsure => Some(State::Unsure(now)),
                Ending::Failed => None,
            };
            match state {
                Some(state) => keys.set(key, Entry { until, told, state }, now),
                None => drop(keys.entries.remove(&key)),
            }
        }
        // Those who wait see the end only now.
        drop(lease);
    }

    /// Ends leases whose creates have not begun after all, because another process creates the records. What was remembered before
    /// is remembered again.
    pub(super) fn give_back(&self, key: &CreateKey, lease: Lease) {
        let (mut keys, now) = (self.keys(), Instant::now());
        if let Some(entry) = keys.get(key, now).filter(|entry| entry.is_of(&lease)) {
            let state = mem::replace(&mut entry.state, State::Unsure(now));
            let before = match state {
                State::Creating(lease) => lease.before,
                State::Told | State::Found(_) | State::Created(..) | State::Unsure(_) => None,
            };
            match before {
                Some(before) => entry.state = *before,
                None => drop(keys.entries.remove(key)),
            }
        }
        drop(keys);
        // Those who wait ask the other processes next.
        drop(lease);
    }

    /// Remembers which job was told to create a record, and for how long: `None` if another process has told a job that this one
    /// does not know.
    pub(super) fn was_told(&self, key: CreateKey, told: Option<JobName>, left: Duration) {
        let (mut keys, now) = (self.keys(), Instant::now());
        let entry = keys.get(&key, now);
        // Otherwise somebody creates it by now, or has found it.
        if entry.is_some_and(|entry| matches!(entry.state, State::Told)) {
            let entry = Entry {
                until: now + left,
                told,
                state: State::Told,
            };
            keys.set(key, entry, now);
        }
    }

    /// For each of these keys, whether a job was told and nothing was heard since.
    pub(super) fn are_told<'k>(&self, of: impl Iterator<Item = &'k CreateKey>) -> Vec<bool> {
        let (mut keys, now) = (self.keys(), Instant::now());
        let is_told = |key| {
            let entry = keys.get(key, now);
            entry.is_some_and(|entry| matches!(entry.state, State::Told))
        };
        of.map(is_told).collect()
    }

    fn forget_now(&self, key: &CreateKey, gone: &CreatedRecord) {
        let mut keys = self.keys();
        let entry = keys.get(key, Instant::now());
        if entry.is_some_and(
            |entry| matches!(&entry.state, State::Created(record, _) if record == gone),
        ) {
            keys.entries.remove(key);
        }
    }
}

impl CreateMemory for InProcess {
    fn is_under_way<'m>(&'m self, key: &'m CreateKey) -> BoxFuture<'m, bool> {
        let is_under_way = self.keys().get(key, Instant::now()).is_some_and(|entry| {
            matches!(entry.state, State::Told | State::Created(..)) || entry.state.is_held()
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

    fn begin(&self, wishes: Vec<Wish>, _: Duration) -> BoxFuture<'_, Vec<Result<Turn, Busy>>> {
        let (mut keys, now) = (self.keys(), Instant::now());
        let wishes = wishes.into_iter();
        let turns = wishes.map(|wish| self.begin_one(&mut keys, now, wish));
        ready(turns.collect()).boxed()
    }

    /// A lease in this process lasts until it is ended or dropped.
    fn renew<'m>(&'m self, _: Vec<(&'m CreateKey, &'m mut Lease)>) -> BoxFuture<'m, bool> {
        ready(true).boxed()
    }

    fn end(&self, ended: Vec<Ended>) -> BoxFuture<'_, ()> {
        let (mut keys, now) = (self.keys(), Instant::now());
        for ended in ended {
            Self::end_one(&mut keys, now, ended);
        }
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
