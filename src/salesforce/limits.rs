//! The quota governor and its ledger: how many API calls an org has left, which calls may still be made, and what calls
//! were spent on.
//!
//! Salesforce counts the calls of the last 24 hours for each org, whoever makes them, and states in each response how
//! many are used (`Sforce-Limit-Info`). A reserve is kept for the customer's other systems (`API_RESERVE`): once only
//! the reserve is left, nothing is sent.

mod budget;
mod exchange;
mod header;
mod ledger;
mod quota;
mod telling;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use moka::{policy::EvictionPolicy, sync::Cache};

pub(crate) use header::ApiUsage;
use ledger::Ledger;
pub(crate) use ledger::{Figures, Handled};
use quota::{Governor, Quota, QuotaReport, Rank, Sent};

use self::{budget::Budgets, telling::Telling};
use crate::{
    config::SalesforceSettings,
    metrics::Call,
    salesforce::{fault::Fault, session::Instance},
    shared_state::{self, SharedState},
};

/// How much longer than `SALESFORCE_TIMEOUT` a call may take.
const CALL_SLACK: Duration = Duration::from_secs(10);

/// The maximum number of remembered orgs, far more than one service has.
const MAX_ORGS: u64 = 1_000;

/// The state of the API calls of all orgs.
#[derive(Debug)]
pub struct Limits {
    governor: Governor,
    /// What the replicas count together.
    budgets: Budgets,
    /// If there are too many orgs, the one that was idle longest is forgotten.
    orgs: Cache<Instance, Arc<Mutex<OrgCalls>>>,
}

#[derive(Debug, Default)]
struct OrgCalls {
    quota: Quota,
    ledger: Ledger,
}

/// The calls that an org can spare for writes, as of a moment ago.
#[derive(Debug)]
pub struct Spares {
    creates: Result<(), Arc<Fault>>,
    updates: Result<(), Arc<Fault>>,
}

impl Spares {
    /// Checks whether a create or an update can be spared.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if it cannot be spared.
    pub fn write(&self, creates: bool) -> Result<(), Arc<Fault>> {
        let rank = if creates {
            &self.creates
        } else {
            &self.updates
        };
        rank.clone()
    }
}

/// Permission to make one call. The call is in flight until it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ticket<'l> {
    limits: &'l Limits,
    org: &'l Instance,
    call: Sent,
    usage: Option<ApiUsage>,
}

impl Ticket<'_> {
    /// Records the API usage that the response to the call states.
    pub(crate) fn report(mut self, usage: ApiUsage) {
        self.usage = Some(usage);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let report = self.usage.map(|usage| QuotaReport {
            usage,
            call: self.call,
            at: now,
            clock: SystemTime::now(),
        });
        self.limits.ended(self.org, report, now);
    }
}

impl Limits {
    /// Starts without any knowledge: calls are unlimited until an org has stated its limit.
    #[must_use]
    pub fn new(settings: &SalesforceSettings) -> Self {
        Self::shared(settings, SharedState::default())
    }

    /// The replicas with the same store keep the reserve together.
    #[must_use]
    pub(crate) fn shared(settings: &SalesforceSettings, shared: SharedState) -> Self {
        Self {
            governor: Governor {
                reserve: settings.api_reserve,
                probe_after: settings.probe_after,
                call_time: settings.timeout.saturating_add(CALL_SLACK),
            },
            budgets: Budgets::new(shared),
            orgs: orgs(),
        }
    }

