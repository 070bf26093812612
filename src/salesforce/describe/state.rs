//! What is known about one object for one user, and when its description is read again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::HeaderValue;
use tokio::sync::watch;

use super::{kept::Kept, object::ObjectDescription};

/// How long nothing is read after a failure.
pub(super) const PAUSE: Duration = Duration::from_mins(1);

/// After this time the description is read without a condition: a change of permissions may not count as a change.
const WHOLE_AFTER: Duration = Duration::from_hours(24);

/// What is known about one object for one user.
#[derive(Debug, Default)]
pub(super) struct State {
    known: Option<Known>,
    /// The time before which nothing is read, because the last attempt has failed.
    paused_until: Option<Instant>,
    /// The channel that closes when the reading in progress has ended.
    reading: Option<watch::Receiver<()>>,
    /// The number of the last request to read everything again that was considered.
    reread: u64,
    /// The next reading is unconditional, and due at once: the description must have been read since then.
    read_after: Option<Instant>,
    /// When Salesforce last refused something that the description allows.
    doubted: Option<Instant>,
    /// Whether the last attempt has failed, or takes too long. Nobody waits for it or the next one.
    has_failed: bool,
    /// Whether the last attempt has found its session expired.
    has_expired: bool,
}

/// How long ago a description may have been confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::salesforce) enum MaxAge {
    /// However long ago.
    Any,
    /// No longer than this.
    Confirmed(Duration),
    /// No longer than this, and with a session of this replica.
    Accepted(Duration),
}

#[derive(Debug)]
struct Known {
    description: Kept,
    /// The `Last-Modified` header.
    modified: Option<HeaderValue>,
    /// When the description was read, or confirmed, by any replica.
    confirmed: Instant,
    /// When this replica has read or confirmed it.
    accepted: Option<Instant>,
    /// When it was read.
    read: Instant,
    /// Which one it is among those that replicas have shared, if they have.
    stamp: Option<Stamp>,
}

/// What tells a description that replicas share from earlier ones: the store's time when it was read, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) i64);

/// What the caller does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Use what is known, which may be nothing.
    Use(Option<Arc<ObjectDescription>>),
    /// Wait until the channel closes, then use what is known.
    Wait(watch::Receiver<()>),
    /// Read the description.
    Read(Reading),
}

/// A reading to be made.
#[derive(Debug)]
pub(super) struct Reading {
    /// The condition: the description has changed since.
    pub(super) since: Option<HeaderValue>,
    /// What another replica must have read, so that it can be used instead.
    pub(super) shared: Wanted,
    /// Whether callers wait for it.
    pub(super) must_wait: bool,
    /// What is used meanwhile if they do not.
    pub(super) meanwhile: Option<Arc<ObjectDescription>>,
    /// Closes the channel when it is dropped.
    pub(super) done: watch::Sender<()>,
}

/// The description of another replica that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// How long ago it may have been confirmed; `None` if only a session of this replica may have confirmed it.
    pub(super) confirmed_within: Option<Duration>,
    /// How long ago it may have been read.
    pub(super) read_within: Duration,
    /// The one that is known.
    pub(super) known: Option<Stamp>,
}

/// The result of a reading.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The description, its `Last-Modified` header, and what tells it from others if it is shared.
    Whole(Kept, Option<HeaderValue>, Option<Stamp>),
    /// The description has not changed.
    Unchanged,
    /// What another replica has read.
    Shared(SharedTable),
    /// What is known was confirmed by another replica then.
    Confirmed(Instant),
    /// The session has expired. Whoever uses it next renews it.
    Expired,
    /// The description cannot be read.
    Failed,
}

/// A description that another replica has read.
#[derive(Debug)]
pub(super) struct SharedTable {
    pub(super) description: Kept,
    /// The `Last-Modified` header.
    pub(super) modified: Option<HeaderValue>,
    pub(super) stamp: Stamp,
    pub(super) read: Instant,
    pub(super) confirmed: Instant,
    /// Whether this replica has confirmed it.
    pub(super) is_accepted: bool,
}

impl State {
    /// Decides what a caller does at `now`. Descriptions are confirmed after `ttl`, and read unconditionally whenever `reread` has
    /// changed; one that was confirmed longer than `max_age` ago is not used. `may_begin` is asked before an object is read for the
    /// first time.
    pub(super) fn next(
        &mut self,
        now: Instant,
        (ttl, max_age): (Duration, MaxAge),
        reread: u64,
        may_begin: impl FnOnce() -> bool,
    ) -> Next {
        if self.reread != reread {
            self.reread = reread;
            self.paused_until = None;
            self.read_after = Some(now);
        }
        let is_dropped = |known: &mut Known| known.description.get().is_none();
        self.known.take_if(is_dropped);
        let known = self.description(now, max_age);
        if let Some(reading) = self.reading.clone().filter(|it| it.has_changed().is_ok()) {
            let must_wait = known.is_none() && !self.has_failed;
            return if must_wait {
                Next::Wait(reading)
            } else {
                Next::Use(known)
            };
        }
        let is_paused = self.paused_until.is_some_and(|until| now < until);
        let is_fresh = self.is_fresh(now, ttl, max_age);
        if is_paused || is_fresh || (self.known.is_none() && !may_begin()) {
            return Next::Use(known);
        }
        let (done, reading) = watch::channel(());
        self.reading = Some(reading);
        Next::Read(Reading {
            since: self.condition(now),
            shared: self.wanted(now, ttl, max_age),
            must_wait: known.is_none() && !self.has_failed,
            meanwhile: known,
            done,
        })
    }

