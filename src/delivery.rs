//! Inline delivery: writes to Salesforce while rudder-server waits, and answers each job's own result.
//!
//! The jobs of all concurrent requests for one org gather in a window. When it closes, one query finds their records,
//! the events of one record are merged into one write, and all writes are packed into as few calls as possible. A write
//! does not depend on the request that brought it: it is finished and remembered even if the caller disconnects.
//!
//! | module | what it is for |
//! |---|---|
//! | `claims` | which parts replicas are writing and have written, in the store that they share |
//! | `claiming` | has each part written by one replica |
//! | `forecast` | forecasts the calls that writes would take |
//! | `job` | a job that outlives its request |
//! | `memory` | what is being written and what was written, so that nothing is written twice |
//! | `written` | the recently written parts of jobs, in few bytes |
//! | `window` | gathers the jobs of an org |
//! | `worker` | writes the gathered jobs |
//! | `settle` | determines the records to write, and their fields |
//! | `turns`, `creating` | waits for its turn to create a record |
//! | `round` | selects which writes go together and which wait |
//! | `salvage`, `salvaging` | sends refused records again without the fields that Salesforce refuses |
//! | `verdict` | decides the result of a job after Salesforce has answered |

mod claiming;
mod claims;
mod creating;
mod forecast;
mod job;
mod memory;
pub(crate) mod proxy;
mod round;
mod salvage;
mod salvaging;
mod settle;
mod turns;
mod verdict;
mod window;
mod worker;
mod written;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

pub(crate) use self::forecast::{ForecastWrite, inline_calls};
pub use self::job::{Job, SessionAccess};
use self::{
    claims::Claims,
    job::Unit,
    memory::{PartStatus, PendingResult, WriteMemory, WriteResult},
    window::Windows,
    worker::Worker,
    written::JobId,
};
use crate::{
    config::{Delivery, DeliverySettings, Duplicates, Policies, rules::Rules},
    lifecycle::Lifecycle,
    rudderstack::{Destination, Entry, Event},
    salesforce::{Salesforce, session::Instance},
    transform::{changes::NotedChanges, error::EventError},
};

/// The pause before writes whose records another caller creates are tried again, in addition to the window.
const BUSY_PAUSE: Duration = Duration::from_millis(25);

/// All writes in progress, and the state that they share.
#[derive(Debug)]
pub(crate) struct Deliveries {
    salesforce: Arc<Salesforce>,
    rules: Rules,
    policies: Arc<Policies>,
    settings: DeliverySettings,
    windows: Windows,
    memory: WriteMemory,
    claims: Arc<Claims>,
    life: Lifecycle,
}

/// An accepted job, whose result is pending.
#[derive(Debug)]
pub(crate) struct PendingJob(Vec<PendingResult>);

/// The jobs of one request, before they join the window. All of them join it at once: if a window closed between two
/// jobs of one user, the second could be written although the first had failed.
#[derive(Default)]
pub(crate) struct Intake {
    units: HashMap<Instance, Vec<Unit>>,
    /// The writes in progress that this request's jobs have joined, by user. Later jobs of the user must not overtake
    /// them.
    joined: HashMap<String, Vec<PendingResult>>,
}

/// Omits the users, because their ids may be e-mail addresses.
impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("units", &self.units)
            .field("users_joined", &self.joined.len())
            .finish()
    }
}

impl Intake {
    fn joined_for(&self, job: &Job) -> Vec<PendingResult> {
        let joined = job.user.as_ref().and_then(|user| self.joined.get(user));
        joined.cloned().unwrap_or_default()
    }

    fn join(&mut self, job: &Job, result: &PendingResult) {
        if let Some(user) = &job.user {
            let joined = self.joined.entry(user.clone()).or_default();
            joined.push(result.clone());
        }
    }
}

impl Deliveries {
    /// Creates the deliveries for these settings. The memory of finished writes is limited by `in_flight`, the number
    /// of bytes that requests in flight may take. Writes are counted in `life`, so that the service shuts down only
    /// after they have finished.
    #[must_use]
    pub(crate) fn new(
        settings: &DeliverySettings,
        rules: Rules,
        policies: Arc<Policies>,
        in_flight: u64,
        salesforce: Arc<Salesforce>,
        life: Lifecycle,
    ) -> Self {
        let updates = |duplicates: &Duplicates| *duplicates == Duplicates::Update;
        if policies.duplicates.values().any(updates) {
            salesforce.expect_duplicates();
        }
        let (shared_state, timeout) = (salesforce.shared_state().clone(), salesforce.timeout());
        Self {
            rules,
            policies,
            settings: settings.clone(),
            windows: Windows::new(settings.delivery_window),
            memory: WriteMemory::within(in_flight, salesforce.identities()),
            claims: Claims::start(shared_state, timeout),
            salesforce,
            life,
        }
    }

