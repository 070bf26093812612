//! Hands over the events that this service writes itself, in the order of their batch, and waits for their results.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{Pipeline, Writing, lookups::Answers, outcome_of};
use crate::{
    delivery::{Intake, Job, PendingJob, SessionAccess},
    rudderstack::Batch,
    server::memory::Share,
    transform::{
        error::EventError,
        outcome::{Outcome, Requests},
    },
};

/// The events of a batch that will be delivered inline.
pub(super) struct Handover<'p, 'b, 'a> {
    pipeline: &'p Pipeline,
    batch: &'b Batch<'a>,
    answers: &'b Answers,
    share: &'b Arc<Share>,
    intake: Intake,
    jobs: Vec<Pending>,
}

/// An event that is waiting for its result.
struct Pending {
    index: usize,
    is_oauth: bool,
    taken: Result<PendingJob, EventError>,
}

impl<'p, 'b, 'a> Handover<'p, 'b, 'a> {
    /// Creates an empty handover.
    pub(super) fn new(
        pipeline: &'p Pipeline,
        batch: &'b Batch<'a>,
        answers: &'b Answers,
        share: &'b Arc<Share>,
    ) -> Self {
        Self {
            pipeline,
            batch,
            answers,
            share,
            intake: Intake::default(),
            jobs: Vec::new(),
        }
    }

    /// Adds an event.
    pub(super) fn add(&mut self, index: usize, writing: Writing<'_>) {
        let is_oauth = self.answers.org(writing.org).credentials.is_oauth();
        let taken = self.take(index, writing);
        self.jobs.push(Pending {
            index,
            is_oauth,
            taken,
        });
    }

    fn take(&mut self, index: usize, writing: Writing<'_>) -> Result<PendingJob, EventError> {
        let (entry, deliveries) = (&self.batch.entries[index], &self.pipeline.deliveries);
        let org = self.answers.org(writing.org);
        let event = entry.event.as_ref().map_err(Clone::clone)?;
        let id = deliveries.id(&writing.destination, entry, event);
        let access = SessionAccess {
            credentials: Arc::clone(&org.credentials),
            session: Arc::clone(&org.asked()?.session),
        };
        let share = Arc::clone(self.share);
        let job = Job::new(entry, writing.plan, writing.destination, access, share)?;
        Ok(deliveries.take(id, job, &mut self.intake))
    }

    /// Queues the events, to be written together with those of other requests, and waits until every one has either
    /// been written or failed.
    pub(super) async fn outcomes(self) -> Vec<Outcome<'a>> {
        let (deliveries, batch) = (&self.pipeline.deliveries, self.batch);
        deliveries.gather(self.intake);
        let outcomes = self.jobs.into_iter().map(async |job| {
            let result = match job.taken {
                Ok(taken) => deliveries.result(taken).await,
                Err(error) => Err(error),
            };
            let result = result.map(Requests::Delivered);
            outcome_of(batch, job.index, job.is_oauth, result)
        });
        join_all(outcomes).await
    }
}
