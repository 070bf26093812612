//! Tracks which parts are being written and which were written, so that nothing is written twice. If a connection
//! breaks, rudder-server sends the request again, up to 32 times (`docs/rudder-server.md#inline-delivery`).
//!
//! The parts in progress are not a moka cache: the worker writes them in batches, so that no caller has a future to give
//! to the cache, and a part that the cache forgets too early would be written twice.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use futures_util::{FutureExt, future::Shared};
use tokio::sync::oneshot;

use super::written::{JobId, PartId, RecentlyWritten};
use crate::{
    json::Value,
    rudderstack::{Entry, Event},
    shared_state::KeyedHash,
    transform::{changes::NotedChanges, error::EventError},
};

/// The result of a part of a job: what was changed or left out of it, or why it was not written.
pub(super) type WriteResult = Result<NotedChanges, EventError>;

/// A pending result.
pub(super) type PendingResult = Shared<oneshot::Receiver<WriteResult>>;

/// The parts that are being written, and those that were written.
#[derive(Debug)]
pub(super) struct WriteMemory {
    identities: KeyedHash,
    in_flight: Mutex<HashMap<PartId, PendingResult>>,
    written: Mutex<RecentlyWritten>,
}

/// The status of a part that is to be written.
pub(super) enum PartStatus {
    /// Nobody is writing the part: the caller has to write it and send the result.
    New(oneshot::Sender<WriteResult>, PendingResult),
    /// The part is being written.
    InFlight(PendingResult),
    /// The part was written.
    Written,
}

impl WriteMemory {
    /// An empty memory, sized for `in_flight`: the number of bytes that requests in flight may take. Jobs are recognised by
    /// `identities`.
    pub(super) fn within(in_flight: u64, identities: KeyedHash) -> Self {
        Self {
            identities,
            in_flight: Mutex::default(),
            written: Mutex::new(RecentlyWritten::within(in_flight, Instant::now())),
        }
    }

    /// The id of a job; `None` for an event without one, which is never sent again by itself.
    pub(super) fn id(
        &self,
        destination: &str,
        entry: &Entry<'_>,
        event: &Event<'_>,
    ) -> Option<JobId> {
        let metadata = entry.metadata.and_then(Value::as_object)?;
        let job = metadata.get("jobId")?.json();
        let members = event.message().members();
        let members = members.iter();
        let members = members.flat_map(|(key, value)| [key.as_ref(), value.json()]);
        let content = [destination, job].into_iter().chain(members);
        let digest = self.identities.digest(content.map(str::as_bytes));
        Some(JobId(digest.bytes()))
    }

    /// Returns the status of a part, and registers it as in progress if it is new.
    pub(super) fn take_on(&self, part: Option<PartId>) -> PartStatus {
        let (done, result) = oneshot::channel();
        let result = result.shared();
        let Some(part) = part else {
            return PartStatus::New(done, result);
        };
        let mut in_flight = self.in_flight();
        // A dropped sender means that the writer has panicked. The part is then accepted again.
        let is_lost =
            |result: &&PendingResult| matches!((*result).clone().now_or_never(), Some(Err(_)));
        if let Some(result) = in_flight.get(&part).filter(|result| !is_lost(result)) {
            return PartStatus::InFlight(result.clone());
        }
        if self.written().contains(&part, Instant::now()) {
            return PartStatus::Written;
        }
        in_flight.insert(part, result.clone());
        PartStatus::New(done, result)
    }

    /// Removes a part from those in progress before its result is sent: later callers find it written, or write it
    /// again. They must not join a failure that a later part of its user can no longer join.
    pub(super) fn finished(&self, part: PartId, verdict: &WriteResult) {
        if verdict.is_ok() {
            self.written().insert(part, Instant::now());
        }
        self.in_flight().remove(&part);
    }

    fn written(&self) -> MutexGuard<'_, RecentlyWritten> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<PartId, PendingResult>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
