//! What is known about one object for one user, and when its description is read again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::HeaderValue;
use tokio::sync::watch;

use super::{kept::Kept, object::ObjectDescription, refused::Refusals};

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
    /// Whether the next reading is unconditional, and due at once.
    must_be_whole: bool,
    /// When Salesforce last refused something that the description allows.
    doubted: Option<Instant>,
    /// Whether the last attempt has failed, or takes too long. Nobody waits for it or the next one.
    has_failed: bool,
    /// Whether the last attempt has found its session expired.
    has_expired: bool,
    /// The fields that Salesforce has refused.
    pub(super) refusals: Refusals,
}

#[derive(Debug)]
struct Known {
    description: Kept,
    /// The `Last-Modified` header.
    modified: Option<HeaderValue>,
    /// When the description was read, or confirmed.
    confirmed: Instant,
    /// When it was read.
    read: Instant,
}

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
    /// Whether callers wait for it.
    pub(super) must_wait: bool,
    /// What is used meanwhile if they do not.
    pub(super) meanwhile: Option<Arc<ObjectDescription>>,
    /// Closes the channel when it is dropped.
    pub(super) done: watch::Sender<()>,
}

/// The result of a reading.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The description, and its `Last-Modified` header.
    Whole(Kept, Option<HeaderValue>),
    /// The description has not changed.
    Unchanged,
    /// The session has expired. Whoever uses it next renews it.
    Expired,
    /// The description cannot be read.
    Failed,
}

impl State {
    /// Decides what a caller does at `now`. Descriptions are confirmed after `ttl`, and read unconditionally whenever `reread` has
    /// changed; one that was confirmed longer than `max_age` ago is not used. `may_begin` is asked before an object is read for the
    /// first time.
    pub(super) fn next(
        &mut self,
        now: Instant,
        (ttl, max_age): (Duration, Duration),
        reread: u64,
        may_begin: impl FnOnce() -> bool,
    ) -> Next {
        if self.reread != reread {
            self.reread = reread;
            self.paused_until = None;
            self.must_be_whole = true;
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
        let is_fresh = self.is_fresh(now, ttl.min(max_age));
        if is_paused || is_fresh || (self.known.is_none() && !may_begin()) {
            return Next::Use(known);
        }
        let (done, reading) = watch::channel(());
        self.reading = Some(reading);
        Next::Read(Reading {
            since: self.condition(now),
            must_wait: known.is_none() && !self.has_failed,
            meanwhile: known,
            done,
        })
    }

    /// The description, if it is known and was confirmed no longer than `max_age` ago.
    pub(super) fn description(
        &self,
        now: Instant,
        max_age: Duration,
    ) -> Option<Arc<ObjectDescription>> {
        let is_used = |known: &&Known| now.saturating_duration_since(known.confirmed) <= max_age;
        let known = self.known.as_ref().filter(is_used);
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
            (Outcome::Whole(description, modified), _) => {
                self.known = Some(Known {
                    description,
                    modified,
                    confirmed: now,
                    read: now,
                });
                self.must_be_whole = false;
            }
            (Outcome::Unchanged, Some(known)) => known.confirmed = now,
            (Outcome::Expired, _) if !is_refused => {}
            (Outcome::Unchanged, None) | (Outcome::Failed | Outcome::Expired, _) => {
                self.has_failed = true;
                self.paused_until = Some(now + PAUSE);
            }
        }
    }

    /// Forgets a description that Salesforce has contradicted. It is read again after a pause, unconditionally.
    pub(super) fn forget(&mut self, now: Instant) {
        self.known = None;
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
        self.must_be_whole = true;
        Duration::ZERO
    }

    /// Notes that a caller has waited in vain for the reading in progress.
    pub(super) fn is_slow(&mut self) {
        self.has_failed = true;
    }

    fn is_fresh(&self, now: Instant, ttl: Duration) -> bool {
        let known = self.known.as_ref().filter(|_| !self.must_be_whole);
        known.is_some_and(|known| now.saturating_duration_since(known.confirmed) < ttl)
    }

    fn condition(&self, now: Instant) -> Option<HeaderValue> {
        let known = self.known.as_ref().filter(|_| !self.must_be_whole)?;
        let is_old = now.saturating_duration_since(known.read) >= WHOLE_AFTER;
        known.modified.clone().filter(|_| !is_old)
    }
}

#[cfg(test)]
mod tests;
