//! The sentence: read the batch, check each event, decide what must be asked of Salesforce, ask it once, map the fields,
//! write the request, answer.

use std::sync::Arc;

use crate::{
    config::Config,
    contract::{Batch, Destination, Entry, Event, Route},
    descriptor::Descriptor,
    error::EventError,
    gate,
    map::{self, Fields},
    metrics::Metrics,
    orgs::{Answers, Destinations, OrgIndex, Orgs},
    outcome::{Creation, Outcome, Outcomes, Requests, Sharing},
    plan::{self, Plan, Record},
    rules::Rules,
    salesforce::Salesforce,
    target::{self, Target},
};

/// What a request needs on its way through the rooms.
#[derive(Debug)]
pub struct Pipeline {
    rules: Rules,
    salesforce: Arc<Salesforce>,
    api_version: String,
    own_destination: Option<Arc<Destination>>,
    metrics: Arc<Metrics>,
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
}

impl Pipeline {
    /// Builds the rooms from the settings.
    #[must_use]
    pub fn new(config: &Config, salesforce: Arc<Salesforce>, metrics: Arc<Metrics>) -> Self {
        Self {
            rules: config.rules(),
            salesforce,
            api_version: config.salesforce_api_version.clone(),
            own_destination: config
                .own_login()
                .map(|login| Arc::new(Destination::own(login))),
            metrics,
        }
    }

    /// The failure for which a processor route asks for the whole request again: nothing has been written yet, so that it
    /// may be repeated, and an event that fails there on its own is dropped (wire contract, section 1.2). What no repetition
    /// on that route can mend is not meant: rudder-server sends no OAuth secret there.
    #[must_use]
    pub fn hindrance<'o>(&self, outcomes: &'o [Outcome<'_>]) -> Option<&'o EventError> {
        let hindered = outcomes
            .iter()
            .filter(|_| self.rules.processor_asks_again)
            .filter(|outcome| outcome.auth_category.is_none());
        let mut errors = hindered.filter_map(|outcome| outcome.result.as_ref().err());
        errors.find(|error| error.is_retryable() && !matches!(error, EventError::Secret(_)))
    }

    /// Turns a batch into requests. Each entry is in exactly one outcome; outcomes are in the order of their first entries.
    pub async fn run<'a>(&self, batch: &Batch<'a>) -> Vec<Outcome<'a>> {
        let mut destinations = Destinations::default();
        let mut orgs = Orgs::default();
        let mut plan = |entry| self.plan(batch, entry, &mut destinations, &mut orgs);
        let planned: Vec<_> = batch.entries.iter().map(&mut plan).collect();
        let answers = orgs.ask(&self.salesforce).await;
        let mut outcomes = Outcomes::default();
        for (index, planned) in planned.into_iter().enumerate() {
            let creation = planned
                .as_ref()
                .ok()
                .filter(|_| batch.route == Route::Router)
                .and_then(|planned| self.creation(planned, &batch.entries[index]));
            outcomes.add(self.outcome(index, planned, &answers), creation);
        }
        let outcomes = outcomes.finish();
        self.metrics.outcomes(&outcomes);
        outcomes
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
            return Ok(Planned::Transformed(event.clone()));
        }
        let admitted = gate::admit(event, &destination, &self.rules)?;
        let plan = plan::plan(&admitted, &destination, &self.rules)?;
        let org = orgs.of(batch.secret, entry, &destination)?;
        orgs.want(org, &plan);
        Ok(Planned::Writing(Writing {
            plan,
            destination,
            org,
        }))
    }

    /// What a record would be created for, and with whom the request may be shared (row 11).
    fn creation(&self, planned: &Planned<'_>, entry: &Entry<'_>) -> Option<(Creation, Sharing)> {
        let Planned::Writing(writing) = planned else {
            return None;
        };
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
            key: key.folded().to_owned(),
        };
        self.rules.coalesce.then_some((creation, sharing))
    }

    fn outcome<'a>(
        &self,
        index: usize,
        planned: Result<Planned<'a>, EventError>,
        answers: &Answers,
    ) -> Outcome<'a> {
        let (oauth, result) = match planned {
            Ok(Planned::Writing(writing)) => (
                answers.are_oauth(writing.org),
                self.write(&writing, answers).map(Requests::Described),
            ),
            Ok(Planned::Transformed(event)) => (false, Ok(Requests::Transformed(event))),
            Err(error) => (false, Err(error)),
        };
        let auth_category = result
            .as_ref()
            .err()
            .and_then(|error| error.auth_category(oauth));
        Outcome {
            entries: vec![index],
            result,
            auth_category,
        }
    }

    fn write<'a>(
        &self,
        writing: &Writing<'a>,
        answers: &Answers,
    ) -> Result<Vec<Descriptor<'a>>, EventError> {
        let asked = answers.get(writing.org)?;
        let requests = writing.plan.records.iter().map(|record| {
            let target = target::settle(record, &asked.found, &writing.destination, &self.rules)?;
            let fields = self.fields(&writing.plan, record, &target, &writing.destination)?;
            Ok(Descriptor::new(
                &asked.session,
                &self.api_version,
                &target,
                fields,
                self.rules.update_method,
            ))
        });
        requests.collect()
    }

    fn fields<'a>(
        &self,
        plan: &Plan<'a>,
        record: &Record<'_>,
        target: &Target<'_>,
        destination: &Destination,
    ) -> Result<Fields<'a>, EventError> {
        let table = match record {
            Record::Lead(_) => map::table_of_found(&target.object),
            Record::Named { object, .. } => map::table_of_named(object, self.rules.named_tables),
            Record::Matching(_) => None,
        };
        let is_mapped = !plan.are_fields && map::is_wanted(destination, self.rules.mapping_switch);
        let Some(table) = table.filter(|_| is_mapped) else {
            return Ok(map::as_they_are(&plan.traits));
        };
        let creates = target.id.is_none();
        let mut fields = map::mapped(&plan.traits, table, creates, &self.rules)?;
        if let Some(email) = target
            .email
            .filter(|_| creates && self.rules.complete_email)
        {
            fields.complete_email(email);
        }
        Ok(fields)
    }
}
