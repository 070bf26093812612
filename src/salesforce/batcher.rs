//! Lookups shared across requests: what concurrent requests ask of one org, as one user, goes in one query, and a key that
//! is being asked for is not asked for again.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::Shared};
use tokio::sync::oneshot;

use crate::{
    lifecycle::panic_message,
    metrics::LookupSource,
    salesforce::{
        Salesforce,
        by_key::InOrderByKey,
        cache::Viewer,
        fault::Fault,
        key::Key,
        results::Found,
        session::Session,
        wanted::{Freshness, Wanted},
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
    gathering: Option<Gathering>,
    under_way: Vec<Arc<Flight>>,
    next: u64,
}

/// What is to be asked for, each key with its fields, and who is to be told.
#[derive(Debug)]
struct Gathering {
    flight: Flight,
    done: oneshot::Sender<Arc<Found>>,
}

/// Keys that are asked for together.
#[derive(Debug)]
struct Flight {
    number: u64,
    keys: InOrderByKey<Vec<String>>,
    found: Coming,
}

/// What is to be found.
type Coming = Shared<oneshot::Receiver<Arc<Found>>>;

/// Some keys, and the flight that brings their answers.
#[derive(Debug)]
struct Waiting {
    flight: u64,
    keys: Vec<Key>,
    found: Coming,
}

/// The keys of a caller that nobody else was asking for.
struct New {
    keys: usize,
    /// Whether they are the first to gather, for whom somebody has to ask.
    are_first: bool,
}

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
        let (waiting, new) = self.join(viewer, wanted);
        let shared = wanted.len() - new.keys;
        let metrics = salesforce.client.metrics();
        metrics.lookups(LookupSource::Shared, shared);
        if new.are_first {
            let (salesforce, session) = (Arc::clone(salesforce), Arc::clone(session));
            let viewer = viewer.clone();
            tokio::spawn(async move { salesforce.fly(&session, &viewer).await });
        }
        let mut found = Found::with_capacity(wanted.len());
        for waiting in waiting {
            waiting.land(&mut found).await;
        }
        found
    }

    /// Joins what gathers or is under way.
    fn join(&self, viewer: &Viewer, wanted: &[Wanted]) -> (Vec<Waiting>, New) {
        let mut viewers = self.viewers();
        let lookups = viewers.entry(viewer.clone()).or_default();
        let before = lookups.gathering();
        let mut waiting = Vec::new();
        for wanted in wanted {
            lookups.join(wanted, &mut waiting);
        }
        let keys = lookups.gathering() - before;
        let new = New {
            keys,
            are_first: before == 0 && keys > 0,
        };
        (waiting, new)
    }

    /// Takes what has gathered: from now on it is under way.
    fn take(&self, viewer: &Viewer) -> Option<(Arc<Flight>, oneshot::Sender<Arc<Found>>)> {
        let mut viewers = self.viewers();
        let lookups = viewers.get_mut(viewer)?;
        let Gathering { flight, done } = lookups.gathering.take()?;
        let flight = Arc::new(flight);
        lookups.under_way.push(Arc::clone(&flight));
        Some((flight, done))
    }

    /// Forgets a flight that has landed.
    fn landed(&self, viewer: &Viewer, flight: u64) {
        let mut viewers = self.viewers();
        if let Some(lookups) = viewers.get_mut(viewer) {
            lookups.under_way.retain(|known| known.number != flight);
            if lookups.under_way.is_empty() && lookups.gathering.is_none() {
                viewers.remove(viewer);
            }
        }
    }

    fn viewers(&self) -> MutexGuard<'_, HashMap<Viewer, Viewed>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewed {
    /// How many keys gather.
    fn gathering(&self) -> usize {
        let gathering = self.gathering.as_ref();
        gathering.map_or(0, |gathering| gathering.flight.keys.len())
    }

    /// Finds the flight that brings a key's answer, or lets the key gather for the next one.
    fn join(&mut self, wanted: &Wanted, waiting: &mut Vec<Waiting>) {
        let gathers = self.gathering.as_ref();
        let is_gathering = gathers.is_some_and(|next| next.flight.keys.contains_key(&wanted.key));
        let under_way = self.under_way.iter().find(|flight| flight.brings(wanted));
        let flight = match under_way.filter(|_| !is_gathering) {
            Some(flight) => flight,
            None => self.gather(wanted),
        };
        match waiting
            .iter_mut()
            .find(|known| known.flight == flight.number)
        {
            Some(known) => known.keys.push(wanted.key.clone()),
            None => waiting.push(Waiting {
                flight: flight.number,
                keys: vec![wanted.key.clone()],
                found: flight.found.clone(),
            }),
        }
    }

    /// Lets a key gather, with all fields that anybody wants of it.
    fn gather(&mut self, wanted: &Wanted) -> &Flight {
        let next = &mut self.next;
        let gathering = self.gathering.get_or_insert_with(|| {
            *next += 1;
            Gathering::new(*next)
        });
        let fields = gathering.flight.keys.entry(wanted.key.clone()).or_default();
        fields.extend(wanted.fields.iter().cloned());
        &gathering.flight
    }
}

impl Gathering {
    fn new(number: u64) -> Self {
        let (done, found) = oneshot::channel();
        let flight = Flight {
            number,
            keys: InOrderByKey::default(),
            found: found.shared(),
        };
        Self { flight, done }
    }
}

impl Flight {
    fn brings(&self, wanted: &Wanted) -> bool {
        let fields = self.keys.get(&wanted.key);
        fields.is_some_and(|read| wanted.fields.iter().all(|field| read.contains(field)))
    }

    fn wanted(&self) -> Vec<Wanted> {
        let wanted = |(key, fields): (&Key, &Vec<String>)| Wanted {
            key: key.clone(),
            fields: fields.clone(),
        };
        self.keys.iter().map(wanted).collect()
    }
}

impl Waiting {
    /// Waits for the answers.
    async fn land(self, found: &mut Found) {
        let landed = self.found.await;
        for key in &self.keys {
            if let Ok(landed) = &landed {
                found.set(key, landed.answer(key));
            } else {
                let lost = "the lookup ended without an answer".to_owned();
                found.fail(key, Fault::Unreadable(lost));
            }
        }
    }
}

impl Salesforce {
    /// Waits for the window, then asks for what has gathered: whoever can do with what is remembered has looked there before.
    async fn fly(self: Arc<Self>, session: &Arc<Session>, viewer: &Viewer) {
        // A sleep of no length still lasts until the timer's next millisecond.
        if !self.lookups.window.is_zero() {
            tokio::time::sleep(self.lookups.window).await;
        }
        let Some((flight, done)) = self.lookups.take(viewer) else {
            return;
        };
        let wanted = flight.wanted();
        let asked = AssertUnwindSafe(self.find(session, &wanted, Freshness::Fresh));
        match asked.catch_unwind().await {
            // Nobody waits where all callers have hung up.
            Ok(found) => drop(done.send(Arc::new(found))),
            // Whoever waits is told so once the sender is gone.
            Err(cause) => {
                let cause = panic_message(cause.as_ref());
                tracing::error!(cause, "a lookup panicked: please report this as a bug");
            }
        }
        self.lookups.landed(viewer, flight.number);
    }
}

#[cfg(test)]
mod tests;