    /// The description, if it is known and was confirmed no longer than `max_age` ago.
    pub(super) fn description(
        &self,
        now: Instant,
        max_age: MaxAge,
    ) -> Option<Arc<ObjectDescription>> {
        let known = self.known.as_ref();
        let known = known.filter(|known| known.is_within(now, max_age));
        known.and_then(|known| known.description.get())
    }

    /// The description and when it was confirmed, however long ago; `None` if its memory was needed.
    pub(super) fn known(&self) -> Option<(Arc<ObjectDescription>, Instant)> {
        let known = self.known.as_ref()?;
        Some((known.description.get()?, known.confirmed))
    }

    /// Stores the result of a reading.
    pub(super) fn ended(&mut self, now: Instant, outcome: Outcome) {
        // A session may expire; if the next one has, too, the object cannot be described.
        let is_refused = matches!(outcome, Outcome::Expired) && self.has_expired;
        self.has_expired = matches!(outcome, Outcome::Expired);
        self.has_failed = is_refused;
        match (outcome, &mut self.known) {
            (Outcome::Whole(description, modified, stamp), _) => {
                self.known = Some(Known {
                    description,
                    modified,
                    confirmed: now,
                    accepted: Some(now),
                    read: now,
                    stamp,
                });
                self.read_after = None;
            }
            (Outcome::Unchanged, Some(known)) => {
                known.confirmed = now;
                known.accepted = Some(now);
            }
            (Outcome::Confirmed(at), Some(known)) => known.confirmed = known.confirmed.max(at),
            (Outcome::Shared(table), _) => self.shared(table),
            (Outcome::Expired, _) if !is_refused => {}
            (Outcome::Unchanged | Outcome::Confirmed(_), None)
            | (Outcome::Failed | Outcome::Expired, _) => {
                self.has_failed = true;
                self.paused_until = Some(now + PAUSE);
            }
        }
    }

    /// Takes what another replica has read.
    fn shared(&mut self, table: SharedTable) {
        let SharedTable {
            description,
            modified,
            stamp,
            read,
            confirmed,
            is_accepted,
        } = table;
        self.read_after.take_if(|after| *after <= read);
        self.known = Some(Known {
            description,
            modified,
            confirmed,
            accepted: is_accepted.then_some(confirmed),
            read,
            stamp: Some(stamp),
        });
    }

    /// Forgets a description that Salesforce has contradicted. It is read again after a pause, unconditionally.
    pub(super) fn forget(&mut self, now: Instant) {
        self.known = None;
        self.read_after = Some(now);
        self.paused_until = Some(now + PAUSE);
    }

    /// Has a description that Salesforce may have contradicted read again when it is used next, unconditionally and at most once
    /// a minute. Returns how long ago that was asked for.
    pub(super) fn doubt(&mut self, now: Instant) -> Duration {
        let age = self
            .doubted
            .map(|doubted| now.saturating_duration_since(doubted));
        if let Some(age) = age.filter(|age| *age < PAUSE) {
            return age;
        }
        self.doubted = Some(now);
        self.read_after = Some(now);
        Duration::ZERO
    }

    /// Notes that a caller has waited in vain for the reading in progress.
    pub(super) fn is_slow(&mut self) {
        self.has_failed = true;
    }

    fn is_fresh(&self, now: Instant, ttl: Duration, max_age: MaxAge) -> bool {
        let known = self.known.as_ref().filter(|_| self.read_after.is_none());
        let ttl = MaxAge::Confirmed(ttl);
        known.is_some_and(|known| known.is_before(now, ttl) && known.is_before(now, max_age))
    }

    fn condition(&self, now: Instant) -> Option<HeaderValue> {
        let known = self.known.as_ref().filter(|_| self.read_after.is_none())?;
        let is_old = now.saturating_duration_since(known.read) >= WHOLE_AFTER;
        known.modified.clone().filter(|_| !is_old)
    }

    fn wanted(&self, now: Instant, ttl: Duration, max_age: MaxAge) -> Wanted {
        let after = self.read_after;
        let read_within = after.map(|after| now.saturating_duration_since(after));
        Wanted {
            confirmed_within: match max_age {
                MaxAge::Any => Some(ttl),
                MaxAge::Confirmed(max_age) => Some(ttl.min(max_age)),
                MaxAge::Accepted(_) => None,
            },
            read_within: read_within.unwrap_or(WHOLE_AFTER).min(WHOLE_AFTER),
            known: self.known.as_ref().and_then(|known| known.stamp),
        }
    }
}

impl Known {
    /// Whether it was confirmed no longer than `max_age` ago.
    fn is_within(&self, now: Instant, max_age: MaxAge) -> bool {
        self.age(now, max_age).is_none_or(|(age, max)| age <= max)
    }

    /// Whether it was confirmed less than `max_age` ago.
    fn is_before(&self, now: Instant, max_age: MaxAge) -> bool {
        self.age(now, max_age).is_none_or(|(age, max)| age < max)
    }

    /// How long ago it was confirmed, and how long ago that may be; `None` if it does not matter.
    fn age(&self, now: Instant, max_age: MaxAge) -> Option<(Duration, Duration)> {
        let age = |at: Instant| now.saturating_duration_since(at);
        match max_age {
            MaxAge::Any => None,
            MaxAge::Confirmed(max) => Some((age(self.confirmed), max)),
            MaxAge::Accepted(max) => Some((self.accepted.map_or(Duration::MAX, age), max)),
        }
    }
}

#[cfg(test)]
mod tests;
