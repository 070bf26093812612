//! Lookups shared across requests: what concurrent requests ask of one org, as one user, goes in one query, and a key that
//! is being asked for is not asked for again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Shared, join_all},
};
use indexmap::IndexMap;
use tokio::sync::oneshot;

use crate::{
    metrics::LookupSource,
    salesforce::{
        Salesforce,
        fault::Fault,
        found::{Answer, Found},
        lookup::{Freshness, Wanted},
        remembered::Viewer,
        session::Session,
    },
};

/// The lookups that gather or are under way, by user of an org. A user is there as long as something is.
#[derive(Debug)]
pub(super) struct Lookups {
    window: Duration,
    viewers: Mutex<HashMap<Viewer, Viewed>>,
}

#[derive(Debug, Default)]
struct Viewed {
    gathering: IndexMap<String, Gathered>,
    /// What each query under way asks for, with the answers to come.
    flights: Vec<(u64, HashMap<String, Flying>)>,
    next_flight: u64,
}

#[derive(Debug)]
struct Gathered {
    wanted: Wanted,
    done: oneshot::Sender<Answer>,
    answer: Coming,
}

#[derive(Debug)]
struct Flying {
    fields: Vec<String>,
    answer: Coming,
}

/// The keys of a caller that nobody else was asking for.
struct New {
    keys: usize,
    /// Whether they are the first to gather, for whom somebody has to ask.
    are_first: bool,
}

/// An answer to come.
type Coming = Shared<oneshot::Receiver<Answer>>;

impl Lookups {
    /// Lets lookups gather for so long.
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            viewers: Mutex::default(),
        }
    }

    /// Asks for keys together with others. The lookup goes on where a caller hangs up: others wait for it too.
    pub(super) async fn find(
        &self,
        salesforce: &Arc<Salesforce>,
        session: &Arc<Session>,
        viewer: &Viewer,
        wanted: &[Wanted],
    ) -> Found {
        // Nobody would come to clear away the state of a user whom nothing is asked for.
        if wanted.is_empty() {
            return Found::default();
        }
        let (answers, new) = self.join(viewer, wanted);
        let shared = wanted.len() - new.keys;
        let metrics = salesforce.client.metrics();
        metrics.lookups(LookupSource::Shared, shared);
        if new.are_first {
            let (salesforce, session) = (Arc::clone(salesforce), Arc::clone(session));
            let viewer = viewer.clone();
            tokio::spawn(async move { salesforce.fly(&session, &viewer).await });
        }
        let mut found = Found::default();
        for (wanted, answer) in wanted.iter().zip(join_all(answers).await) {
            let lost = |_| {
                Err(Arc::new(Fault::Unreadable(
                    "the lookup ended without an answer".to_owned(),
                )))
            };
            found.set(&wanted.key, answer.unwrap_or_else(lost));
        }
        found
    }

    /// Joins what gathers or is under way.
    fn join(&self, viewer: &Viewer, wanted: &[Wanted]) -> (Vec<Coming>, New) {
        let mut viewers = self.viewers();
        let lookups = viewers.entry(viewer.clone()).or_default();
        let before = lookups.gathering.len();
        let answers = wanted.iter().map(|wanted| lookups.join(wanted)).collect();
        let keys = lookups.gathering.len() - before;
        let new = New {
            keys,
            are_first: before == 0 && keys > 0,
        };
        (answers, new)
    }

    /// Takes what has gathered: from now on it is under way.
    fn take(&self, viewer: &Viewer) -> (u64, Vec<Gathered>) {
        let mut viewers = self.viewers();
        let lookups = viewers.entry(viewer.clone()).or_default();
        let gathered = std::mem::take(&mut lookups.gathering);
        let flying = gathered.iter().map(|(key, gathered)| {
            let flying = Flying {
                fields: gathered.wanted.fields.clone(),
                answer: gathered.answer.clone(),
            };
            (key.clone(), flying)
        });
        let flight = lookups.next_flight;
        lookups.flights.push((flight, flying.collect()));
        lookups.next_flight += 1;
        (flight, gathered.into_values().collect())
    }

    /// Forgets a query that has been answered.
    fn landed(&self, viewer: &Viewer, flight: u64) {
        let mut viewers = self.viewers();
        if let Some(lookups) = viewers.get_mut(viewer) {
            lookups.flights.retain(|(number, _)| *number != flight);
            if lookups.flights.is_empty() && lookups.gathering.is_empty() {
                viewers.remove(viewer);
            }
        }
    }

    fn viewers(&self) -> MutexGuard<'_, HashMap<Viewer, Viewed>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewed {
    fn join(&mut self, wanted: &Wanted) -> Coming {
        let key = wanted.key.folded();
        if let Some(gathered) = self.gathering.get_mut(key) {
            gathered.wanted.fields.extend(wanted.fields.iter().cloned());
            return gathered.answer.clone();
        }
        let flying = self.flights.iter().find_map(|(_, flight)| {
            let flying = flight.get(key)?;
            let reads = |field| flying.fields.contains(field);
            wanted.fields.iter().all(reads).then_some(flying)
        });
        if let Some(flying) = flying {
            return flying.answer.clone();
        }
        let (done, answer) = oneshot::channel();
        let answer = answer.shared();
        let gathered = Gathered {
            wanted: wanted.clone(),
            done,
            answer: answer.clone(),
        };
        self.gathering.insert(key.to_owned(), gathered);
        answer
    }
}

impl Salesforce {
    /// Waits for the window, then asks for what has gathered.
    async fn fly(self: Arc<Self>, session: &Arc<Session>, viewer: &Viewer) {
        // A sleep of no length still lasts until the timer's next millisecond.
        if !self.lookups.window.is_zero() {
            tokio::time::sleep(self.lookups.window).await;
        }
        let (flight, gathered) = self.lookups.take(viewer);
        let (salesforce, session) = (Arc::clone(&self), Arc::clone(session));
        let asked = tokio::spawn(async move {
            let wanted: Vec<Wanted> = gathered
                .iter()
                .map(|gathered| gathered.wanted.clone())
                .collect();
            let found = salesforce.find(&session, &wanted, Freshness::Known).await;
            for gathered in gathered {
                // Nobody waits where all callers have hung up.
                let _ = gathered.done.send(found.answer(&gathered.wanted.key));
            }
        });
        if let Err(panicked) = asked.await {
            tracing::error!(%panicked, "a lookup panicked: please report this as a bug");
        }
        self.lookups.landed(viewer, flight);
    }
}

#[cfg(test)]
mod tests;
