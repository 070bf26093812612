//! Resolves the events that rudder-server writes, and describes the requests for them.

use std::collections::HashMap;

use super::{Pipeline, Writing, lookups::Answers, outcome_of};
use crate::{
    rudderstack::{Batch, Entry, Event, Route},
    salesforce::{Asked, headers::WriteHeaders, limits::Handled},
    transform::{
        descriptor::Descriptor,
        error::EventError,
        outcome::{Creation, DescribedRequests, OrgIndex, Outcome, Outcomes, Requests, Sharing},
        plan::{self, Record},
        resolve::{Resolved, resolve},
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
    /// The API calls that the events cost, by org, for the ledger.
    cost: HashMap<OrgIndex, Handled>,
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
            cost: HashMap::new(),
        }
    }

    /// Describes the requests of an event.
    pub(super) fn add(&mut self, index: usize, writing: &Writing<'a>) {
        let entry = &self.batch.entries[index];
        let requests = self.requests(writing).map(Requests::Described);
        let outcome = outcome_of(
            self.batch,
            index,
            self.answers.is_oauth(writing.org),
            requests,
        );
        let is_handled = outcome.is_handled();
        let may_share =
            self.batch.route == Route::Router && self.pipeline.rules.coalesce && outcome.creates();
        let creation = may_share.then(|| creation_of(writing, entry)).flatten();
        let described = self.outcomes.add(outcome, creation);
        if is_handled {
            let alone = plan::cost_alone(&writing.plan.records);
            let cost = self.cost.entry(writing.org).or_default();
            cost.add(Handled { described, ..alone });
        }
    }

    /// Passes on a message that is a finished request already.
    pub(super) fn pass_on(&mut self, index: usize, event: Event<'a>) {
        let is_noted = self.pipeline.rules.notes_lookups;
        let result = Ok(Requests::Transformed { event, is_noted });
        self.outcomes
            .add(outcome_of(self.batch, index, false, result), None);
    }

    /// Answers an event that was not planned.
    pub(super) fn fail(&mut self, index: usize, error: EventError) {
        let outcome = outcome_of(self.batch, index, false, Err(error));
        self.outcomes.add(outcome, None);
    }

    /// The outcomes, in the order of their first events. Records their cost in the ledger.
    pub(super) fn finish(self) -> Vec<Outcome<'a>> {
        for (org, cost) in self.cost {
            if let Ok(asked) = self.answers.get(org) {
                let limits = self.pipeline.salesforce.limits();
                limits.handled(asked.session.instance(), cost);
            }
        }
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
            rules,
            policies,
            api_version,
            ..
        } = self.pipeline;
        let (plan, destination) = (&writing.plan, &writing.destination);
        let mut resolved = resolve(plan, record, &asked.found, destination, rules)?;
        let spares = self.answers.spares(writing.org);
        resolved.keep_changes(self.unchanged.as_mut(), spares)?;
        let Resolved { target, fields } = resolved;
        let session = &asked.session;
        let creates = target.id.is_none();
        let headers = WriteHeaders::of(policies, &destination.id, &target.object, creates);
        let mut request = Descriptor::new(session, api_version, &target, fields, headers, rules);
        request.looked_up_by = record.key().filter(|_| rules.notes_lookups).cloned();
        Ok(request)
    }
}

/// What identifies the record that an event creates, and which events may share the request (rule `one-create`).
fn creation_of(writing: &Writing<'_>, entry: &Entry<'_>) -> Option<(Creation, Sharing)> {
    let [record] = writing.plan.records.as_slice() else {
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
        key: record.key()?.clone(),
    };
    Some((creation, sharing))
}
