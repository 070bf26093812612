//! Events that are written here: handed over in the order of their batch, and waited for.

use std::sync::Arc;

use super::{Pipeline, Writing, outcome_of};
use crate::{
    delivery::{Access, Intake, Job, Taken},
    pipeline::lookups::Answers,
    rudderstack::Entry,
    server::memory::Share,
    transform::{
        error::EventError,
        outcome::{Outcome, Requests},
    },
};

impl Pipeline {
    /// Hands an event over to be written, in the order of the batch.
    pub(super) fn take(
        &self,
        writing: Writing<'_>,
        entry: &Entry<'_>,
        answers: &Answers,
        share: &Arc<Share>,
        intake: &mut Intake,
    ) -> (bool, Result<Taken, EventError>) {
        let taken = answers.get(writing.org).and_then(|asked| {
            let event = entry.event.as_ref().map_err(Clone::clone)?;
            let id = self.deliveries.id(&writing.destination, entry, event);
            let access = Access {
                credentials: Arc::clone(answers.credentials(writing.org)),
                session: Arc::clone(&asked.session),
            };
            let share = Arc::clone(share);
            let job = Job::new(entry, writing.plan, writing.destination, access, share);
            Ok(self.deliveries.take(id, job, intake))
        });
        (answers.is_oauth(writing.org), taken)
    }

    /// Waits until an event has been written.
    pub(super) async fn delivered<'a>(
        &self,
        index: usize,
        (oauth, taken): (bool, Result<Taken, EventError>),
    ) -> Outcome<'a> {
        let result = match taken {
            Ok(taken) => self.deliveries.result(taken).await,
            Err(error) => Err(error),
        };
        outcome_of(index, oauth, result.map(|()| Requests::Delivered))
    }
}
