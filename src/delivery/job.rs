//! A job as it outlives its request: what it writes, where, for whom.

use std::{fmt, sync::Arc};

use tokio::sync::oneshot;

use super::{
    memory::{PendingResult, WriteResult},
    written::PartId,
};
use crate::{
    json::{Document, Value},
    rudderstack::{Destination, Entry},
    salesforce::{Credentials, Session},
    server::memory::Share,
    transform::{
        error::EventError,
        plan::{Plan, Record, Records},
    },
};

/// A job that is to be written.
pub struct Job {
    /// Whose events keep their order.
    pub(super) user: Option<String>,
    /// The traits as a JSON object, as it came; `None` where it could not be kept.
    traits: Option<Document<'static>>,
    pub(super) records: Vec<Record<'static>>,
    pub(super) are_fields: bool,
    pub(super) destination: Arc<Destination>,
    pub(super) access: Access,
    /// How many attempts have failed so far.
    pub(super) attempt: u64,
    /// The memory of its request, which counts until all of its jobs are done, also where its caller has hung up.
    _share: Arc<Share>,
}

/// The right to write: a session, and what a new one is opened with.
#[derive(Clone, Debug)]
pub struct Access {
    /// What a new session is opened with.
    pub credentials: Arc<Credentials>,
    /// The session.
    pub session: Arc<Session>,
}

impl Access {
    /// Whether two sessions are one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.session.instance() == other.session.instance()
            && self.session.authorization() == other.session.authorization()
    }
}

/// A record that a job writes.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) part: Option<PartId>,
    pub(super) job: Arc<Job>,
    /// The record's place in the job.
    pub(super) place: usize,
    /// What was under way for its user before it came.
    pub(super) earlier: Vec<PendingResult>,
    pub(super) done: oneshot::Sender<WriteResult>,
}

impl Unit {
    /// Whether something of its user's that came earlier is to come again. It is known by now: an org's writes go one after
    /// the other.
    pub(super) fn is_held(&self) -> bool {
        let is_to_come_again = |result: &PendingResult| match result.peek() {
            Some(Ok(verdict)) => verdict.as_ref().is_err_and(EventError::is_retryable),
            Some(Err(_)) | None => true,
        };
        self.earlier.iter().any(is_to_come_again)
    }
}

/// Without the user, whose id may be an e-mail.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("traits", &self.traits)
            .field("records", &self.records)
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Takes a job over from its request.
    #[must_use]
    pub fn new(
        entry: &Entry<'_>,
        plan: Plan<'_>,
        destination: Arc<Destination>,
        access: Access,
        share: Arc<Share>,
    ) -> Self {
        Self {
            user: user(entry).map(|user| format!("{}\n{user}", destination.id)),
            traits: Document::read(plan.traits.to_json()).ok(),
            records: plan.records.into_iter().map(Record::into_owned).collect(),
            are_fields: plan.are_fields,
            destination,
            access,
            attempt: entry.attempt(),
            _share: share,
        }
    }

    /// The job's plan, for all of its records.
    ///
    /// # Errors
    /// [`EventError::Interrupted`], which no input is known to cause.
    pub(super) fn plan(&self) -> Result<Plan<'_>, EventError> {
        let traits = self.traits.as_ref().ok_or(EventError::Interrupted)?;
        let traits = traits.root().as_members().unwrap_or_default();
        Ok(Plan {
            traits,
            records: Records::new(),
            are_fields: self.are_fields,
        })
    }
}

/// What rudder-server orders a destination's events by, else the event's own user.
fn user(entry: &Entry<'_>) -> Option<String> {
    let metadata = entry
        .metadata
        .and_then(Value::as_object)
        .unwrap_or_default();
    let event = entry.event.as_ref().ok();
    let of_event = event.and_then(|event| event.first_present(&["userId", "anonymousId"]));
    let user = metadata.get("userId").filter(|user| user.is_present());
    let user = user.or(of_event)?.as_text_or_number()?;
    Some(user.into_owned())
}
