//! A job that outlives its request: what it writes, where, and for which user.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use tokio::sync::oneshot;

use super::{
    claims::Claim,
    memory::{PendingResult, WriteResult},
    written::PartId,
};
use crate::{
    json::{Document, Value},
    rudderstack::{Destination, Entry},
    salesforce::{Credentials, Row, Session},
    server::memory::Share,
    transform::{
        error::EventError,
        plan::{Plan, PlannedTraits, Record},
    },
};

/// A job to be written.
pub struct Job {
    /// The user whose events keep their order.
    pub(super) user: Option<String>,
    /// The traits as the JSON object that was received.
    traits: Document<'static>,
    pub(super) records: Vec<Record<'static>>,
    pub(super) has_field_names: bool,
    pub(super) destination: Arc<Destination>,
    pub(super) access: SessionAccess,
    /// The number of attempts that have failed so far.
    pub(super) attempt: u64,
    /// The request's share of the memory limit. It is held until all of the request's jobs are done, even if the caller
    /// has disconnected.
    _share: Arc<Share>,
}

/// The authorization to write: a session, and the credentials that open a new one.
#[derive(Clone, Debug)]
pub struct SessionAccess {
    /// The credentials that open a new session.
    pub credentials: Arc<Credentials>,
    /// The session.
    pub session: Arc<Session>,
}

impl SessionAccess {
    /// Whether both hold the same session.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.session.instance() == other.session.instance()
            && self.session.authorization() == other.session.authorization()
    }
}

/// A record that a job writes: one part of the job.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) part: Option<PartId>,
    pub(super) job: Arc<Job>,
    /// The index of the record in the job.
    pub(super) place: usize,
    /// The record that a duplicate rule found instead, if this record has no key.
    pub(super) duplicate: OnceLock<Row>,
    /// Pending results of the user's earlier writes.
    pub(super) earlier: Vec<PendingResult>,
    /// Since when it has been waiting for another caller that creates its record.
    pub(super) waits_since: Option<Instant>,
    /// What keeps other replicas from writing it.
    pub(super) claim: Option<Claim>,
    pub(super) done: oneshot::Sender<WriteResult>,
}

impl Unit {
    /// The record that it writes.
    pub(super) fn record(&self) -> &Record<'static> {
        &self.job.records[self.place]
    }

    /// Whether an earlier event of its user will be sent again. The earlier results are known by now, because the
    /// writes of an org run one after the other.
    pub(super) fn is_held(&self) -> bool {
        let is_to_come_again = |result: &PendingResult| match result.peek() {
            Some(Ok(verdict)) => verdict.as_ref().is_err_and(EventError::is_retryable),
            Some(Err(_)) | None => true,
        };
        self.earlier.iter().any(is_to_come_again)
    }
}

/// Omits the user, because the id may be an e-mail address.
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
    /// Copies a job out of its request.
    ///
    /// # Errors
    /// [`EventError::Interrupted`] if the traits cannot be copied. No input is known to cause it.
    pub fn new(
        entry: &Entry<'_>,
        plan: Plan<'_>,
        destination: Arc<Destination>,
        access: SessionAccess,
        share: Arc<Share>,
    ) -> Result<Self, EventError> {
        let traits = Document::read(plan.traits.members.to_json());
        let traits = traits.map_err(|_| EventError::Interrupted)?;
        Ok(Self {
            user: user(entry).map(|user| format!("{}\n{user}", destination.id)),
            traits,
            records: plan.records.into_iter().map(Record::into_owned).collect(),
            has_field_names: plan.traits.has_field_names,
            destination,
            access,
            attempt: entry.attempt(),
            _share: share,
        })
    }

    /// The traits, read again.
    pub(super) fn traits(&self) -> PlannedTraits<'_> {
        PlannedTraits {
            members: self.traits.root().as_members().unwrap_or_default(),
            has_field_names: self.has_field_names,
        }
    }
}

/// The user by whom rudder-server orders a destination's events, otherwise the event's own user.
pub(super) fn user(entry: &Entry<'_>) -> Option<String> {
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
