//! Hands over the events that this service writes itself, in the order of their batch, and waits for their results.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{Pipeline, Writing, lookups::Answers, outcome_of};
use crate::{
    delivery::{Deliveries, Intake, Job, PendingJob, SessionAccess},
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

/// The events of a batch that are being delivered.
pub(super) struct EventsUnderway<'p, 'b, 'a> {
    deliveries: &'p Deliveries,
    batch: &'b Batch<'a>,
    jobs: Vec<Pending>,
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
        let is_oauth = self.answers.is_oauth(writing.org);
        let taken = self.take(index, writing);
        self.jobs.push(Pending {
            index,
            is_oauth,
            taken,
        });
    }

    fn take(&mut self, index: usize, writing: Writing<'_>) -> Result<PendingJob, EventError> {
        let (entry, deliveries) = (&self.batch.entries[index], &self.pipeline.deliveries);
        let asked = self.answers.get(writing.org)?;
        let event = entry.event.as_ref().map_err(Clone::clone)?;
        let id = deliveries.id(&writing.destination, entry, event);
        let access = SessionAccess {
            credentials: Arc::clone(self.answers.credentials(writing.org)),
            session: Arc::clone(&asked.session),
        };
        let share = Arc::clone(self.share);
        let job = Job::new(entry, writing.plan, writing.destination, access, share);
        Ok(deliveries.take(id, job, &mut self.intake))
    }

    /// Queues the events, to be written together with those of other requests.
    pub(super) fn begin(self) -> EventsUnderway<'p, 'b, 'a> {
        let deliveries = &self.pipeline.deliveries;
        deliveries.gather(self.intake);
        EventsUnderway {
            deliveries,
            batch: self.batch,
            jobs: self.jobs,
        }
    }
}

impl<'a> EventsUnderway<'_, '_, 'a> {
    /// Waits until every event has either been written or failed.
    pub(super) async fn results(self) -> Vec<Outcome<'a>> {
        let (deliveries, batch) = (self.deliveries, self.batch);
        let results = self.jobs.into_iter().map(async |job| {
            let result = match job.taken {
                Ok(taken) => deliveries.result(taken).await,
                Err(error) => Err(error),
            };
            outcome_of(
                batch,
                job.index,
                job.is_oauth,
                result.map(|()| Requests::Delivered),
            )
        });
        join_all(results).await
    }
}
