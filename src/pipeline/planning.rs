//! Checks each event of a batch, plans what it writes, and collects the lookups that the plan needs.

use std::sync::Arc;

use super::{
    Pipeline, Planned, Writing,
    lookups::{Destinations, Lookups, OrgIndex},
};
use crate::{
    rudderstack::{Batch, Destination, Entry, Event, Route},
    salesforce::SecretFlaw,
    transform::{
        changes::ChangeDetail, error::EventError, gate, plan, plan::Plan, resolve::Unresolved,
        target,
    },
};

/// Plans the events of one batch.
pub(super) struct Planner<'p, 'b, 'a> {
    pipeline: &'p Pipeline,
    batch: &'b Batch<'a>,
    destinations: Destinations<'a>,
    lookups: Lookups<'a>,
}

impl<'p, 'b, 'a> Planner<'p, 'b, 'a> {
    /// Creates a planner without plans.
    pub(super) fn new(pipeline: &'p Pipeline, batch: &'b Batch<'a>) -> Self {
        Self {
            pipeline,
            batch,
            destinations: Destinations::default(),
            lookups: Lookups::default(),
        }
    }

    /// The plan of each entry, or the reason why it has none, and the lookups that the plans need.
    pub(super) fn plan(mut self) -> (Vec<Result<Planned<'a>, EventError>>, Lookups<'a>) {
        let entries = self.batch.entries.iter();
        let plans = entries.map(|entry| self.entry(entry)).collect();
        (plans, self.lookups)
    }

    /// The lookups that the plans need so far.
    pub(super) fn into_lookups(self) -> Lookups<'a> {
        self.lookups
    }

    /// The plan of an entry.
    pub(super) fn entry(&mut self, entry: &Entry<'a>) -> Result<Planned<'a>, EventError> {
        let (batch, pipeline) = (self.batch, self.pipeline);
        let event = entry.event.as_ref().map_err(Clone::clone)?;
        let destination = self.destination(entry)?;
        if batch.route == Route::Router && event.is_transformed() {
            pipeline.bounds.check_echoed(batch, entry)?;
            return Ok(Planned::Transformed(*event));
        }
        let plan = self.plan_of(entry, event, &destination)?;
        let org = self.lookups.org(batch.secret, entry, &destination);
        let org = org.map_err(|error| on_route(error, batch.route))?;
        let is_inline = batch.takes_results && pipeline.deliveries.is_inline(&destination);
        if !is_inline {
            self.look_up(org, &plan, &destination);
        }
        let writing = Writing {
            plan,
            destination,
            org,
            detail: pipeline.detail(batch.route),
        };
        Ok(if is_inline {
            Planned::Delivered(writing)
        } else {
            Planned::Described(writing)
        })
    }

    /// The destination of an entry: its own, or at `/transform` the one from the settings.
    pub(super) fn destination(
        &mut self,
        entry: &Entry<'a>,
    ) -> Result<Arc<Destination>, EventError> {
        let given = entry.destination;
        let given = given.filter(|destination| !destination.is_null());
        if given.is_none() && self.batch.route == Route::Open {
            let own = self.pipeline.own_destination.clone();
            return own.ok_or(EventError::NoOwnDestination);
        }
        Ok(self.destinations.read(given, self.batch.name)?)
    }

    fn plan_of(
        &self,
        entry: &Entry<'a>,
        event: &Event<'a>,
        destination: &Destination,
    ) -> Result<Plan<'a>, EventError> {
        let Pipeline { rules, bounds, .. } = self.pipeline;
        let admitted = gate::admit(event, destination, rules)?;
        let plan = plan::plan(&admitted, destination, rules)?;
        bounds.check(self.batch, entry, event, &plan)?;
        Ok(plan)
    }

    /// Adds the lookups that a plan needs.
    fn look_up(&mut self, org: OrgIndex, plan: &Plan<'_>, destination: &Destination) {
        let Pipeline {
            rules,
            policies,
            skip_unchanged,
            ..
        } = self.pipeline;
        for record in &plan.records {
            for object in target::objects_to_describe(record, destination, policies) {
                self.lookups.describe(org, object);
            }
            if let Some(key) = record.key() {
                let event = Unresolved {
                    duplicate: None,
                    traits: &plan.traits,
                    record,
                    destination,
                    detail: ChangeDetail::Counts,
                    refused: None,
                };
                let fields = skip_unchanged.then(|| event.fields_to_read((rules, policies)));
                let needs_record =
                    *skip_unchanged || target::needs_record(record, destination, (rules, policies));
                let fields = fields.unwrap_or_default();
                self.lookups.want(org, key, fields, needs_record);
            }
        }
    }
}

/// Adapts an error to the route. rudder-server's processor never sends a secret, so advice to reconnect the account
/// would not help there.
fn on_route(error: EventError, route: Route) -> EventError {
    match error {
        EventError::Secret(SecretFlaw::Missing) if route == Route::Processor => {
            EventError::Secret(SecretFlaw::NeverSent)
        }
        other => other,
    }
}
