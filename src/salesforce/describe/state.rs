//! What is known about one object for one user, and when its description is read again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::HeaderValue;
use tokio::sync::watch;

use super::object::ObjectDescription;

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
    /// Whether the next reading is unconditional.
    must_be_whole: bool,
}

#[derive(Debug)]
struct Known {
    description: Arc<ObjectDescription>,
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
    /// What is used meanwhile; `None` if callers wait.
    pub(super) meanwhile: Option<Arc<ObjectDescription>>,
    /// Closes the channel when it is dropped.
    pub(super) done: watch::Sender<()>,
}

/// The result of a reading.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The description, and its `Last-Modified` header.
    Whole(ObjectDescription, Option<HeaderValue>),
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
        let known = self.description(now, max_age);
        if let Some(reading) = self.reading.clone().filter(|it| it.has_changed().is_ok()) {
            return known.map_or(Next::Wait(reading), |known| Next::Use(Some(known)));
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
        known.map(|known| Arc::clone(&known.description))
    }

    /// The description and when it was confirmed, however long ago.
    pub(super) fn known(&self) -> Option<(Arc<ObjectDescription>, Instant)> {
        let known = self.known.as_ref()?;
        Some((Arc::clone(&known.description), known.confirmed))
    }

    /// Stores the result of a reading.
    pub(super) fn ended(&mut self, now: Instant, outcome: Outcome) {
        match (outcome, &mut self.known) {
            (Outcome::Whole(description, modified), _) => {
                self.known = Some(Known {
                    description: Arc::new(description),
                    modified,
                    confirmed: now,
                    read: now,
                });
                self.must_be_whole = false;
            }
            (Outcome::Unchanged, Some(known)) => known.confirmed = now,
            (Outcome::Expired, _) => {}
            (Outcome::Unchanged, None) | (Outcome::Failed, _) => {
                self.paused_until = Some(now + PAUSE);
            }
        }
    }

    /// Forgets a description that Salesforce has contradicted. It is read again after a pause, unconditionally.
    pub(super) fn forget(&mut self, now: Instant) {
        self.known = None;
        self.paused_until = Some(now + PAUSE);
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
