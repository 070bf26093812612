//! Estimates how many calls an org has left, from the latest figure that Salesforce has stated and the calls sent
//! since.

use std::time::{Duration, Instant, SystemTime};

use super::header::ApiUsage;
use crate::config::Reserve;
use crate::salesforce::fault::Fault;

/// The limits on what may be spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Governor {
    pub(super) reserve: Reserve,
    pub(super) probe_after: Duration,
    /// How long a call may take.
    pub(super) call_time: Duration,
}

/// The order in which calls are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Creates, and all calls that this service makes itself. They continue until only the reserve is left.
    First,
    /// Updates: they stop a tenth of the reserve earlier.
    Second,
}

/// The calls of one org.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// The number of calls that were sent. Each call is numbered by this counter.
    pub(super) sent: i64,
    /// The number of calls of this process whose response has not arrived.
    pub(super) in_flight: i64,
    pub(super) report: Option<QuotaReport>,
    pub(super) probed: Option<Instant>,
    pub(super) exchange: Exchange,
}

/// A call that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// Its number.
    pub(super) number: i64,
    /// How many calls Salesforce has certainly counted when it answers: it, and those that were answered before it was sent.
    pub(super) included: i64,
    pub(super) at: Instant,
}

/// What a response has stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaReport {
    pub(super) usage: ApiUsage,
    /// The call whose response stated it.
    pub(super) call: Sent,
    /// When the response arrived.
    pub(super) at: Instant,
    pub(super) clock: SystemTime,
}

/// What the store that replicas share knows of the calls (`exchange`).
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The calls of this process of which the store has not been told.
    pub(super) untold: i64,
    /// Those of which it is being told.
    pub(super) telling: i64,
    /// What it has counted, as far as is known.
    pub(super) count: Option<Count>,
    /// The calls of the other replicas whose response had not arrived.
    pub(super) others_in_flight: i64,
    /// When the figures were exchanged last.
    pub(super) at: Option<Instant>,
}

/// What the store has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// When it began to count, which tells one count from another after the store has lost its entries.
    pub(super) epoch: i64,
    pub(super) calls: i64,
}

/// A snapshot of an org's calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Balance {
    pub(super) used: u64,
    pub(super) allowed: u64,
    pub(super) reserve: u64,
    pub(super) observed: SystemTime,
    /// Whether events are held back; this may concern updates only.
    pub(super) throttling: bool,
}

impl Quota {
    /// Sends a call. While only the reserve is left, one call is let through from time to time, to find out whether that is still
    /// so.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if it must not be sent.
    pub(super) fn spend(&mut self, governor: Governor, now: Instant) -> Result<Sent, Fault> {
        if let Some(fault) = self.held_back(governor.reserve, Rank::First) {
            if !self.is_probe_due(governor, now) {
                return Err(fault);
            }
            self.probed = Some(now);
        }
        self.exchange.untold += 1;
        self.sent += 1;
        Ok(self.sending(now))
    }

    /// The call that was counted last, which is sent now.
    pub(super) fn sending(&mut self, now: Instant) -> Sent {
        let before = self
            .in_flight
            .saturating_add(self.exchange.others_in_flight);
        self.in_flight += 1;
        Sent {
            number: self.sent,
            included: self.sent.saturating_sub(before),
            at: now,
        }
    }

    /// Notes that a call is over, with or without a response.
    pub(super) fn ended(&mut self) {
        self.in_flight = (self.in_flight - 1).max(0);
    }

    /// Whether a call may find out if still only the reserve is left.
    pub(super) fn is_probe_due(&self, governor: Governor, now: Instant) -> bool {
        let asked = self.report.as_ref().map(|report| report.at);
        is_old(asked.max(self.probed), governor, now)
    }

    /// Checks whether a call that others may send can be spared, without spending one. It never lets a probe through,
    /// because a probe is useful only if its response comes back to this service.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if it cannot be spared.
    pub(super) fn spares(&self, governor: Governor, rank: Rank, now: Instant) -> Result<(), Fault> {
        let observed = self.report.as_ref().map(|report| report.at);
        match self.held_back(governor.reserve, rank) {
            Some(fault) if !is_old(observed, governor, now) => Err(fault),
            Some(_) | None => Ok(()),
        }
    }

