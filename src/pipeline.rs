//! Processes a batch: plan, look up, resolve, describe or deliver, merge.
//!
//! | module | what it does |
//! |---|---|
//! | `bounds` | limits what a single event may produce |
//! | `planning` | checks each event and plans what it writes |
//! | `lookups` | collects the lookups and queries each org once |
//! | `describe` | resolves the events that rudder-server writes, and describes their requests |
//! | `explain` | says why each event becomes what it becomes, and writes nothing |
//! | `merge` | has each record created once, where several events would create it |
//! | `deliver` | hands over the events that this service writes, and waits for their results |

mod bounds;
mod deliver;
mod describe;
mod explain;
pub(crate) mod lookups;
mod merge;
mod planning;

use std::{sync::Arc, time::Instant};

use smallvec::smallvec;

pub(crate) use self::{
    bounds::Bounds,
    explain::{Asking, Explained},
};
use self::{deliver::Handover, describe::Describer, lookups::OrgIndex, planning::Planner};
use crate::{
    config::{PipelineSettings, Policies, rules::Rules},
    delivery::Deliveries,
    events::{Events, PlannedWrite},
    metrics::Metrics,
    rudderstack::{Batch, Destination, Entry, Event, Route},
    salesforce::{Salesforce, fault::LAST_ATTEMPT},
    server::memory::{Overloaded, Share},
    transform::{
        changes::ChangeDetail,
        error::EventError,
        outcome::{self, Outcome, Requests},
        plan::Plan,
    },
};

/// Turns batches into outcomes.
#[derive(Debug)]
pub(crate) struct Pipeline {
    rules: Rules,
    policies: Arc<Policies>,
    salesforce: Arc<Salesforce>,
    api_version: String,
    own_destination: Option<Arc<Destination>>,
    metrics: Arc<Metrics>,
    skip_unchanged: bool,
    bounds: Bounds,
    deliveries: Arc<Deliveries>,
    /// The last events, if somebody may look at them.
    events: Option<Arc<Events>>,
}

