//! Gathers the units of all concurrent requests for one org, and hands them over together: one list at a time for each org,
//! so that no two writes of one record are ever under way at once.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::{delivery::Unit, salesforce::session::Instance};

/// How many units end a window early: what one call can write.
const MAX_GATHERED: usize = 1_000;

/// The units that wait, by org. An org is there as long as somebody serves it.
#[derive(Debug, Default)]
pub(super) struct Windows(Mutex<HashMap<Instance, Gathering>>);

#[derive(Debug)]
struct Gathering {
    units: Vec<Unit>,
    /// When the first of them came.
    since: Instant,
    full: Arc<Notify>,
}

impl Windows {
    /// Adds units, in order. Returns true where nobody serves the org yet: whoever asks is to call [`Windows::next`] until
    /// it returns nothing.
    pub(super) fn add(&self, org: &Instance, units: Vec<Unit>) -> bool {
        match self.orgs().entry(org.clone()) {
            Entry::Occupied(mut gathering) => {
                gathering.get_mut().add(units);
                false
            }
            Entry::Vacant(free) => {
                free.insert(Gathering::default()).add(units);
                true
            }
        }
    }

    /// Waits until the window of an org closes, and takes what has gathered. `None` where nothing has: the org is no longer
    /// served.
    pub(super) async fn next(&self, org: &Instance, window: Duration) -> Option<Vec<Unit>> {
        let (closes, full) = {
            let mut orgs = self.orgs();
            match orgs.get(org) {
                Some(gathering) if !gathering.units.is_empty() => {
                    (gathering.since + window, Arc::clone(&gathering.full))
                }
                Some(_) | None => {
                    orgs.remove(org);
                    return None;
                }
            }
        };
        // Either way the window is closed.
        let _ = timeout_at(closes, full.notified()).await;
        let mut orgs = self.orgs();
        orgs.get_mut(org)
            .map(|gathering| std::mem::take(&mut gathering.units))
    }

    fn orgs(&self) -> MutexGuard<'_, HashMap<Instance, Gathering>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Gathering {
    fn default() -> Self {
        Self {
            units: Vec::new(),
            since: Instant::now(),
            full: Arc::default(),
        }
    }
}

impl Gathering {
    fn add(&mut self, units: Vec<Unit>) {
        if self.units.is_empty() {
            self.since = Instant::now();
        }
        self.units.extend(units);
        if self.units.len() >= MAX_GATHERED {
            self.full.notify_one();
        }
    }
}