    /// Records the usage that the response to a call states.
    pub(super) fn report(&mut self, report: QuotaReport) {
        self.report = Some(match self.report {
            Some(known) => known.and(report, self.sent),
            None => report,
        });
    }

    /// The current balance; `None` before the org has stated its usage.
    pub(super) fn balance(&self, reserve: Reserve) -> Option<Balance> {
        let report = self.report.as_ref()?;
        let allowed = report.usage.allowed;
        Some(Balance {
            used: self.used(report),
            allowed,
            reserve: reserve.of(allowed).unwrap_or(0),
            observed: report.clock,
            throttling: self.held_back(reserve, Rank::Second).is_some(),
        })
    }

    fn used(&self, report: &QuotaReport) -> u64 {
        report.used(self.sent)
    }

    pub(super) fn held_back(&self, reserve: Reserve, rank: Rank) -> Option<Fault> {
        let report = self.report.as_ref()?;
        let allowed = report.usage.allowed;
        let reserve = reserve.of(allowed)?;
        let earlier = match rank {
            Rank::First => 0,
            Rank::Second => reserve / 10,
        };
        let spendable = allowed.saturating_sub(reserve).saturating_sub(earlier);
        let used = self.used(report);
        (used >= spendable).then_some(Fault::Reserved {
            used,
            allowed,
            reserve,
        })
    }
}

impl QuotaReport {
    /// The calls that are used once `sent` calls were sent: those that were stated, and those that may not be among them.
    pub(super) fn used(&self, sent: i64) -> u64 {
        let since = sent.saturating_sub(self.call.included);
        self.usage.used.saturating_add_signed(since.max(0))
    }

    /// What this report and another one state together. Of two calls, the one that was sent later counts. If they were in flight at the same time,
    /// each response may count the other call or not, so that the lower figure holds, as far as it is possible.
    fn and(self, other: Self, sent: i64) -> Self {
        let sent_at = |report: &Self| (report.call.at, report.call.number);
        let (earlier, mut later) = if sent_at(&self) <= sent_at(&other) {
            (self, other)
        } else {
            (other, self)
        };
        if earlier.at > later.call.at {
            let surplus = later.used(sent).saturating_sub(earlier.used(sent));
            let surplus = i64::try_from(surplus).unwrap_or(i64::MAX);
            let included = later.call.included.saturating_add(surplus);
            later.call.included = included.min(later.call.number);
        }
        later
    }
}

