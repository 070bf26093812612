//! The sentence: read the batch, check each event, decide what must be asked of Salesforce, ask it once, map the fields,
//! write the request, answer.

use std::sync::Arc;

use crate::{
    config::Config,
    contract::{Batch, Destination, Entry},
    descriptor::Descriptor,
    error::EventError,
    gate,
    map::{self, Fields},
    metrics::Metrics,
    orgs::{Answers, Destinations, OrgIndex, Orgs},
    plan::{self, Plan, Record},
    rules::Rules,
    salesforce::Salesforce,
    target::{self, Target},
};

/// What a request needs on its way through the rooms.
#[derive(Debug)]
pub struct Pipeline {
    rules: Rules,
    salesforce: Salesforce,
    api_version: String,
    own_destination: Option<Arc<Destination>>,
    metrics: Arc<Metrics>,
}

/// What became of one event: its requests, in order, or why it makes none.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// At least one request, or the reason.
    pub result: Result<Vec<Descriptor<'a>>, EventError>,
    /// What the answer says about a failed authorisation.
    pub auth_category: Option<&'static str>,
}

/// An event that will be written once its org has answered.
struct Planned<'a> {
    plan: Plan<'a>,
    destination: Arc<Destination>,
    org: OrgIndex,
}

impl Pipeline {
    /// Builds the rooms from the settings.
    ///
    /// # Errors
    /// Where the HTTP client cannot be built: no certificates, or a malformed proxy setting.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            rules: config.rules(),
            salesforce: Salesforce::new(config, Arc::clone(&metrics))?,
            api_version: config.salesforce_api_version.clone(),
            own_destination: config
                .own_login()
                .map(|login| Arc::new(Destination::own(login))),
            metrics,
        })
    }

    /// Turns a batch into requests: one outcome for each entry, in their order.
    pub async fn run<'a>(&self, batch: &Batch<'a>) -> Vec<Outcome<'a>> {
        let mut destinations = Destinations::default();
        let mut orgs = Orgs::default();
        let planned: Vec<_> = batch
            .entries
            .iter()
            .map(|entry| self.plan(batch, entry, &mut destinations, &mut orgs))
            .collect();
        let answers = orgs.ask(&self.salesforce).await;
        planned
            .into_iter()
            .map(|planned| self.outcome(planned, &answers))
            .collect()
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
            None if batch.own_destination => self
                .own_destination
                .clone()
                .ok_or(EventError::NoOwnDestination)?,
            destination => destinations.read(destination)?,
        };
        let admitted = gate::admit(event, &destination, &self.rules)?;
        let plan = plan::plan(&admitted, &self.rules)?;
        let org = orgs.of(batch.secret, entry, &destination)?;
        orgs.want(org, &plan);
        Ok(Planned {
            plan,
            destination,
            org,
        })
    }

    fn outcome<'a>(
        &self,
        planned: Result<Planned<'a>, EventError>,
        answers: &Answers,
    ) -> Outcome<'a> {
        let oauth = planned
            .as_ref()
            .is_ok_and(|planned| answers.are_oauth(planned.org));
        let result = planned.and_then(|planned| self.write(&planned, answers));
        let auth_category = result
            .as_ref()
            .err()
            .and_then(|error| error.auth_category(oauth));
        self.metrics.outcome(&result);
        Outcome {
            result,
            auth_category,
        }
    }

    fn write<'a>(
        &self,
        planned: &Planned<'a>,
        answers: &Answers,
    ) -> Result<Vec<Descriptor<'a>>, EventError> {
        let asked = answers.get(planned.org)?;
        let requests = planned.plan.records.iter().map(|record| {
            let target = target::settle(record, &asked.leads, &planned.destination, &self.rules)?;
            let fields = self.fields(&planned.plan, record, &target, &planned.destination);
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
    ) -> Fields<'a> {
        let table = match record {
            Record::LeadOf(_) => map::table_of_found(&target.object),
            Record::Named { object, .. } => map::table_of_named(object, self.rules.named_tables),
        };
        let table = table.filter(|_| map::is_wanted(destination, self.rules.mapping_switch));
        let Some(table) = table else {
            return map::as_they_are(&plan.traits);
        };
        let creates = target.id.is_none();
        let mut fields = map::mapped(&plan.traits, table, creates, &self.rules);
        if let Some(email) = target
            .email
            .filter(|_| creates && self.rules.complete_email)
        {
            fields.complete_email(email);
        }
        fields
    }
}
