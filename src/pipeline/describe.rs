//! Resolves the events that rudder-server writes, and describes the requests for them.

use super::{
    Pipeline, Writing,
    lookups::Answers,
    merge::{Creation, Outcomes},
    outcome_of,
};
use crate::{
    rudderstack::{Batch, Event, Route},
    salesforce::Asked,
    transform::{
        descriptor::Descriptor,
        error::EventError,
        outcome::{DescribedRequests, Outcome, Requests},
        plan::Record,
        resolve::{Resolved, Unresolved, resolve},
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
        }
    }

    /// Describes the requests of an event.
    pub(super) fn add(&mut self, index: usize, writing: &Writing<'a>) {
        let requests = self.requests(writing).map(Requests::Described);
        let is_oauth = self.answers.is_oauth(writing.org);
        let outcome = outcome_of(self.batch, index, is_oauth, requests);
        let may_share =
            self.batch.route == Route::Router && self.pipeline.rules.coalesce && outcome.creates();
        let entry = &self.batch.entries[index];
        match may_share.then(|| Creation::of(writing, entry)).flatten() {
            Some(creation) => self.outcomes.add_creation(outcome, creation),
            None => self.outcomes.add(outcome),
        }
    }

    /// Passes on a message that is a finished request already.
    pub(super) fn pass_on(&mut self, index: usize, event: Event<'a>) {
        let is_noted = self.pipeline.rules.notes_lookups;
        let result = Ok(Requests::Transformed { event, is_noted });
        self.outcomes
            .add(outcome_of(self.batch, index, false, result));
    }

    /// Answers an event that was not planned.
    pub(super) fn fail(&mut self, index: usize, error: EventError) {
        self.outcomes
            .add(outcome_of(self.batch, index, false, Err(error)));
    }

    /// The outcomes, in the order of their first events.
    pub(super) fn finish(self) -> Vec<Outcome<'a>> {
        self.outcomes.finish()
    }

    /// The requests of an event: one for each record with something to write.
    fn requests(&mut self, writing: &Writing<'a>) -> Result<DescribedRequests<'a>, EventError> {
        let asked = self.answers.get(writing.org)?;
        let mut requests = DescribedRequests::new();
        for record in &writing.plan.records {
            match self.request(writing, record, asked) {
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
        asked: &Asked,
    ) -> Result<Descriptor<'a>, EventError> {
        let Pipeline {
            rules, api_version, ..
        } = self.pipeline;
        let event = Unresolved {
            traits: &writing.plan.traits,
            record,
            destination: &writing.destination,
        };
        let Asked { session, found } = asked;
        let spares = self.answers.spares(writing.org);
        let Resolved { target, fields } =
            resolve(&event, [], found, rules, self.unchanged.as_mut(), spares)?;
        let mut request =
            Descriptor::new(session, api_version, &target, fields, rules.update_method);
        request.looked_up_by = record.key().filter(|_| rules.notes_lookups).cloned();
        Ok(request)
    }
}
