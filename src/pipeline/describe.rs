//! Resolves the events that rudder-server writes, and describes the requests for them.

use std::{sync::Arc, time::Instant};

use super::{
    Pipeline, Writing,
    lookups::Answers,
    merge::{Creation, Outcomes},
    outcome_of,
};
use crate::{
    rudderstack::{Batch, Destination, Route},
    salesforce::{Asked, Spares, address::Effect, headers::WriteHeaders},
    transform::{
        descriptor::Descriptor,
        error::EventError,
        outcome::{DescribedRequests, Outcome, Requests},
        plan::Record,
        resolve::{Observer, Resolved, Unresolved, resolve_observed},
        unchanged::Unchanged,
    },
};

/// The outcomes of the events of a batch that are described.
pub(super) struct Describer<'p, 'b, 'a> {
    pipeline: &'p Pipeline,
    batch: &'b Batch<'a>,
    answers: &'b Answers,
    outcomes: Outcomes<'a>,
    /// What earlier events of the batch write; `None` if unchanged fields are written as well (`SKIP_UNCHANGED` is
    /// off).
    unchanged: Option<Unchanged>,
    /// The last destination that was asked for, and whether its deliveries come to the proxy.
    proxied: Option<(Arc<Destination>, bool)>,
}

impl<'p, 'b, 'a> Describer<'p, 'b, 'a> {
    /// Creates a describer without outcomes.
    pub(super) fn new(pipeline: &'p Pipeline, batch: &'b Batch<'a>, answers: &'b Answers) -> Self {
        Self {
            pipeline,
            batch,
            answers,
            outcomes: Outcomes::default(),
            unchanged: pipeline.skip_unchanged.then(Unchanged::default),
            proxied: None,
        }
    }

    /// Describes the requests of an event.
    pub(super) fn add(&mut self, index: usize, writing: &Writing<'a>) {
        let requests = self.requests(writing).map(Requests::Described);
        let is_oauth = self.answers.org(writing.org).credentials.is_oauth();
        let outcome = outcome_of(self.batch, index, is_oauth, requests);
        let may_share =
            self.batch.route == Route::Router && self.pipeline.rules.coalesce && outcome.creates();
        let entry = &self.batch.entries[index];
        match may_share.then(|| Creation::of(writing, entry)).flatten() {
            Some(creation) => {
                let is_proxied = self.is_proxied(&writing.destination);
                self.outcomes.add_creation(outcome, creation, is_proxied);
            }
            None => self.outcomes.add(outcome),
        }
    }

    /// Whether the destination's deliveries come to the proxy. Most events of a batch have one destination.
    fn is_proxied(&mut self, destination: &Arc<Destination>) -> bool {
        match &self.proxied {
            Some((known, is_proxied)) if Arc::ptr_eq(known, destination) => *is_proxied,
            Some(_) | None => {
                let creates = self.pipeline.salesforce.creates();
                let is_proxied = creates.is_proxied(&destination.id);
                self.proxied = Some((Arc::clone(destination), is_proxied));
                is_proxied
            }
        }
    }

    /// Adds an event that writes to no org: its message is passed on, or it was not planned.
    pub(super) fn conclude(&mut self, index: usize, result: Result<Requests<'a>, EventError>) {
        let outcome = outcome_of(self.batch, index, false, result);
        self.outcomes.add(outcome);
    }

    /// The outcomes, in the order of their first events. The lookups began no earlier than `asked`.
    pub(super) async fn finish(self, asked: Instant) -> Vec<Outcome<'a>> {
        let salesforce = &self.pipeline.salesforce;
        let outcomes = self.outcomes;
        outcomes
            .finish(self.batch, self.answers, salesforce, asked)
            .await
    }

    /// The requests of an event: one for each record with something to write.
    fn requests(&mut self, writing: &Writing<'a>) -> Result<DescribedRequests<'a>, EventError> {
        let mut requests = DescribedRequests::new();
        for record in &writing.plan.records {
            match self.request(writing, record) {
                Ok(request) => requests.push(request),
                Err(EventError::Unchanged) => {}
                Err(error) => return Err(error),
            }
        }
        if requests.is_empty() {
            return Err(EventError::Unchanged);
        }
        Ok(requests)
    }

    fn request(
        &mut self,
        writing: &Writing<'a>,
        record: &Record<'_>,
    ) -> Result<Descriptor<'a>, EventError> {
        let org = self.answers.org(writing.org);
        let asked = (org.asked()?, org.spares.as_ref());
        let unchanged = self.unchanged.as_mut();
        self.pipeline
            .request(writing, record, asked, unchanged, &mut ())
    }
}

impl Pipeline {
    /// The request that writes a record of an event, by the answer of its org and the calls that the org has left.
    ///
    /// # Errors
    /// As [`resolve_observed`].
    #[inline]
    pub(super) fn request<'p, 'a>(
        &self,
        writing: &'p Writing<'a>,
        record: &'p Record<'p>,
        (asked, spares): (&'p Asked, Option<&Spares>),
        unchanged: Option<&mut Unchanged>,
        observer: &mut impl Observer<'p, 'a>,
    ) -> Result<Descriptor<'a>, EventError> {
        let Pipeline {
            rules,
            policies,
            api_version,
            ..
        } = self;
        let event = Unresolved {
            traits: &writing.plan.traits,
            record,
            duplicate: None,
            destination: &writing.destination,
            detail: writing.detail,
            refused: None,
        };
        let Asked { session, found, .. } = asked;
        let policy = (rules, &**policies);
        let resolved = resolve_observed(&event, [], found, policy, unchanged, spares, observer);
        let Resolved { target, fields } = resolved?;
        let (destination, effect) = (&writing.destination.id, target.address.effect());
        let headers = WriteHeaders::of(policies, destination, &target.object, effect);
        let mut request = Descriptor::new(session, api_version, &target, fields, headers, rules);
        let was_looked_up = rules.notes_lookups && effect != Effect::Upsert;
        request.looked_up_by = record.key().filter(|_| was_looked_up).cloned();
        Ok(request)
    }
}
