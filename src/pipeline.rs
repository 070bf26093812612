//! The way of a batch: plan, look up, resolve, describe or deliver, merge.
//!
//! | module | what it does |
//! |---|---|
//! | `bounds` | checks what one event may be made into, before anything is asked or written |
//! | `planning` | checks each event and plans what it writes |
//! | `lookups` | collects what must be asked of each org, and asks once |
//! | `describe` | resolves the events that rudder-server writes, and describes their requests |
//! | `deliver` | hands over the events that are written here, and waits for their results |

mod bounds;
mod deliver;
mod describe;
pub(crate) mod lookups;
mod planning;

use std::sync::Arc;

use smallvec::smallvec;

pub(crate) use self::bounds::Bounds;
use self::{deliver::Handover, describe::Describer, planning::Planner};
use crate::{
    config::{Config, rules::Rules},
    delivery::Deliveries,
    lifecycle::Lifecycle,
    metrics::Metrics,
    rudderstack::{Batch, Destination, Event},
    salesforce::Salesforce,
    server::memory::{Overloaded, Share},
    transform::{
        error::EventError,
        outcome::{self, OrgIndex, Outcome, Requests},
        plan::Plan,
    },
};

/// What turns batches into outcomes.
#[derive(Debug)]
pub(crate) struct Pipeline {
    rules: Rules,
    salesforce: Arc<Salesforce>,
    api_version: String,
    own_destination: Option<Arc<Destination>>,
    metrics: Arc<Metrics>,
    skip_unchanged: bool,
    bounds: Bounds,
    deliveries: Arc<Deliveries>,
}

/// An event that has passed the checks.
enum Planned<'a> {
    /// rudder-server writes it, once its org has answered.
    Described(Writing<'a>),
    /// This service writes it.
    Delivered(Writing<'a>),
    /// It is a request already.
    Transformed(Event<'a>),
}

/// What an event writes, and where.
struct Writing<'a> {
    plan: Plan<'a>,
    destination: Arc<Destination>,
    org: OrgIndex,
}

impl Pipeline {
    /// A pipeline with these settings. Writes of its own are counted in `life`, so that the service ends after them.
    #[must_use]
    pub(crate) fn new(
        config: &Config,
        salesforce: Arc<Salesforce>,
        metrics: Arc<Metrics>,
        life: Lifecycle,
    ) -> Self {
        let deliveries = Deliveries::new(
            &config.delivery,
            config.rules(),
            config.serving.most_in_flight(),
            Arc::clone(&salesforce),
            life,
        );
        Self {
            rules: config.rules(),
            salesforce,
            api_version: config.salesforce.api_version.clone(),
            own_destination: config
                .own_login()
                .map(|login| Arc::new(Destination::own(login))),
            metrics,
            skip_unchanged: config.delivery.skip_unchanged,
            bounds: Bounds {
                records: config.serving.max_records_per_event,
                answer: config.serving.largest_part(),
            },
            deliveries: Arc::new(deliveries),
        }
    }

    /// The rules by which batches are run.
    #[must_use]
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What one event may be made into.
    #[must_use]
    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Turns a batch into requests, or writes it where the destination is delivered inline. Each entry is in exactly one
    /// outcome; outcomes are in the order of their first entries. What the batch takes of the memory is taken from the
    /// request's share before anything is asked or written.
    ///
    /// # Errors
    /// [`Overloaded`] where there is no room for it.
    pub(crate) async fn run<'a>(
        &self,
        batch: &Batch<'a>,
        share: &Arc<Share>,
    ) -> Result<Vec<Outcome<'a>>, Overloaded> {
        share.make(self.bounds.weight(batch))?;
        let (plans, lookups) = Planner::new(self, batch).plan();
        share.is_for(lookups.keys())?;
        let answers = lookups.ask(&self.salesforce).await;
        let mut description = Describer::new(self, batch, &answers);
        let mut handover = Handover::new(self, batch, &answers, share);
        for (index, plan) in plans.into_iter().enumerate() {
            match plan {
                Ok(Planned::Delivered(writing)) => handover.add(index, writing),
                Ok(Planned::Described(writing)) => description.add(index, &writing),
                Ok(Planned::Transformed(event)) => description.pass_on(index, event),
                Err(error) => description.fail(index, error),
            }
        }
        let delivered = handover.begin();
        let mut outcomes = description.finish();
        outcomes.extend(delivered.results().await);
        outcomes.sort_by_key(|outcome| outcome.entries.first().copied());
        outcome::count(&outcomes, &self.metrics);
        Ok(outcomes)
    }
}

/// The outcome of one event. `oauth` tells whether rudder-server holds the credentials of its org.
fn outcome_of(index: usize, oauth: bool, result: Result<Requests<'_>, EventError>) -> Outcome<'_> {
    let error = result.as_ref().err();
    Outcome {
        entries: smallvec![index],
        auth_category: error.and_then(|error| error.auth_category(oauth)),
        result,
    }
}
