//! Creates under way: which records somebody has just been told to create, or is creating now (rule `one-create`).

mod held;
mod in_process;
mod memory;
mod shared;

use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::{config::SalesforceSettings, shared_state::SharedState};

pub(crate) use self::{
    held::Held,
    memory::{CreateKey, CreateMemory, CreatedRecord, Ending, JobName, Telling, Turn, Wish},
};
use self::{in_process::InProcess, shared::Shared};

/// How long a destination counts as delivered through the proxy after a delivery there.
const PROXIED_FOR: Duration = Duration::from_hours(1);

/// The maximum number of destinations whose deliveries are remembered.
const MAX_DESTINATIONS: u64 = 10_000;

/// The creates under way in all orgs.
#[derive(Debug)]
pub(crate) struct Creates {
    /// Whether one job of several is told to create a record (`CREATE_WINDOW`).
    tells: bool,
    /// `None` if creates are not remembered.
    memory: Option<Box<dyn CreateMemory>>,
    /// The destinations whose deliveries have been seen at the proxy.
    proxied: Cache<String, ()>,
}

impl Creates {
    /// Remembers each create for `CREATE_WINDOW`: in this process, and in the store that replicas share if there is one. With neither,
    /// nothing is remembered.
    pub(super) fn new(settings: &SalesforceSettings, shared_state: &SharedState) -> Self {
        let (window, timeout) = (settings.create_window, settings.timeout);
        let memory: Option<Box<dyn CreateMemory>> = if shared_state.is_configured() {
            Some(Box::new(Shared::new(window, timeout, shared_state.clone())))
        } else if window.is_zero() {
            None
        } else {
            Some(Box::new(InProcess::new(window)))
        };
        Self {
            tells: !window.is_zero(),
            memory,
            proxied: Cache::builder()
                .max_capacity(MAX_DESTINATIONS)
                .time_to_live(PROXIED_FOR)
                .build(),
        }
    }

    /// Records that a destination's deliveries come to the proxy, in the version that answers for each job.
    pub(crate) fn proxied(&self, destination: &str) {
        self.proxied.insert(destination.to_owned(), ());
    }

    /// Whether a destination's deliveries have come to the proxy within the last hour.
    #[must_use]
    pub(crate) fn is_proxied(&self, destination: &str) -> bool {
        self.proxied.contains_key(destination)
    }

    /// Decides for each key which of its jobs is told to create the record; `None` if another job has been told.
    /// The lookups that found no record began no earlier than `asked`.
    pub(crate) async fn tell(&self, asked: Instant, tellings: Vec<Telling>) -> Vec<Option<usize>> {
        match &self.memory {
            Some(memory) if self.tells && !tellings.is_empty() => {
                memory.tell(asked, tellings).await
            }
            Some(_) | None => vec![Some(0); tellings.len()],
        }
    }

    /// Whether another event that creates this record is under way.
    pub(crate) async fn is_under_way(&self, key: &CreateKey) -> bool {
        match &self.memory {
            Some(memory) => memory.is_under_way(key).await,
            None => false,
        }
    }

    /// Whether a lookup that finds a record may end what is remembered.
    pub(super) fn awaits_lookups(&self) -> bool {
        let memory = self.memory.as_ref();
        memory.is_some_and(|memory| memory.awaits_lookups())
    }

    /// Ends what is remembered of the keys whose records a lookup has found.
    pub(super) async fn found(&self, keys: Vec<CreateKey>) {
        if let Some(memory) = &self.memory {
            memory.found(keys).await;
        }
    }

    /// The memory in which the creates of one record take turns; `None` if creates are not remembered.
    #[must_use]
    pub(crate) fn memory(&self) -> Option<&dyn CreateMemory> {
        self.memory.as_deref()
    }
}