    /// The rules and the policies by which records are written.
    fn rules(&self) -> (&Rules, &Policies) {
        (&self.rules, &self.policies)
    }

    /// Whether this service writes the destination's jobs itself.
    #[must_use]
    pub(crate) fn is_inline(&self, destination: &Destination) -> bool {
        let listed = &self.settings.inline_destinations;
        self.settings.delivery == Delivery::Inline
            && (listed.is_empty() || listed.contains(&destination.id))
    }

    /// The id that identifies a job when rudder-server sends it again.
    #[must_use]
    pub(crate) fn id(
        &self,
        destination: &Destination,
        entry: &Entry<'_>,
        event: &Event<'_>,
    ) -> Option<JobId> {
        self.memory.id(&destination.id, entry, event)
    }

    /// Accepts a job. Parts of it that are being written, or were written in the last ten minutes, are not written
    /// again.
    pub(crate) fn take(&self, id: Option<JobId>, job: Job, intake: &mut Intake) -> PendingJob {
        let org = job.access.session.instance().clone();
        let job = Arc::new(job);
        let earlier = intake.joined_for(&job);
        let mut results = Vec::new();
        for place in 0..job.records.len() {
            let part = id.map(|id| (id, place));
            match self.memory.take_on(part) {
                PartStatus::Written => {}
                PartStatus::InFlight(result) => {
                    intake.join(&job, &result);
                    results.push(result);
                }
                PartStatus::New(done, result) => {
                    results.push(result);
                    let (job, earlier) = (Arc::clone(&job), earlier.clone());
                    let unit = Unit {
                        part,
                        job,
                        place,
                        duplicate: OnceLock::new(),
                        earlier,
                        waits_since: None,
                        claim: None,
                        done,
                    };
                    intake.units.entry(org.clone()).or_default().push(unit);
                }
            }
        }
        PendingJob(results)
    }

    /// Adds the jobs of a request to the window of their org, after they have been claimed where replicas share a store. They are
    /// written even if the caller disconnects.
    pub(crate) fn gather(self: &Arc<Self>, intake: Intake) {
        for (org, units) in intake.units {
            if self.claims.are_shared() {
                let deliveries = Arc::clone(self);
                self.life.write(deliveries.gather_claimed(org, units));
            } else {
                self.add(&org, units);
            }
        }
    }

    /// Adds units to the window of their org.
    fn add(self: &Arc<Self>, org: &Instance, units: Vec<Unit>) {
        let ((), needs_task) = self.windows.update(org, |waiting| waiting.0.extend(units));
        if needs_task {
            let (deliveries, org) = (Arc::clone(self), org.clone());
            self.life.write(async move { deliveries.serve(&org).await });
        }
    }

    /// Waits for a job's result: what was changed or left out of its records. If several parts have failed, a failure that is worth
    /// another attempt takes precedence; otherwise the first failure counts.
    ///
    /// # Errors
    /// [`EventError`] if a record was not written, or if it is not known whether it was.
    pub(crate) async fn result(&self, taken: PendingJob) -> WriteResult {
        let verdicts = timeout(self.settings.delivery_timeout, join_all(taken.0)).await;
        let verdicts =
            verdicts.map_err(|_| EventError::NotInTime(self.settings.delivery_timeout))?;
        let (mut changes, mut failures) = (NotedChanges::default(), Vec::new());
        for verdict in verdicts {
            match verdict.unwrap_or(Err(EventError::Interrupted)) {
                Ok(of_part) => changes.absorb(of_part),
                Err(error) => failures.push(error),
            }
        }
        let worse = |first: EventError, next: EventError| {
            if next.is_retryable() && !first.is_retryable() {
                next
            } else {
                first
            }
        };
        failures.into_iter().reduce(worse).map_or(Ok(changes), Err)
    }

    /// Writes the jobs of an org, window after window, until no more arrive. What has to wait for another caller comes first in
    /// the next window.
    async fn serve(self: Arc<Self>, org: &Instance) {
        while let Some(units) = self.windows.next(org).await {
            let deliveries = Arc::clone(&self);
            let flushed = self
                .life
                .write(async move { Worker::run(&deliveries, units).await });
            match flushed.await {
                Ok(waiting) if waiting.is_empty() => {}
                Ok(waiting) => {
                    sleep(BUSY_PAUSE).await;
                    // This task goes on, so that no other has to be started.
                    self.windows.update(org, |units| units.put_first(waiting));
                }
                Err(panicked) => {
                    tracing::error!(%panicked, "a delivery panicked: please report this as a bug");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intake_hides_whose_events_it_holds() {
        let intake = Intake {
            joined: HashMap::from([("dst-1\nada@example.com".to_owned(), Vec::new())]),
            ..Intake::default()
        };
        let expected = "Intake { units: {}, users_joined: 1 }";
        assert_eq!(format!("{intake:?}"), expected);
    }
}
