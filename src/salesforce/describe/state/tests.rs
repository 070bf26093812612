//! When a description is read again, and who waits for it.

use super::{super::kept::KeptDescriptions, *};

const TTL: Duration = Duration::from_hours(1);
const AGES: (Duration, MaxAge) = (TTL, MaxAge::Any);

fn whole() -> Outcome {
    let text = r#"{"queryable":true,"createable":true,"updateable":true,"fields":[]}"#;
    let modified = HeaderValue::from_static("Sat, 28 Nov 2026 10:00:00 GMT");
    let kept = KeptDescriptions::new(1_000);
    Outcome::Whole(
        kept.keep(serde_json::from_str(text).unwrap()),
        Some(modified),
        None,
    )
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
    let (now, max_age) = (Instant::now(), MaxAge::Confirmed(Duration::from_mins(1)));
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
    state.ended(now + Duration::from_secs(62), Outcome::Failed);
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
    state.ended(now, Outcome::Failed);
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
    state.ended(now, Outcome::Failed);
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
    state.ended(now, Outcome::Expired);
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

#[test]
fn an_object_whose_describe_finds_every_session_expired_is_not_read_for_a_minute() {
    let now = Instant::now();
    let mut state = State::default();
    for _ in 0..2 {
        drop(reading(next(&mut state, now)));
        state.ended(now, Outcome::Expired);
    }
    assert!(matches!(next(&mut state, now), Next::Use(None)));
    assert!(!reading(next(&mut state, now + PAUSE)).must_wait);
}

#[test]
fn nobody_waits_for_a_reading_that_takes_long_or_follows_a_failure() {
    let now = Instant::now();
    let mut state = State::default();
    let first = reading(next(&mut state, now));
    assert!(first.must_wait);
    state.is_slow();
    assert!(matches!(next(&mut state, now), Next::Use(None)));
    state.ended(now, Outcome::Failed);
    drop(first);
    let second = reading(next(&mut state, now + PAUSE));
    assert!(!second.must_wait && second.meanwhile.is_none());
    assert!(matches!(next(&mut state, now + PAUSE), Next::Use(None)));
    state.ended(now + PAUSE, whole());
    assert!(matches!(next(&mut state, now + PAUSE), Next::Use(Some(_))));
}

#[test]
fn what_salesforce_may_contradict_is_read_whole_at_most_once_a_minute_and_serves_meanwhile() {
    let now = Instant::now();
    let mut state = read_at(now);
    state.doubt(now);
    let again = reading(next(&mut state, now));
    assert!(again.since.is_none() && again.meanwhile.is_some());
    drop(again);
    state.ended(now, whole());
    state.doubt(now + Duration::from_secs(59));
    assert!(matches!(next(&mut state, now), Next::Use(Some(_))));
    state.doubt(now + PAUSE);
    reading(next(&mut state, now + PAUSE));
}

/// What another replica has read and confirmed.
fn shared(read: Instant, confirmed: Instant) -> Outcome {
    let Outcome::Whole(description, modified, _) = whole() else {
        panic!("no description")
    };
    Outcome::Shared(SharedTable {
        description,
        modified,
        stamp: Stamp(7),
        read,
        confirmed,
        is_accepted: false,
    })
}

#[test]
fn what_another_replica_has_read_serves_until_it_has_to_be_confirmed() {
    let now = Instant::now();
    let mut state = State::default();
    let first = reading(next(&mut state, now)).shared;
    assert_eq!((first.confirmed_within, first.known), (Some(TTL), None));
    state.ended(now + TTL, shared(now, now + TTL / 2));
    assert!(matches!(next(&mut state, now + TTL), Next::Use(Some(_))));
    let again = reading(next(&mut state, now + TTL + TTL / 2));
    assert!(again.since.is_some() && again.meanwhile.is_some());
    assert_eq!(again.shared.known, Some(Stamp(7)));
    drop(again);
    state.ended(now + 2 * TTL, Outcome::Confirmed(now + 2 * TTL));
    assert!(matches!(
        next(&mut state, now + 2 * TTL),
        Next::Use(Some(_))
    ));
}

#[test]
fn what_another_replica_has_confirmed_says_nothing_about_a_session_of_this_one() {
    let now = Instant::now();
    let mut state = State::default();
    drop(reading(next(&mut state, now)));
    state.ended(now, shared(now, now));
    let accepted = (TTL, MaxAge::Accepted(Duration::from_mins(1)));
    let own = reading(state.next(now, accepted, 0, || true));
    assert!(own.shared.confirmed_within.is_none() && own.meanwhile.is_none());
    drop(own);
    state.ended(now, Outcome::Unchanged);
    assert!(matches!(
        state.next(now, accepted, 0, || true),
        Next::Use(Some(_))
    ));
}

#[test]
fn what_was_read_before_salesforce_contradicted_it_is_not_enough() {
    let now = Instant::now();
    let at = |seconds| now + Duration::from_secs(seconds);
    let mut state = read_at(now);
    state.doubt(at(10));
    let wanted = reading(next(&mut state, at(15))).shared;
    assert_eq!(wanted.read_within, Duration::from_secs(5));
    state.ended(at(15), shared(at(9), at(14)));
    drop(reading(next(&mut state, at(15))));
    state.ended(at(15), shared(at(11), at(11)));
    assert!(matches!(next(&mut state, at(16)), Next::Use(Some(_))));
}
