//! The sentence: read the batch, check each event, decide what must be asked of Salesforce, ask it once, map the fields,
//! write the request, answer.

mod bounds;
mod inline;
pub mod lookups;

use std::sync::Arc;

use futures_util::future::join_all;
use smallvec::smallvec;

pub use self::bounds::Bounds;
use crate::{
    config::{Config, rules::Rules},
    delivery::{Deliveries, Intake},
    lifecycle::Lifecycle,
    metrics::Metrics,
    pipeline::lookups::{Answers, Destinations, OrgIndex, Orgs, Spent},
    rudderstack::{Batch, Destination, Entry, Event, Route},
    salesforce::{Key, Salesforce, fault::LAST_ATTEMPT, limits::Handled},
    server::memory::{Overloaded, Share},
    transform::{
        descriptor::Descriptor,
        error::{EventError, SecretFlaw},
        gate, mapping,
        outcome::{Creation, DescribedRequests, Outcome, Outcomes, Requests, Sharing},
        plan::{self, Plan, Record},
        target,
        unchanged::{self, Unchanged},
    },
};

/// What a request needs on its way through the rooms.
#[derive(Debug)]
pub struct Pipeline {
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
    /// It is written once its org has answered.
    Writing(Writing<'a>),
    /// It is a request already.
    Transformed(Event<'a>),
}

struct Writing<'a> {
    plan: Plan<'a>,
    destination: Arc<Destination>,
    org: OrgIndex,
    /// Whether it is written here, and not by rudder-server.
    inline: bool,
}

/// What has become of the events that are described.
#[derive(Default)]
struct Described<'a> {
    outcomes: Outcomes<'a>,
    unchanged: Unchanged,
    spent: Spent,
}

impl Pipeline {
    /// Builds the rooms from the settings.
    #[must_use]
    pub fn new(
        config: &Config,
        salesforce: Arc<Salesforce>,
        metrics: Arc<Metrics>,
        life: Lifecycle,
    ) -> Self {
        let deliveries = Deliveries::new(config, Arc::clone(&salesforce), life);
        Self {
            rules: config.rules(),
            salesforce,
            api_version: config.salesforce_api_version.clone(),
            own_destination: config
                .own_login()
                .map(|login| Arc::new(Destination::own(login))),
            metrics,
            skip_unchanged: config.economy.skip_unchanged,
            bounds: Bounds {
                records: config.serving.max_records_per_event,
                answer: config.serving.largest_part(),
            },
            deliveries: Arc::new(deliveries),
        }
    }

