//! What the replicas tell each other about the calls of an org, and what follows from it.
//!
//! The store counts the calls of all replicas. Far from the reserve, a replica decides by itself and tells the store of its calls
//! about once a second; near it, the store decides about each call. What responses have stated is kept with the store's count of
//! calls, so that calls of which it may know nothing are added.

use std::time::{Duration, Instant, SystemTime};

use super::{
    header::ApiUsage,
    quota::{Count, Exchange, Governor, Quota, QuotaReport, Rank, Sent},
};
use crate::salesforce::fault::Fault;

/// How long the figures of the other replicas are recent enough to decide with.
pub(super) const RECENT: Duration = Duration::from_secs(2);

/// The number of calls of which the store is told at once.
const MAX_UNTOLD: i64 = 100;

/// The calls that are left when the store begins to decide about each call: so many, or so large a share of those allowed.
const NEAR: (u64, u64) = (1_000, 20);

/// The largest number that the store's scripts count exactly.
const LARGEST: u64 = 1 << 52;

/// What the store is told about an org's calls.
#[derive(Debug)]
pub(super) struct Told {
    /// The calls that are no longer untold.
    taken: i64,
    /// Those of them that the report may not include.
    pub(super) calls: i64,
    pub(super) in_flight: i64,
    /// The count that positions refer to; 0 if there is none.
    pub(super) epoch: i64,
    pub(super) report: Option<ToldReport>,
}

/// What a response has stated. Its positions are those in the store's count: `absolute` in the epoch that is named with it,
/// `relative` to the end of any other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ToldReport {
    pub(super) usage: ApiUsage,
    pub(super) absolute: Position,
    pub(super) relative: Position,
    pub(super) age: Duration,
    pub(super) call_age: Duration,
}

/// The position of a call among all that were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) number: i64,
    pub(super) included: i64,
}

/// What the store answers.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) verdict: Verdict,
    pub(super) epoch: i64,
    /// The calls that were counted.
    pub(super) calls: i64,
    pub(super) others_in_flight: i64,
    /// How long ago the last probe was sent.
    pub(super) probed: Option<Duration>,
    pub(super) report: Option<HeardReport>,
}

/// What the store has decided about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was not asked for one.
    Unasked,
    /// It may be sent. So many calls are certainly counted when Salesforce answers it.
    Granted { included: i64 },
    /// It must not be sent.
    HeldBack { reserve: u64 },
}

/// What the responses to all replicas have stated.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeardReport {
    pub(super) usage: ApiUsage,
    pub(super) position: Position,
    pub(super) age: Duration,
    pub(super) call_age: Duration,
}

impl Quota {
    /// Whether the store decides about the next call: what is known of the other replicas is old, or the reserve is near.
    pub(super) fn must_ask(&self, governor: Governor, now: Instant) -> bool {
        if !self.exchange.is_recent(now) || self.exchange.untold >= MAX_UNTOLD {
            return true;
        }
        if self.held_back(governor.reserve, Rank::First).is_some() {
            return self.is_probe_due(governor, now);
        }
        self.is_near(governor)
    }

    /// Whether so few calls are left that the replicas may together make more before they hear of each other.
    pub(super) fn is_near(&self, governor: Governor) -> bool {
        let reserve = |report: &QuotaReport| governor.reserve.of(report.usage.allowed);
        let Some((report, reserve)) = self
            .report
            .as_ref()
            .and_then(|report| Some((report, reserve(report)?)))
        else {
            return false;
        };
        let allowed = report.usage.allowed;
        let used = report.used(self.sent).saturating_add(reserve);
        let (calls, share) = NEAR;
        allowed.saturating_sub(used) < calls.max(allowed / share)
    }

    /// What the store is told now. Calls that the latest report includes are not counted again.
    pub(super) fn tell(&mut self, now: Instant) -> Told {
        let untold = self.exchange.untold;
        let included = self.report.map_or(0, |report| report.call.included);
        let known = included.saturating_sub(self.sent - untold).clamp(0, untold);
        let told = self.told(untold - known, now);
        self.exchange.untold = 0;
        self.exchange.telling += untold;
        Told {
            taken: untold,
            ..told
        }
    }

    /// What the store is told without an answer: what a response has stated, and no calls.
    pub(super) fn tell_report(&self, now: Instant) -> Told {
        self.told(0, now)
    }