    /// Spends one call of an org. Near the reserve, the store decides which replica makes it.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if only the reserve is left, in which case the call must not be made.
    pub(crate) async fn spend<'l>(
        &'l self,
        org: &'l Instance,
        call: Call,
    ) -> Result<Ticket<'l>, Fault> {
        let granted = match self.asking(org) {
            Some(telling) => self.ask(telling).await?,
            None => None,
        };
        let call = self.with(org, |org| {
            let sent = match granted {
                Some(sent) => sent,
                None => org.quota.spend(self.governor, Instant::now())?,
            };
            org.ledger.calls.count(call);
            Ok::<_, Fault>(sent)
        })?;
        Ok(Ticket {
            limits: self,
            org,
            call,
            usage: None,
        })
    }

    /// What the store is told before it decides about a call; `None` if this replica decides.
    fn asking<'l>(&'l self, org: &'l Instance) -> Option<Telling<'l>> {
        if !self.budgets.shared.is_configured() {
            return None;
        }
        let now = Instant::now();
        let told = self.with(org, |org| {
            let asks = org.quota.must_ask(self.governor, now);
            asks.then(|| org.quota.tell(now))
        })?;
        Some(Telling::new(self, org, told))
    }

    /// Asks the store for a call; `None` if it does not answer, and this replica decides.
    async fn ask(&self, telling: Telling<'_>) -> Result<Option<Sent>, Fault> {
        let Some(call) = telling.call(true) else {
            return Ok(None);
        };
        let replies = self.budgets.shared.ask_again(&[call]).await;
        match replies.as_deref() {
            Some([reply]) => telling.granted(reply),
            Some(_) | None => Ok(None),
        }
    }

    /// Begins to exchange an org's figures with the other replicas.
    pub(crate) fn exchange<'l>(
        &'l self,
        org: &'l Instance,
    ) -> Option<(shared_state::Call, Telling<'l>)> {
        let told = self.with(org, |org| org.quota.tell(Instant::now()));
        let telling = Telling::new(self, org, told);
        Some((telling.call(false)?, telling))
    }

    /// Notes that a call is over, and what its response has stated. Near the reserve, the other replicas learn it at once.
    fn ended(&self, org: &Instance, report: Option<QuotaReport>, now: Instant) {
        let told = self.with(org, |org| {
            org.quota.ended();
            let report = report?;
            org.quota.report(report);
            let must_tell = self.budgets.shared.is_configured() && org.quota.is_near(self.governor);
            must_tell.then(|| org.quota.tell_report(now))
        });
        let call = told.and_then(|told| self.budgets.call(org, &told, self.governor, false));
        self.budgets.shared.tell(call.into_iter().collect());
    }

    /// Counts the token request of a login. Its org is known only afterwards, and it does not count against the org's
    /// limit.
    pub(crate) fn logged_in(&self, org: &Instance) {
        self.with(org, |org| org.ledger.calls.count(Call::Token));
    }

    /// The calls that the org can spare for writes, whoever sends them. Updates stop a tenth of the reserve earlier
    /// than creates, because a new person matters more than a changed field. An old observation holds nothing back.
    #[must_use]
    pub fn spares(&self, org: &Instance) -> Spares {
        let org = self.orgs.get(org);
        let org = org.as_deref().map(lock);
        let spares = |rank| {
            let quota = org.as_ref().map(|org| &org.quota);
            let spares = quota.map(|quota| quota.spares(self.governor, rank, Instant::now()));
            spares.unwrap_or(Ok(())).map_err(Arc::new)
        };
        Spares {
            creates: spares(Rank::First),
            updates: spares(Rank::Second),
        }
    }

    /// Records the events of a batch that were handled.
    pub fn handled(&self, org: &Instance, handled: Handled) {
        self.with(org, |org| org.ledger.handled.add(handled));
    }

    /// The figures of all orgs, ordered by address.
    #[must_use]
    pub fn figures(&self) -> Vec<Figures> {
        let figures = self.figures_of_orgs().into_iter();
        figures.map(|(_, figures)| figures).collect()
    }

    /// All orgs with their figures, ordered by address.
    pub(crate) fn figures_of_orgs(&self) -> Vec<(Arc<Instance>, Figures)> {
        let figures = self.orgs.iter().map(|(instance, org)| {
            let org = lock(&org);
            let figures = Figures::new(&instance, &org.quota, &org.ledger, self.governor);
            (instance, figures)
        });
        let mut figures: Vec<_> = figures.collect();
        figures.sort_unstable_by(|(_, one), (_, other)| one.org.cmp(&other.org));
        figures
    }

    /// Changes the state of an org.
    fn with<T>(&self, instance: &Instance, change: impl FnOnce(&mut OrgCalls) -> T) -> T {
        let org = self.orgs.entry_by_ref(instance).or_default().into_value();
        change(&mut lock(&org))
    }
}

