//! The leases that a caller holds while it writes.

use std::{mem, time::Instant};

use tokio::sync::Mutex;

use super::memory::{CreateKey, CreateMemory, Ended, Ending, Lease};
use crate::salesforce::{by_key::ByKey, key::Key};

/// The leases under which a caller creates records. Those that it does not end leave open whether their records were created.
#[derive(Debug, Default)]
pub(crate) struct Held<'m> {
    memory: Option<&'m dyn CreateMemory>,
    leases: Mutex<ByKey<HeldLease>>,
}

#[derive(Debug)]
struct HeldLease {
    key: CreateKey,
    lease: Lease,
    /// Whether an earlier create may have written the record.
    is_unsure: bool,
}

impl<'m> Held<'m> {
    /// No leases of this memory; without a memory, there are never any.
    pub(crate) fn none(memory: Option<&'m dyn CreateMemory>) -> Self {
        Self {
            memory,
            leases: Mutex::default(),
        }
    }

    /// The memory of the leases.
    pub(crate) fn memory(&self) -> Option<&'m dyn CreateMemory> {
        self.memory
    }

    /// Adds a lease. `is_unsure` tells whether an earlier create may have written the record.
    pub(crate) fn add(&mut self, key: CreateKey, lease: Lease, is_unsure: bool) {
        let name = key.key().clone();
        let held = HeldLease {
            key,
            lease,
            is_unsure,
        };
        self.leases.get_mut().insert(name, held);
    }

    /// Whether there is a lease for the record of this key.
    pub(crate) fn has(&mut self, key: &Key) -> bool {
        self.leases.get_mut().contains_key(key)
    }

    /// Whether the caller may start a write now: it holds all leases for as long as the write may take.
    pub(crate) async fn may_write(&self) -> bool {
        let Some(memory) = self.memory else {
            return true;
        };
        let mut leases = self.leases.lock().await;
        let now = Instant::now();
        if leases.values().all(|held| held.lease.may_start(now)) {
            return true;
        }
        let leases = leases.values_mut();
        let leases = leases.map(|held| (&held.key, &mut held.lease));
        memory.renew(leases.collect()).await
    }

    /// Ends all leases: each with what has become of its record.
    pub(crate) async fn end(&mut self, mut ending_of: impl FnMut(&Key) -> Ending) {
        let leases = mem::take(self.leases.get_mut());
        let ended = leases.into_values().map(|held| {
            let ending = match ending_of(held.key.key()) {
                Ending::Failed if held.is_unsure => Ending::Unsure,
                ending @ (Ending::Created(_) | Ending::Failed | Ending::Unsure) => ending,
            };
            Ended {
                key: held.key,
                lease: held.lease,
                ending,
            }
        });
        let ended: Vec<Ended> = ended.collect();
        if let Some(memory) = self.memory.filter(|_| !ended.is_empty()) {
            memory.end(ended).await;
        }
    }
}