    fn told(&self, calls: i64, now: Instant) -> Told {
        let told = self.told_calls();
        let count = self.exchange.count;
        let stated = |report: QuotaReport| {
            let absolute = |of: i64| count.map_or(0, |count| count.calls + (of - told).min(0));
            let relative = |of: i64| calls - (self.sent - of);
            let position = |at: &dyn Fn(i64) -> i64| Position {
                number: at(report.call.number),
                included: at(report.call.included),
            };
            ToldReport {
                usage: ApiUsage {
                    used: report.usage.used.min(LARGEST),
                    allowed: report.usage.allowed.min(LARGEST),
                },
                absolute: position(&absolute),
                relative: position(&relative),
                age: now.saturating_duration_since(report.at),
                call_age: now.saturating_duration_since(report.call.at),
            }
        };
        Told {
            taken: 0,
            calls,
            in_flight: self.in_flight,
            epoch: count.map_or(0, |count| count.epoch),
            report: self.report.map(stated),
        }
    }

    /// The number of the last call that the store has counted, as far as is known.
    fn told_calls(&self) -> i64 {
        self.sent - self.exchange.telling - self.exchange.untold
    }

    /// Notes that the store could not be told.
    pub(super) fn not_told(&mut self, told: &Told) {
        self.exchange.telling -= told.taken;
        self.exchange.untold += told.taken;
    }

    /// Notes that the store cannot count these calls now.
    pub(super) fn unheard(&mut self, now: Instant) {
        self.exchange.at = Some(now);
    }

    /// Takes the figures that the store has answered with. Returns the number of the last call that they count.
    pub(super) fn hear(
        &mut self,
        told: &Told,
        heard: &Heard,
        now: Instant,
        clock: SystemTime,
    ) -> i64 {
        let behind = self.follow(told, heard);
        let last = self.told_calls() - behind;
        let local = |of: i64| local(heard, last, of);
        let ago = |age: Duration| now.checked_sub(age).unwrap_or(now);
        self.exchange.others_in_flight = heard.others_in_flight;
        self.exchange.at = Some(now);
        self.probed = self.probed.max(heard.probed.map(ago));
        if let Some(report) = heard.report {
            self.report(QuotaReport {
                usage: report.usage,
                call: Sent {
                    number: local(report.position.number),
                    included: local(report.position.included),
                    at: ago(report.call_age),
                },
                at: ago(report.age),
                clock: clock.checked_sub(report.age).unwrap_or(clock),
            });
        }
        last
    }

    /// What the store has decided about a call. One that it grants is sent now.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if it grants none.
    pub(super) fn decided(
        &mut self,
        heard: &Heard,
        last: i64,
        now: Instant,
    ) -> Result<Option<Sent>, Fault> {
        match heard.verdict {
            Verdict::Unasked => Ok(None),
            Verdict::Granted { included } => {
                self.in_flight += 1;
                Ok(Some(Sent {
                    number: last,
                    included: local(heard, last, included),
                    at: now,
                }))
            }
            Verdict::HeldBack { reserve } => {
                let stated = |report: HeardReport| {
                    let since = heard.calls.saturating_sub(report.position.included).max(0);
                    let used = report.usage.used.saturating_add_signed(since);
                    (used, report.usage.allowed)
                };
                let (used, allowed) = heard.report.map(stated).unwrap_or_default();
                Err(Fault::Reserved {
                    used,
                    allowed,
                    reserve,
                })
            }
        }
    }

    /// Counts the calls that the store has counted. Returns how many of them it has counted since this answer, which another one has
    /// overtaken.
    fn follow(&mut self, told: &Told, heard: &Heard) -> i64 {
        let granted = i64::from(matches!(heard.verdict, Verdict::Granted { .. }));
        let (more, behind) = match self.exchange.count {
            Some(known) if known.epoch == heard.epoch => (
                (heard.calls - known.calls).max(0),
                (known.calls - heard.calls).max(0),
            ),
            Some(_) | None => (told.calls + granted, 0),
        };
        self.exchange.telling -= told.taken;
        // Calls that were not counted, because the report includes them, keep their numbers.
        self.sent += more - told.calls;
        let is_newer = |known: &Count| (known.epoch, known.calls) > (heard.epoch, heard.calls);
        if !self.exchange.count.as_ref().is_some_and(is_newer) {
            self.exchange.count = Some(Count {
                epoch: heard.epoch,
                calls: heard.calls,
            });
        }
        behind
    }
}

/// The number, in this process, of a call at a position in the store's count, whose last call has the number `last`.
fn local(heard: &Heard, last: i64, position: i64) -> i64 {
    last - (heard.calls - position)
}

