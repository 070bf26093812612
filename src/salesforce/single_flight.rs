//! Single flight for lookups: a key that is already being looked up is not requested again, and the keys that
//! concurrent requests need from one org, as one user, share a query.
//!
//! The table of pending keys is not a moka cache for three reasons: one lookup returns many keys, it continues when its
//! caller disconnects, and it answers a key only if it reads all the fields that are needed.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::Shared};
use tokio::sync::oneshot;

use crate::{
    lifecycle::panic_message,
    metrics::LookupSource,
    salesforce::{
        Salesforce,
        batcher::{Batcher, Gather},
        by_key::InOrderByKey,
        cache::OrgUser,
        fault::Fault,
        key::Key,
        results::Found,
        session::Session,
        soql::Wanted,
    },
};

/// The lookups that are gathering keys or in progress, by the session of an org.
#[derive(Debug)]
pub(super) struct SingleFlight(Batcher<OrgUser, UserLookups>);

/// The lookups of one user.
#[derive(Debug, Default)]
struct UserLookups {
    gathering: Option<(Lookup, oneshot::Sender<Arc<Found>>)>,
    under_way: Vec<Arc<Lookup>>,
    next: u64,
}

/// Keys that are looked up together, each with its fields.
#[derive(Debug)]
struct Lookup {
    number: u64,
    keys: InOrderByKey<Vec<String>>,
    found: PendingFound,
}

/// A pending result.
type PendingFound = Shared<oneshot::Receiver<Arc<Found>>>;

/// Keys, and the lookup that will answer them.
#[derive(Debug)]
struct Waiting {
    lookup: u64,
    keys: Vec<Key>,
    found: PendingFound,
}

/// The lookups that a caller waits for.
struct Joined {
    waiting: Vec<Waiting>,
    /// The number of its keys that no other caller had requested.
    new_keys: usize,
    /// Whether a task has to be started for the gathered keys.
    needs_task: bool,
}

impl SingleFlight {
    /// Creates the table with this window for gathering keys.
    pub(super) fn new(window: Duration) -> Self {
        Self(Batcher::new(window))
    }

    /// Looks up keys for a user together with those of concurrent requests with the same session. The lookup continues if a caller
    /// disconnects, because others wait for it too. If it `must_be_new`, it does not join one that has already been sent.
    pub(super) async fn find(
        &self,
        salesforce: &Arc<Salesforce>,
        session: &Arc<Session>,
        user: &OrgUser,
        wanted: &[Wanted],
        must_be_new: bool,
    ) -> Found {
        if wanted.is_empty() {
            return Found::default();
        }
        let of_session = salesforce.session_user(session);
        let joined = self.join(&of_session, wanted, must_be_new);
        let shared = wanted.len() - joined.new_keys;
        salesforce.metrics().lookups(LookupSource::Shared, shared);
        if joined.needs_task {
            let (salesforce, session) = (Arc::clone(salesforce), Arc::clone(session));
            let user = user.clone();
            tokio::spawn(async move {
                let lookup = salesforce.ask_gathered(&session, &of_session, &user);
                lookup.await;
            });
        }
        let mut found = Found::with_capacity(wanted.len());
        for waiting in joined.waiting {
            waiting.wait(&mut found).await;
        }
        found
    }

    /// Joins lookups that are gathering, or in progress unless the lookup `must_be_new`.
    fn join(&self, user: &OrgUser, wanted: &[Wanted], must_be_new: bool) -> Joined {
        let mut waiting = Vec::new();
        let (new_keys, needs_task) = self.0.update(user, |lookups| {
            let before = lookups.gathered();
            for wanted in wanted {
                lookups.join(wanted, must_be_new, &mut waiting);
            }
            lookups.gathered() - before
        });
        Joined {
            waiting,
            new_keys,
            needs_task,
        }
    }

    /// Removes a finished lookup.
    fn ended(&self, user: &OrgUser, lookup: u64) {
        self.0.update(user, |lookups| {
            lookups.under_way.retain(|known| known.number != lookup);
        });
    }
}

impl Gather for UserLookups {
    type Batch = Option<(Arc<Lookup>, oneshot::Sender<Arc<Found>>)>;
    /// There is no limit: a lookup consists of as many queries as its keys need.
    const MAX_ITEMS: usize = usize::MAX;
    const IS_SERIAL: bool = false;