fn orgs() -> Cache<Instance, Arc<Mutex<OrgCalls>>> {
    let orgs = Cache::builder().max_capacity(MAX_ORGS);
    orgs.eviction_policy(EvictionPolicy::lru()).build()
}

/// Ignores poisoning: the counts are consistent even if another thread has panicked.
fn lock(org: &Mutex<OrgCalls>) -> MutexGuard<'_, OrgCalls> {
    org.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PROBE_AFTER;

    fn limits(reserve: &str) -> Limits {
        Limits {
            governor: Governor {
                reserve: reserve.parse().unwrap(),
                probe_after: PROBE_AFTER,
                call_time: Duration::from_mins(1),
            },
            budgets: Budgets::new(SharedState::default()),
            orgs: orgs(),
        }
    }

    fn org(name: &str) -> Instance {
        let hosts = "*.salesforce.com".parse().unwrap();
        Instance::new(&format!("https://{name}.salesforce.com"), &hosts).unwrap()
    }

    async fn observe(limits: &Limits, org: &Instance, used: u64, allowed: u64) {
        let ticket = limits.spend(org, Call::Query).await.unwrap();
        ticket.report(ApiUsage { used, allowed });
    }

    #[test]
    fn an_org_that_is_not_known_spares_everything() {
        let limits = limits("10%");
        assert!(limits.spares(&org("acme")).write(false).is_ok());
        assert_eq!(limits.figures().len(), 0);
    }

    #[tokio::test]
    async fn creates_go_before_updates() {
        let limits = limits("10%");
        let acme = org("acme");
        let spared = async |used| {
            // Each observation except the first arrives while calls are still available.
            observe(&limits, &acme, used, 1_000).await;
            [true, false].map(|creates| limits.spares(&acme).write(creates).is_ok())
        };
        assert_eq!(spared(889).await, [true, true]);
        assert_eq!(spared(890).await, [true, false]);
        assert_eq!(spared(899).await, [true, false]);
        assert_eq!(spared(900).await, [false, false]);
        assert!(limits.spend(&acme, Call::Write).await.is_err());
    }

    #[tokio::test]
    async fn one_org_does_not_pay_for_another() {
        let limits = limits("10%");
        observe(&limits, &org("acme"), 95, 100).await;
        assert!(limits.spend(&org("acme"), Call::Query).await.is_err());
        assert!(limits.spend(&org("globex"), Call::Query).await.is_ok());
    }

    #[tokio::test]
    async fn a_call_that_was_not_made_is_in_no_count() {
        let limits = limits("10%");
        observe(&limits, &org("acme"), 95, 100).await;
        assert!(limits.spend(&org("acme"), Call::Query).await.is_err());
        let figures = limits.figures().remove(0);
        assert_eq!((figures.used, figures.calls.query), (Some(95), 1));
    }

    #[test]
    fn the_org_that_was_quiet_the_longest_makes_room() {
        let limits = limits("10%");
        for n in 0..=MAX_ORGS {
            limits.logged_in(&org(&format!("org{n}")));
        }
        limits.orgs.run_pending_tasks();
        let figures = limits.figures();
        let knows = |name: &str| {
            let address = format!("https://{name}.salesforce.com");
            figures.iter().any(|figures| figures.org == address)
        };
        assert_eq!(figures.len() as u64, MAX_ORGS);
        assert!(!knows("org0") && knows("org1") && knows(&format!("org{MAX_ORGS}")));
    }
}