    /// The rules by which batches are run.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What one event may be made into.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Turns a batch into requests, or writes it where the destination is delivered inline. Each entry is in exactly one
    /// outcome; outcomes are in the order of their first entries. What it takes of the memory is taken from the request's
    /// share before anything is asked or written.
    ///
    /// # Errors
    /// [`Overloaded`] where there is no room for it.
    pub async fn run<'a>(
        &self,
        batch: &Batch<'a>,
        share: &Arc<Share>,
    ) -> Result<Vec<Outcome<'a>>, Overloaded> {
        share.make(self.bounds.weight(batch))?;
        let mut destinations = Destinations::default();
        let mut orgs = Orgs::default();
        let mut plan = |entry| self.plan(batch, entry, &mut destinations, &mut orgs);
        let planned: Vec<_> = batch.entries.iter().map(&mut plan).collect();
        share.is_for(orgs.keys())?;
        let answers = orgs.ask(&self.salesforce).await;
        let mut described = Described::default();
        let (mut taken, mut intake) = (Vec::new(), Intake::default());
        for (index, planned) in planned.into_iter().enumerate() {
            let entry = &batch.entries[index];
            match planned {
                Ok(Planned::Writing(writing)) if writing.inline => {
                    taken.push((
                        index,
                        self.take(writing, entry, &answers, share, &mut intake),
                    ));
                }
                planned => self.describe(batch, index, &planned, &answers, &mut described),
            }
        }
        self.deliveries.gather(intake);
        described.spent.note(&answers, &self.salesforce);
        let mut outcomes = described.outcomes.finish();
        let taken = taken.into_iter();
        let delivered = taken.map(|(index, taken)| self.delivered(index, taken));
        outcomes.extend(join_all(delivered).await);
        outcomes.sort_by_key(|outcome| outcome.entries.first().copied());
        self.metrics.outcomes(&outcomes);
        Ok(outcomes)
    }

    /// Describes the requests of an event that is not written here.
    fn describe<'a>(
        &self,
        batch: &Batch<'a>,
        index: usize,
        planned: &Result<Planned<'a>, EventError>,
        answers: &Answers,
        described: &mut Described<'a>,
    ) {
        let attempt = attempt(batch.route, &batch.entries[index]);
        let outcome = self.outcome((index, attempt), planned, answers, &mut described.unchanged);
        let writing = match planned {
            Ok(Planned::Writing(writing)) if outcome.is_handled() => Some(writing),
            Ok(_) | Err(_) => None,
        };
        let shares = batch.route == Route::Router && self.rules.coalesce && outcome.creates();
        let creation = writing.filter(|_| shares);
        let creation = creation.and_then(|writing| creation_of(writing, &batch.entries[index]));
        let requests = described.outcomes.add(outcome, creation);
        if let Some(writing) = writing {
            let singly = Handled::singly(&writing.plan.records);
            let handled = Handled {
                described: requests,
                ..singly
            };
            described.spent.add(writing.org, handled);
        }
    }

    fn plan<'a>(
        &self,
        batch: &Batch<'a>,
        entry: &Entry<'a>,
        destinations: &mut Destinations<'a>,
        orgs: &mut Orgs<'a>,
    ) -> Result<Planned<'a>, EventError> {
        let event = entry.event.as_ref().map_err(Clone::clone)?;
        let destination = match entry
            .destination
            .filter(|destination| !destination.is_null())
        {
            None if batch.route == Route::Open => self
                .own_destination
                .clone()
                .ok_or(EventError::NoOwnDestination)?,
            destination => destinations.read(destination, batch.name)?,
        };
        if batch.route == Route::Router && event.is_transformed() {
            self.bounds.check_echoed(batch, entry)?;
            return Ok(Planned::Transformed(*event));
        }
        let admitted = gate::admit(event, &destination, &self.rules)?;
        let plan = plan::plan(&admitted, &destination, &self.rules)?;
        self.bounds.check(batch, entry, event, &plan)?;
        let org = orgs.of(batch.secret, entry, &destination);
        let org = org.map_err(|error| on_route(error, batch.route))?;
        let inline = batch.takes_results && self.deliveries.are_for(&destination);
        if !inline {
            self.want(org, &plan, &destination, orgs);
        }
        Ok(Planned::Writing(Writing {
            plan,
            destination,
            org,
            inline,
        }))
    }

    /// Notes what must be known before a plan can be carried out.
    fn want(&self, org: OrgIndex, plan: &Plan<'_>, destination: &Destination, orgs: &mut Orgs<'_>) {
        for record in &plan.records {
            if let Some(key) = key_of(record) {
                let fields = self
                    .skip_unchanged
                    .then(|| unchanged::fields_to_read(plan, record, destination, &self.rules));
                orgs.want(org, key, fields.unwrap_or_default());
            }
        }
    }

    fn outcome<'a>(
        &self,
        (index, attempt): (usize, u64),
        planned: &Result<Planned<'a>, EventError>,
        answers: &Answers,
        unchanged: &mut Unchanged,
    ) -> Outcome<'a> {
        let (oauth, result) = match planned {
            Ok(Planned::Writing(writing)) => (
                answers.is_oauth(writing.org),
                self.write(writing, answers, unchanged)
                    .map(Requests::Described),
            ),
            Ok(Planned::Transformed(event)) => {
                let (event, is_noted) = (*event, self.rules.notes_lookups);
                (false, Ok(Requests::Transformed { event, is_noted }))
            }
            Err(error) => (false, Err(error.clone())),
        };
        outcome_of(
            index,
            oauth,
            result.map_err(|error| error.at_attempt(attempt)),
        )
    }

    fn write<'a>(
        &self,
        writing: &Writing<'a>,
        answers: &Answers,
        unchanged: &mut Unchanged,
    ) -> Result<DescribedRequests<'a>, EventError> {
        let asked = answers.get(writing.org)?;
        let (plan, destination) = (&writing.plan, &*writing.destination);
        let mut requests = DescribedRequests::new();
        for record in &plan.records {
            let target = target::settle(record, &asked.found, destination, &self.rules)?;
            let mut fields = mapping::fields(plan, record, &target, destination, &self.rules)?;
            if self.skip_unchanged && target.id.is_some() {
                fields.fill_placeholders();
                if !unchanged.reduce(&target, &mut fields) {
                    continue;
                }
            }
            answers.spare(writing.org, target.id.is_none())?;
            let (session, update) = (&asked.session, self.rules.update_method);
            let mut request = Descriptor::new(session, &self.api_version, &target, fields, update);
            request.looked_up_by = key_of(record).filter(|_| self.rules.notes_lookups).cloned();
            requests.push(request);
        }
        if requests.is_empty() {
            return Err(EventError::Unchanged);
        }
        Ok(requests)
    }
}

/// The attempt at which an event counts: rudder-server's processor makes no second one.
fn attempt(route: Route, entry: &Entry<'_>) -> u64 {
    match route {
        Route::Processor => LAST_ATTEMPT,
        Route::Router | Route::Open => entry.attempt(),
    }
}

fn outcome_of(index: usize, oauth: bool, result: Result<Requests<'_>, EventError>) -> Outcome<'_> {
    let error = result.as_ref().err();
    Outcome {
        entries: smallvec![index],
        auth_category: error.and_then(|error| error.auth_category(oauth)),
        result,
    }
}

/// rudder-server's processor never sends a secret: to reconnect the account would not help.
fn on_route(error: EventError, route: Route) -> EventError {
    match error {
        EventError::Secret(SecretFlaw::Missing) if route == Route::Processor => {
            EventError::Secret(SecretFlaw::NeverSent)
        }
        other => other,
    }
}

/// What a record is looked up by; `None` where the event names it.
fn key_of<'p>(record: &'p Record<'_>) -> Option<&'p Key> {
    match record {
        Record::Lead(key) | Record::Matching(key) => Some(key),
        Record::Named { .. } => None,
    }
}

/// What the one record of an event is created for, and with whom the request may be shared (rule `one-create`).
fn creation_of(writing: &Writing<'_>, entry: &Entry<'_>) -> Option<(Creation, Sharing)> {
    let [Record::Lead(key) | Record::Matching(key)] = writing.plan.records.as_slice() else {
        return None;
    };
    let sharing = match writing.plan.are_fields {
        _ if entry.is_alone() => Sharing::Alone,
        true => Sharing::Fields,
        false => Sharing::Mapped,
    };
    let creation = Creation {
        org: writing.org,
        destination: writing.destination.id.clone(),
        key: key.clone(),
    };
    Some((creation, sharing))
}