    fn gathered(&self) -> usize {
        let gathering = self.gathering.as_ref();
        gathering.map_or(0, |(lookup, _)| lookup.keys.len())
    }

    /// From here on, the lookup is in progress.
    fn take(&mut self) -> Self::Batch {
        let (lookup, done) = self.gathering.take()?;
        let lookup = Arc::new(lookup);
        self.under_way.push(Arc::clone(&lookup));
        Some((lookup, done))
    }

    fn is_idle(&self) -> bool {
        self.gathering.is_none() && self.under_way.is_empty()
    }
}

impl UserLookups {
    /// Finds the lookup that will answer a key, or adds the key to the next one.
    fn join(&mut self, wanted: &Wanted, must_be_new: bool, waiting: &mut Vec<Waiting>) {
        let gathers = self.gathering.as_ref();
        let is_gathering = gathers.is_some_and(|(next, _)| next.keys.contains_key(&wanted.key));
        let under_way = self.under_way.iter().find(|lookup| lookup.brings(wanted));
        let lookup = match under_way.filter(|_| !is_gathering && !must_be_new) {
            Some(lookup) => lookup,
            None => self.gather(wanted),
        };
        match waiting
            .iter_mut()
            .find(|known| known.lookup == lookup.number)
        {
            Some(known) => known.keys.push(wanted.key.clone()),
            None => waiting.push(Waiting {
                lookup: lookup.number,
                keys: vec![wanted.key.clone()],
                found: lookup.found.clone(),
            }),
        }
    }

    /// Adds a key to the next lookup, with the fields that all of its callers need.
    fn gather(&mut self, wanted: &Wanted) -> &Lookup {
        let next = &mut self.next;
        let (lookup, _) = self.gathering.get_or_insert_with(|| {
            *next += 1;
            Lookup::new(*next)
        });
        let fields = lookup.keys.entry(wanted.key.clone()).or_default();
        fields.extend(wanted.fields.iter().cloned());
        lookup
    }
}

impl Lookup {
    fn new(number: u64) -> (Self, oneshot::Sender<Arc<Found>>) {
        let (done, found) = oneshot::channel();
        let lookup = Self {
            number,
            keys: InOrderByKey::default(),
            found: found.shared(),
        };
        (lookup, done)
    }

    fn brings(&self, wanted: &Wanted) -> bool {
        let fields = self.keys.get(&wanted.key);
        fields.is_some_and(|read| wanted.fields.iter().all(|field| read.contains(field)))
    }

    fn wanted(&self) -> Vec<Wanted> {
        let wanted = |(key, fields): (&Key, &Vec<String>)| Wanted {
            key: key.clone(),
            fields: fields.clone(),
            needs_record: true,
        };
        self.keys.iter().map(wanted).collect()
    }
}

impl Waiting {
    /// Waits for the answers.
    async fn wait(self, found: &mut Found) {
        let answers = self.found.await;
        for key in &self.keys {
            if let Ok(answers) = &answers {
                found.set(key, answers.answer(key));
            } else {
                let lost = "the lookup ended without an answer".to_owned();
                found.fail(key, Fault::Unreadable(lost));
            }
        }
    }
}

impl Salesforce {
    /// The user of a session as far as the session alone tells, so that whoever shares a lookup has the same session.
    fn session_user(&self, session: &Session) -> OrgUser {
        OrgUser {
            org: session.instance().clone(),
            user: session.fingerprint(self.identities),
        }
    }

    /// Waits for the window to close, then looks up the gathered keys. The callers have checked the cache before.
    async fn ask_gathered(
        self: Arc<Self>,
        session: &Arc<Session>,
        of_session: &OrgUser,
        user: &OrgUser,
    ) {
        let gathered = self.lookups.0.next(of_session).await;
        let Some((lookup, done)) = gathered.flatten() else {
            return;
        };
        let asked = AssertUnwindSafe(self.find(session, user, lookup.wanted()));
        match asked.catch_unwind().await {
            // Sending fails only if all callers have disconnected, and then nobody needs the result.
            Ok(found) => drop(done.send(Arc::new(found))),
            // The waiting callers notice when the sender is dropped.
            Err(cause) => {
                let cause = panic_message(cause.as_ref());
                tracing::error!(cause, "a lookup panicked: please report this as a bug");
            }
        }
        self.lookups.ended(of_session, lookup.number);
    }
}

#[cfg(test)]
mod tests;
