//! Single flight of lookups: a key that is being asked for is not asked for again, and what concurrent requests ask of one
//! org, as one user, goes in one query.
//!
//! The table of keys under way is ours and not a cache of moka's: one lookup brings many keys, goes on where its caller hangs
//! up, and answers a key only where it reads all fields that are wanted.

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

/// The lookups that gather or are under way, by user of an org.
#[derive(Debug)]
pub(super) struct SingleFlight(Batcher<OrgUser, UserLookups>);

/// The lookups of one user.
#[derive(Debug, Default)]
struct UserLookups {
    gathering: Option<(Lookup, oneshot::Sender<Arc<Found>>)>,
    under_way: Vec<Arc<Lookup>>,
    next: u64,
}

/// Keys that are asked for together, each with its fields.
#[derive(Debug)]
struct Lookup {
    number: u64,
    keys: InOrderByKey<Vec<String>>,
    found: PendingFound,
}

/// What is to be found.
type PendingFound = Shared<oneshot::Receiver<Arc<Found>>>;

/// Some keys, and the lookup that brings their answers.
#[derive(Debug)]
struct Waiting {
    lookup: u64,
    keys: Vec<Key>,
    found: PendingFound,
}

/// What a caller waits for.
struct Joined {
    waiting: Vec<Waiting>,
    /// How many of its keys nobody else was asking for.
    new_keys: usize,
    /// Whether somebody has to ask for what gathers.
    needs_task: bool,
}

impl SingleFlight {
    /// Lets lookups gather for so long.
    pub(super) fn new(window: Duration) -> Self {
        Self(Batcher::new(window))
    }

    /// Asks for keys together with others. The lookup goes on where a caller hangs up: others wait for it too.
    pub(super) async fn find(
        &self,
        salesforce: &Arc<Salesforce>,
        session: &Arc<Session>,
        user: &OrgUser,
        wanted: &[Wanted],
    ) -> Found {
        if wanted.is_empty() {
            return Found::default();
        }
        let joined = self.join(user, wanted);
        let shared = wanted.len() - joined.new_keys;
        salesforce.metrics().lookups(LookupSource::Shared, shared);
        if joined.needs_task {
            let (salesforce, session) = (Arc::clone(salesforce), Arc::clone(session));
            let user = user.clone();
            tokio::spawn(async move { salesforce.ask_gathered(&session, &user).await });
        }
        let mut found = Found::with_capacity(wanted.len());
        for waiting in joined.waiting {
            waiting.wait(&mut found).await;
        }
        found
    }

    /// Joins what gathers or is under way.
    fn join(&self, user: &OrgUser, wanted: &[Wanted]) -> Joined {
        let mut waiting = Vec::new();
        let (new_keys, needs_task) = self.0.update(user, |lookups| {
            let before = lookups.gathered();
            for wanted in wanted {
                lookups.join(wanted, &mut waiting);
            }
            lookups.gathered() - before
        });
        Joined {
            waiting,
            new_keys,
            needs_task,
        }
    }

    /// Forgets a lookup that has ended.
    fn ended(&self, user: &OrgUser, lookup: u64) {
        self.0.update(user, |lookups| {
            lookups.under_way.retain(|known| known.number != lookup);
        });
    }
}

impl Gather for UserLookups {
    type Batch = Option<(Arc<Lookup>, oneshot::Sender<Arc<Found>>)>;
    /// A lookup is made of as many queries as its keys need.
    const MAX_ITEMS: usize = usize::MAX;
    const IS_SERIAL: bool = false;

    fn gathered(&self) -> usize {
        let gathering = self.gathering.as_ref();
        gathering.map_or(0, |(lookup, _)| lookup.keys.len())
    }

    /// From now on it is under way.
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
    /// Finds the lookup that brings a key's answer, or lets the key gather for the next one.
    fn join(&mut self, wanted: &Wanted, waiting: &mut Vec<Waiting>) {
        let gathers = self.gathering.as_ref();
        let is_gathering = gathers.is_some_and(|(next, _)| next.keys.contains_key(&wanted.key));
        let under_way = self.under_way.iter().find(|lookup| lookup.brings(wanted));
        let lookup = match under_way.filter(|_| !is_gathering) {
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

    /// Lets a key gather, with all fields that anybody wants of it.
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
    /// Waits for the window, then asks for what has gathered. The callers have looked into the cache before.
    async fn ask_gathered(self: Arc<Self>, session: &Arc<Session>, user: &OrgUser) {
        let Some((lookup, done)) = self.lookups.0.next(user).await.flatten() else {
            return;
        };
        let asked = AssertUnwindSafe(self.find(session, user, lookup.wanted()));
        match asked.catch_unwind().await {
            // Nobody waits where all callers have hung up.
            Ok(found) => drop(done.send(Arc::new(found))),
            // Whoever waits is told so once the sender is gone.
            Err(cause) => {
                let cause = panic_message(cause.as_ref());
                tracing::error!(cause, "a lookup panicked: please report this as a bug");
            }
        }
        self.lookups.ended(user, lookup.number);
    }
}

#[cfg(test)]
mod tests;
