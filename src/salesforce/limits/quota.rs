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
    /// The number of calls that this service has sent. Each call is numbered by this counter.
    sent: u64,
    report: Option<QuotaReport>,
    probed: Option<Instant>,
}

#[derive(Debug)]
struct QuotaReport {
    usage: ApiUsage,
    /// The number of the call whose response stated it.
    number: u64,
    at: Instant,
    clock: SystemTime,
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
    /// Returns the number of a call to be sent. While only the reserve is left, one call is let through from time to
    /// time, to find out whether that is still so.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if it must not be sent.
    pub(super) fn spend(&mut self, governor: Governor, now: Instant) -> Result<u64, Fault> {
        if let Some(fault) = self.held_back(governor.reserve, Rank::First) {
            let asked = self.report.as_ref().map(|report| report.at);
            if !is_old(asked.max(self.probed), governor, now) {
                return Err(fault);
            }
            self.probed = Some(now);
        }
        self.sent += 1;
        Ok(self.sent)
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

    /// Records the usage that a response states. Responses may arrive out of order; the one to the latest call counts.
    pub(super) fn report(&mut self, usage: ApiUsage, number: u64, now: Instant, clock: SystemTime) {
        if self
            .report
            .as_ref()
            .is_none_or(|known| known.number <= number)
        {
            self.report = Some(QuotaReport {
                usage,
                number,
                at: now,
                clock,
            });
        }
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
        let since = self.sent.saturating_sub(report.number);
        report.usage.used.saturating_add(since)
    }

    fn held_back(&self, reserve: Reserve, rank: Rank) -> Option<Fault> {
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
    };

    /// The quota of an org that stated at `now` that `used` of 100 calls are used.
    fn used(used: u64, now: Instant) -> Quota {
        let mut quota = Quota::default();
        let number = quota.spend(GOVERNOR, now).unwrap();
        says(&mut quota, used, number, now);
        quota
    }

    fn says(quota: &mut Quota, used: u64, number: u64, now: Instant) {
        let usage = ApiUsage { used, allowed: 100 };
        quota.report(usage, number, now, SystemTime::UNIX_EPOCH);
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