/// An event that has passed the checks, by what happens to it next.
enum Planned<'a> {
    /// rudder-server writes the event. Its requests are described once the org has answered.
    Described(Writing<'a>),
    /// This service writes the event (inline delivery).
    Delivered(Writing<'a>),
    /// The message is a finished request already and is passed on.
    Transformed(Event<'a>),
}

/// What an event writes, and where.
struct Writing<'a> {
    plan: Plan<'a>,
    destination: Arc<Destination>,
    org: OrgIndex,
    /// How much is told of how its fields were changed.
    detail: ChangeDetail,
}

impl Pipeline {
    /// Creates a pipeline with these settings, whose inline writes go to `deliveries`.
    #[must_use]
    pub(crate) fn new(
        settings: PipelineSettings,
        salesforce: Arc<Salesforce>,
        metrics: Arc<Metrics>,
        deliveries: Deliveries,
        events: Option<Arc<Events>>,
    ) -> Self {
        let own_destination = settings.own_login.map(Destination::own);
        Self {
            rules: settings.rules,
            policies: settings.policies,
            salesforce,
            api_version: settings.api_version,
            own_destination: own_destination.map(Arc::new),
            metrics,
            skip_unchanged: settings.skip_unchanged,
            bounds: Bounds {
                records: settings.max_records,
                answer: settings.max_answer_bytes,
            },
            deliveries: Arc::new(deliveries),
            events,
        }
    }

    /// How much is told of the changes to described requests. rudder-server is told nothing, because it stores the error of a job
    /// only if the job fails.
    fn detail(&self, route: Route) -> ChangeDetail {
        match route {
            Route::Open => ChangeDetail::Everything,
            Route::Processor | Route::Router if self.events.is_some() => ChangeDetail::Names,
            Route::Processor | Route::Router => ChangeDetail::Counts,
        }
    }

    /// The rules by which batches are run.
    #[must_use]
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The limits on what a single event may produce.
    #[must_use]
    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Turns a batch into requests, or writes it if the destination is delivered inline. Each entry is part of exactly
    /// one outcome; outcomes are ordered by their first entries. The memory for the batch is reserved in the request's
    /// share before Salesforce is queried or written to.
    ///
    /// # Errors
    /// [`Overloaded`] if there is not enough memory for the batch.
    pub(crate) async fn run<'a>(
        &self,
        batch: &Batch<'a>,
        share: &Arc<Share>,
    ) -> Result<Vec<Outcome<'a>>, Overloaded> {
        share.make(self.bounds.weight(batch))?;
        let (plans, lookups) = Planner::new(self, batch).plan();
        share.is_for(lookups.keys())?;
        let alone: Vec<_> = plans.iter().map(alone).collect();
        let planned = (self.events.as_ref()).map(|_| plans.iter().map(planned).collect::<Vec<_>>());
        let asked = Instant::now();
        let answers = lookups.ask(&self.salesforce).await;
        let mut description = Describer::new(self, batch, &answers);
        let mut handover = Handover::new(self, batch, &answers, share);
        for (index, plan) in plans.into_iter().enumerate() {
            match plan {
                Ok(Planned::Delivered(writing)) => handover.add(index, writing),
                Ok(Planned::Described(writing)) => description.add(index, &writing),
                Ok(Planned::Transformed(event)) => {
                    let is_noted = self.rules.notes_lookups;
                    let passed_on = Requests::Transformed { event, is_noted };
                    description.conclude(index, Ok(passed_on));
                }
                Err(error) => description.conclude(index, Err(error)),
            }
        }
        let mut outcomes = handover.outcomes().await;
        outcomes.extend(description.finish(asked).await);
        outcomes.sort_by_key(|outcome| outcome.entries.first().copied());
        outcome::count(&outcomes, &self.metrics);
        answers.count(&outcomes, &alone, self.salesforce.limits());
        if let (Some(events), Some(planned)) = (&self.events, planned) {
            let is_repeated = batch.route == Route::Processor
                && outcome::first_retryable_error(&outcomes, &self.rules).is_some();
            events.note_batch(batch, &outcomes, &planned, is_repeated);
        }
        Ok(outcomes)
    }
}

/// What an event is going to write; `None` if it writes nothing.
fn planned<'a>(plan: &Result<Planned<'a>, EventError>) -> Option<PlannedWrite<'a>> {
    match plan {
        Ok(Planned::Described(writing) | Planned::Delivered(writing)) => {
            Some(PlannedWrite::of(&writing.plan, &writing.destination))
        }
        Ok(Planned::Transformed(_)) | Err(_) => None,
    }
}

/// The org that an event is written to, and the calls that the event would take on its own; `None` if it writes nothing.
fn alone(plan: &Result<Planned<'_>, EventError>) -> Option<(OrgIndex, u64)> {
    match plan {
        Ok(Planned::Described(writing) | Planned::Delivered(writing)) => {
            Some((writing.org, writing.plan.calls_alone()))
        }
        Ok(Planned::Transformed(_)) | Err(_) => None,
    }
}

/// The outcome of one event. `is_oauth` tells whether rudder-server holds the credentials of its org.
/// Every failure is rated by the attempt of its event, for described and delivered events alike.
fn outcome_of<'a>(
    batch: &Batch<'a>,
    index: usize,
    is_oauth: bool,
    result: Result<Requests<'a>, EventError>,
) -> Outcome<'a> {
    let attempt = attempt(batch.route, &batch.entries[index]);
    let result = result.map_err(|error| error.at_attempt(attempt));
    let error = result.as_ref().err();
    Outcome {
        entries: smallvec![index],
        auth_category: error.and_then(|error| error.auth_category(is_oauth)),
        result,
    }
}

/// The attempt to count for an event. rudder-server's processor makes no second one, so its first is the last.
fn attempt(route: Route, entry: &Entry<'_>) -> u64 {
    match route {
        Route::Processor => LAST_ATTEMPT,
        Route::Router | Route::Open => entry.attempt(),
    }
}