fn is_old(observed: Option<Instant>, governor: Governor, now: Instant) -> bool {
    observed.is_none_or(|at| now.saturating_duration_since(at) >= governor.probe_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const GOVERNOR: Governor = Governor {
        reserve: Reserve::Percent(10),
        probe_after: Duration::from_mins(5),
        call_time: MINUTE,
    };

    /// The quota of an org that stated at `now` that `used` of 100 calls are used.
    fn used(used: u64, now: Instant) -> Quota {
        let mut quota = Quota::default();
        let call = quota.spend(GOVERNOR, now).unwrap();
        says(&mut quota, used, call, now);
        quota
    }

    fn says(quota: &mut Quota, used: u64, call: Sent, now: Instant) {
        let usage = ApiUsage { used, allowed: 100 };
        quota.ended();
        quota.report(QuotaReport {
            usage,
            call,
            at: now,
            clock: SystemTime::UNIX_EPOCH,
        });
    }

    fn used_now(quota: &Quota) -> u64 {
        quota.balance(GOVERNOR.reserve).unwrap().used
    }

    #[test]
    fn calls_are_counted_here_until_an_answer_says_how_many_there_were() {
        let now = Instant::now();
        let mut quota = used(88, now);
        assert!(quota.spend(GOVERNOR, now).is_ok());
        let last = quota.spend(GOVERNOR, now).unwrap();
        let fault = quota.spend(GOVERNOR, now).unwrap_err();
        let Fault::Reserved {
            used,
            allowed,
            reserve,
        } = fault
        else {
            panic!("{fault}")
        };
        assert_eq!((used, allowed, reserve), (90, 100, 10));
        says(&mut quota, 80, last, now);
        assert!(quota.spend(GOVERNOR, now).is_ok());
    }

    #[test]
    fn an_answer_that_was_overtaken_does_not_count() {
        let now = Instant::now();
        let mut quota = used(50, now);
        let [early, late] = [(); 2].map(|()| quota.spend(GOVERNOR, now).unwrap());
        says(&mut quota, 90, late, now);
        says(&mut quota, 51, early, now);
        assert!(quota.spend(GOVERNOR, now).is_err());
    }

    #[test]
    fn of_two_calls_at_the_same_time_each_may_have_been_counted_first() {
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        for first_is_counted_first in [true, false] {
            let (one, other) = if first_is_counted_first {
                (51, 52)
            } else {
                (52, 51)
            };
            for first_is_answered_first in [true, false] {
                let mut quota = used(50, now);
                let first = quota.spend(GOVERNOR, at(1)).unwrap();
                let second = quota.spend(GOVERNOR, at(2)).unwrap();
                let mut answers = [(one, first), (other, second)];
                if !first_is_answered_first {
                    answers.reverse();
                }
                says(&mut quota, answers[0].0, answers[0].1, at(3));
                assert!(used_now(&quota) >= 52, "{one} {other}");
                says(&mut quota, answers[1].0, answers[1].1, at(4));
                assert_eq!(used_now(&quota), 52, "{one} {other}");
            }
        }
    }

    #[test]
    fn past_the_reserve_one_call_finds_out_whether_the_org_has_recovered() {
        let start = Instant::now();
        let mut quota = used(95, start);
        assert!(quota.spend(GOVERNOR, start + 4 * MINUTE).is_err());
        let probe = quota.spend(GOVERNOR, start + 5 * MINUTE).unwrap();
        // The response to the probe has not arrived yet, and may never arrive.
        assert!(quota.spend(GOVERNOR, start + 5 * MINUTE).is_err());
        assert!(quota.spend(GOVERNOR, start + 9 * MINUTE).is_err());
        says(&mut quota, 96, probe, start + 9 * MINUTE);
        assert!(quota.spend(GOVERNOR, start + 13 * MINUTE).is_err());
        let probe = quota.spend(GOVERNOR, start + 14 * MINUTE).unwrap();
        says(&mut quota, 10, probe, start + 14 * MINUTE);
        assert!(quota.spend(GOVERNOR, start + 14 * MINUTE).is_ok());
    }

    #[test]
    fn a_probe_without_an_answer_is_followed_by_another() {
        let start = Instant::now();
        let mut quota = used(95, start);
        for minutes in [5, 10, 15] {
            let now = start + minutes * MINUTE;
            assert!(quota.spend(GOVERNOR, now).is_ok());
            assert!(quota.spend(GOVERNOR, now).is_err());
        }
    }

    #[test]
    fn what_was_observed_long_ago_spares_a_write_and_leaves_it_the_probe() {
        let start = Instant::now();
        let mut quota = used(95, start);
        assert!(quota.spares(GOVERNOR, Rank::First, start).is_err());
        let later = start + 5 * MINUTE;
        assert!(quota.spares(GOVERNOR, Rank::Second, later).is_ok());
        assert!(quota.spend(GOVERNOR, later).is_ok());
    }

    #[test]
    fn without_a_reserve_nothing_is_held_back() {
        let now = Instant::now();
        let off = Governor {
            reserve: Reserve::Off,
            ..GOVERNOR
        };
        let mut quota = used(100, now);
        assert!(quota.spend(off, now).is_ok());
        assert!(quota.spares(off, Rank::Second, now).is_ok());
        let balance = quota.balance(off.reserve).unwrap();
        assert_eq!((balance.used, balance.throttling), (101, false));
    }
}