impl Exchange {
    /// Whether the figures of the other replicas are recent.
    pub(super) fn is_recent(&self, now: Instant) -> bool {
        self.at
            .is_some_and(|at| now.saturating_duration_since(at) < RECENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reserve;

    const GOVERNOR: Governor = Governor {
        reserve: Reserve::Percent(10),
        probe_after: Duration::from_mins(5),
        call_time: Duration::from_mins(1),
    };

    /// What the store answers that has counted `calls`, the last of which has found `used` of 100,000.
    fn heard(verdict: Verdict, epoch: i64, calls: i64, used: u64) -> Heard {
        Heard {
            verdict,
            epoch,
            calls,
            others_in_flight: 0,
            probed: None,
            report: Some(HeardReport {
                usage: ApiUsage {
                    used,
                    allowed: 100_000,
                },
                position: Position {
                    number: calls,
                    included: calls,
                },
                age: Duration::ZERO,
                call_age: Duration::ZERO,
            }),
        }
    }

    /// Exchanges figures with a store that answers so.
    fn exchange(quota: &mut Quota, now: Instant, heard: &Heard) -> Result<Option<Sent>, Fault> {
        let told = quota.tell(now);
        let last = quota.hear(&told, heard, now, SystemTime::UNIX_EPOCH);
        quota.decided(heard, last, now)
    }

    fn used(quota: &Quota) -> u64 {
        quota.balance(GOVERNOR.reserve).unwrap().used
    }

    #[test]
    fn far_from_the_reserve_a_replica_asks_once_its_figures_are_old_or_many_calls_untold() {
        let now = Instant::now();
        let mut quota = Quota::default();
        assert!(quota.must_ask(GOVERNOR, now));
        exchange(&mut quota, now, &heard(Verdict::Unasked, 1, 50, 10)).unwrap();
        assert!(!quota.must_ask(GOVERNOR, now));
        assert!(quota.must_ask(GOVERNOR, now + RECENT));
        for _ in 0..MAX_UNTOLD {
            assert!(!quota.must_ask(GOVERNOR, now));
            quota.spend(GOVERNOR, now).unwrap();
        }
        assert!(quota.must_ask(GOVERNOR, now));
        // 90,000 may be spent, and 5 % of those allowed are near.
        exchange(&mut quota, now, &heard(Verdict::Unasked, 1, 250, 85_000)).unwrap();
        assert!(!quota.must_ask(GOVERNOR, now));
        exchange(&mut quota, now, &heard(Verdict::Unasked, 1, 251, 85_001)).unwrap();
        assert!(quota.must_ask(GOVERNOR, now));
    }

    #[test]
    fn the_calls_of_others_count_until_a_response_includes_them() {
        let now = Instant::now();
        let mut quota = Quota::default();
        exchange(&mut quota, now, &heard(Verdict::Unasked, 1, 50, 10)).unwrap();
        let mut more = heard(Verdict::Unasked, 1, 57, 10);
        more.report.as_mut().unwrap().position = Position {
            number: 50,
            included: 50,
        };
        exchange(&mut quota, now, &more).unwrap();
        assert_eq!(used(&quota), 17);
        let granted = heard(Verdict::Granted { included: 58 }, 1, 58, 17);
        let sent = exchange(&mut quota, now, &granted).unwrap().unwrap();
        assert_eq!((sent.number, sent.included), (quota.sent, quota.sent));
    }

    #[test]
    fn a_call_that_could_not_be_told_is_told_again() {
        let now = Instant::now();
        let mut quota = Quota::default();
        quota.spend(GOVERNOR, now).unwrap();
        let told = quota.tell(now);
        assert_eq!(told.calls, 1);
        quota.not_told(&told);
        assert_eq!((quota.tell(now).calls, quota.sent), (1, 1));
    }

    #[test]
    fn a_store_that_counts_from_the_beginning_changes_no_figure() {
        let now = Instant::now();
        let mut quota = Quota::default();
        exchange(&mut quota, now, &heard(Verdict::Unasked, 1, 50, 10)).unwrap();
        assert_eq!(used(&quota), 10);
        exchange(&mut quota, now, &heard(Verdict::Unasked, 2, 0, 10)).unwrap();
        assert_eq!(used(&quota), 10);
        let granted = heard(Verdict::Granted { included: 1 }, 2, 1, 10);
        let mut granted = granted;
        granted.report.as_mut().unwrap().position = Position {
            number: 0,
            included: 0,
        };
        exchange(&mut quota, now, &granted).unwrap();
        assert_eq!(used(&quota), 11);
    }
}
