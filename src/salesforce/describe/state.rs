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

    /// Stores the result of a reading. Returns whether the reading has failed.
    pub(super) fn ended(&mut self, now: Instant, outcome: Outcome) -> bool {
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
                return true;
            }
        }
        false
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
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_hours(1);
    const AGES: (Duration, Duration) = (TTL, Duration::MAX);

    fn whole() -> Outcome {
        let text = r#"{"queryable":true,"createable":true,"updateable":true,"fields":[]}"#;
        let modified = HeaderValue::from_static("Sat, 28 Nov 2026 10:00:00 GMT");
        Outcome::Whole(serde_json::from_str(text).unwrap(), Some(modified))
    }

    fn next(state: &mut State, now: Instant) -> Next {
        state.next(now, AGES, 0, || true)
    }

    /// The reading that the state asks for.
    fn reading(next: Next) -> Reading {
        match next {
            Next::Read(reading) => reading,
            other => panic!("no reading: {other:?}"),
        }
    }

    /// A state whose object was read at `now`.
    fn read_at(now: Instant) -> State {
        let mut state = State::default();
        drop(reading(next(&mut state, now)));
        state.ended(now, whole());
        state
    }

    #[test]
    fn callers_wait_for_the_first_description_only() {
        let now = Instant::now();
        let mut state = State::default();
        let first = reading(next(&mut state, now));
        assert!(first.since.is_none() && first.meanwhile.is_none());
        assert!(matches!(next(&mut state, now), Next::Wait(_)));
        state.ended(now, whole());
        drop(first);
        assert!(matches!(next(&mut state, now), Next::Use(Some(_))));

        let second = reading(next(&mut state, now + TTL));
        assert!(second.meanwhile.is_some());
        assert!(matches!(next(&mut state, now + TTL), Next::Use(Some(_))));
    }

    #[test]
    fn a_description_is_confirmed_after_its_time_and_read_whole_once_a_day() {
        let now = Instant::now();
        let mut state = read_at(now);
        assert!(matches!(
            next(&mut state, now + Duration::from_mins(59)),
            Next::Use(Some(_))
        ));
        assert!(reading(next(&mut state, now + TTL)).since.is_some());
        state.ended(now + TTL, Outcome::Unchanged);
        assert!(matches!(
            next(&mut state, now + Duration::from_mins(119)),
            Next::Use(Some(_))
        ));
        assert!(reading(next(&mut state, now + 24 * TTL)).since.is_none());
    }

    #[test]
    fn a_description_that_is_too_old_for_its_caller_is_confirmed_first() {
        let (now, max_age) = (Instant::now(), Duration::from_mins(1));
        let mut state = read_at(now);
        let mut next = |now| state.next(now, (TTL, max_age), 0, || true);
        assert!(matches!(
            next(now + Duration::from_secs(59)),
            Next::Use(Some(_))
        ));
        let confirming = reading(next(now + Duration::from_secs(61)));
        assert!(confirming.since.is_some() && confirming.meanwhile.is_none());
        assert!(matches!(next(now + Duration::from_secs(61)), Next::Wait(_)));
        drop(confirming);
        assert!(state.ended(now + Duration::from_secs(62), Outcome::Failed));
        let next = state.next(now + Duration::from_secs(62), (TTL, max_age), 0, || true);
        assert!(matches!(next, Next::Use(None)));
    }

    #[test]
    fn a_request_to_read_everything_again_drops_the_condition_and_the_pause() {
        let now = Instant::now();
        let mut state = read_at(now);
        let again = reading(state.next(now, AGES, 1, || true));
        assert!(again.since.is_none() && again.meanwhile.is_some());
        drop(again);
        assert!(state.ended(now, Outcome::Failed));
        assert!(matches!(
            state.next(now, AGES, 1, || true),
            Next::Use(Some(_))
        ));
        assert!(reading(state.next(now, AGES, 2, || true)).since.is_none());
    }

    #[test]
    fn after_a_failure_nobody_reads_or_waits_for_a_minute() {
        let now = Instant::now();
        let mut state = State::default();
        drop(reading(next(&mut state, now)));
        assert!(state.ended(now, Outcome::Failed));
        assert!(matches!(
            next(&mut state, now + Duration::from_secs(59)),
            Next::Use(None)
        ));
        reading(next(&mut state, now + PAUSE));
    }

    #[test]
    fn an_expired_session_and_a_reading_that_broke_off_are_no_reason_to_pause() {
        let now = Instant::now();
        let mut state = State::default();
        drop(reading(next(&mut state, now)));
        assert!(!state.ended(now, Outcome::Expired));
        drop(reading(next(&mut state, now)));
        reading(next(&mut state, now));
    }

    #[test]
    fn what_salesforce_contradicts_is_forgotten_and_read_whole_after_a_minute() {
        let now = Instant::now();
        let mut state = read_at(now);
        state.forget(now);
        assert!(matches!(next(&mut state, now), Next::Use(None)));
        assert!(reading(next(&mut state, now + PAUSE)).since.is_none());
    }

    #[test]
    fn an_object_is_not_read_for_the_first_time_where_too_many_were() {
        let now = Instant::now();
        let mut state = State::default();
        assert!(matches!(
            state.next(now, AGES, 0, || false),
            Next::Use(None)
        ));
        let mut state = read_at(now);
        reading(state.next(now + TTL, AGES, 0, || false));
    }
}
