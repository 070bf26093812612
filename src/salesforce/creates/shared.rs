//! The memory of creates under way that replicas share.
//!
//! Callers of one process take turns in its own memory. Whoever has the turn there asks the store, which decides between processes.
//! So one caller of a process asks at a time, and while the store is away, the process goes on by itself.
//!
//! Why a record is created once, as long as the store is there and keeps its entries:
//!
//! - A write starts only under a lease, at most [`START_WITHIN`] after it was asked for ([`Held::may_write`]), and has its own timeout.
//!   The lease lasts for both, so it outlives the write. Before a later write it is renewed; if another caller has taken it over,
//!   nothing is sent. All times that replicas compare are the store's; this process measures only how long something takes.
//! - The lease becomes the id of the record in one step. A caller whose lookup began before that therefore sees the lease or the id,
//!   unless its lookup is older than the id is kept: then it has to look up again ([`MIN_REST`]). A lookup that began later finds
//!   the record itself, and if it does not, the id no longer counts.
//! - A lease that ends without a result leaves a trace for at least as long: whoever comes next looks the record up under a lease of
//!   its own. So does everybody for the length of a lease after the store has lost its entries or a replica was on its own.
//!
//! What this does not cover: a write that Salesforce carries out after its timeout, or that is in flight while the store loses its
//! entries, may be missed by the lookup of the next caller; so may one of a process that is stopped between its check and the first
//! byte, for longer than a lease. Salesforce has no way to refuse them.
//!
//! [`Held::may_write`]: super::held::Held::may_write

mod entries;
mod marks;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::time::sleep;

use self::{
    entries::{BEGIN, END, Entries, FORGET, FOUND, Granted, RENEW, Step, TELL, ending},
    marks::Marks,
};
use super::{
    in_process::{InProcess, MIN_REST},
    memory::{
        Busy, CreateKey, CreateMemory, CreatedRecord, Ended, Ending, Lease, SharedLease, Telling,
        Turn, Wish,
    },
};
use crate::{
    salesforce::session::Instance,
    shared_state::{Arg, SharedState},
};

/// How long after a lease was asked for a write may start under it.
pub(super) const START_WITHIN: Duration = Duration::from_secs(10);

/// By how much a lookup counts as older than it is: the store learns of it somewhat later.
const DELAY: Duration = Duration::from_secs(5);

/// The first and the longest pause before it is asked again whether another process still creates a record.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));

/// The memory of creates under way in this process and, through the store, in the others.
#[derive(Debug)]
pub(super) struct Shared {
    local: InProcess,
    entries: Entries,
    marks: Marks,
    window: Duration,
    /// How long ends are remembered.
    rest: Duration,
    /// Tells the leases of this process from those of others.
    process: u64,
    last: AtomicU64,
}

impl Shared {
    /// Remembers each create for `window`, together with the replicas that have the same store. Writes to Salesforce take at most
    /// `timeout`, unless their callers say otherwise.
    pub(super) fn new(window: Duration, timeout: Duration, state: SharedState) -> Self {
        Self {
            local: InProcess::new(window),
            entries: Entries(state),
            marks: Marks::default(),
            window,
            rest: window.max(timeout).max(MIN_REST),
            process: fastrand::u64(..),
            last: AtomicU64::default(),
        }
    }

    fn token(&self) -> Arc<str> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}.{number}", self.process).into()
    }

    async fn begin_all(&self, wishes: Vec<Wish>, timeout: Duration) -> Vec<Result<Turn, Busy>> {
        let turns = self.local.begin(wishes.clone(), timeout).await;
        let mut decided: Vec<Option<Result<Turn, Busy>>> = Vec::with_capacity(turns.len());
        let mut begun = Vec::new();
        for (place, turn) in turns.into_iter().enumerate() {
            decided.push(match turn {
                Ok(Turn::Begun {
                    lease,
                    must_look_up,
                }) => {
                    begun.push((place, lease, must_look_up));
                    None
                }
                turn @ (Ok(Turn::Created(_)) | Err(_)) => Some(turn),
            });
        }
        for (org, begun) in by_org(begun, |(place, _, _)| wishes[*place].key.org()) {
            let asked = Instant::now();
            let mut shared = SharedLease {
                token: self.token(),
                timeout,
                starts_until: None,
            };
            let wished = begun.iter().map(|(place, _, _)| &wishes[*place]);
            let answers = self.grants(&org, &shared, wished).await;
            if answers.is_some() {
                shared.starts_until = Some(asked + START_WITHIN);
            }
            let mut answers = answers.into_iter().flatten();
            for (place, mut lease, must_look_up) in begun {
                lease.shared = Some(shared.clone());
                let key = wishes[place].key.clone();
                let turn = self.turn(key, lease, must_look_up, answers.next());
                decided[place] = Some(turn.await);
            }
        }
        decided.into_iter().flatten().collect()
    }

    /// What the store answers to whoever has the turn in this process; `None` if it is away.
    async fn grants<'w>(
        &self,
        org: &Instance,
        lease: &SharedLease,
        wishes: impl Iterator<Item = &'w Wish>,
    ) -> Option<Vec<Granted>> {
        let mark = self.marks.of(org);
        let head = vec![
            Arg::from(mark.epoch.as_deref().unwrap_or("-")),
            Arg::from(&*lease.token),
            Arg::from(i64::from(mark.is_alone)),
            Arg::from(&*lease.token),
            Arg::from(lease.length()),
            Arg::from(self.rest),
        ];
        let age = |wish: &Wish| {
            wish.looked_up.map_or(Arg::from(-1_i64), |asked| {
                Arg::from(asked.elapsed() + DELAY)
            })
        };
        let entries = wishes.map(|wish| (&wish.key, Some(age(wish))));
        let step = Step::new(&BEGIN, head, entries);
        let answered = self.entries.run_marked(org, &step).await;
        let granted = answered.and_then(|(epoch, answers)| {
            let answers = answers.iter().map(|answer| Granted::read(answer));
            Some((epoch, answers.collect::<Option<Vec<_>>>()?))
        });
        if let Some((epoch, granted)) = granted {
            self.marks.is_shared(org, epoch);
            return Some(granted);
        }
        self.marks.is_alone(org);
        None
    }

    /// The turn of a caller who holds the lease in this process, by the answer of the store.
    async fn turn(
        &self,
        key: CreateKey,
        lease: Lease,
        must_look_up: bool,
        granted: Option<Granted>,
    ) -> Result<Turn, Busy> {
        let must_look_up = match granted {
            None | Some(Granted::Begun) => must_look_up,
            Some(Granted::Unsure) => true,
            Some(Granted::Busy) => {
                self.local.give_back(&key, lease);
                return Err(self.ends(key));
            }
            Some(Granted::Created(record)) => {
                let ending = Ending::Created(record.clone());
                self.local.end(vec![Ended { key, lease, ending }]).await;
                return Ok(Turn::Created(record));
            }
        };
        Ok(Turn::Begun {
            lease,
            must_look_up,
        })
    }

    /// Waits until another process no longer creates a record, or the store is away.
    fn ends(&self, key: CreateKey) -> Busy {
        let entries = self.entries.clone();
        let ends = async move {
            let mut pause = PAUSES.0;
            loop {
                sleep(pause).await;
                if entries.state_of(&key).await.as_deref() != Some("H") {
                    return;
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        };
        ends.boxed()
    }

    async fn renew_all(&self, leases: Vec<(&CreateKey, &mut Lease)>) -> bool {
        let now = Instant::now();
        let mut shared = Vec::new();
        for (key, lease) in leases {
            // One of which the store does not know is not lost.
            let lease = lease.shared.as_mut();
            if let Some(lease) = lease.filter(|lease| lease.starts_until.is_some()) {
                shared.push((key, lease));
            }
        }
        for (org, leases) in by_org(shared, |(key, _)| key.org()) {
            let longest = leases.iter().map(|(_, lease)| lease.length()).max();
            let head = vec![Arg::from(longest.unwrap_or_default()), Arg::from(self.rest)];
            let tokens = leases
                .iter()
                .map(|(key, lease)| (*key, Some(Arg::from(&*lease.token))));
            let step = Step::new(&RENEW, head, tokens);
            let answers = self.entries.run(&org, &step).await;
            let are_ours = |answers: Vec<String>| answers.iter().all(|answer| answer == "1");
            if !answers.is_some_and(are_ours) {
                return false;
            }
            for (_, lease) in leases {
                lease.starts_until = Some(now + START_WITHIN);
            }
        }
        true
    }

    /// Ends creates for the other processes first, because whoever waits in this one asks them next. While the store is away, its
    /// leases expire by themselves.
    async fn end_all(&self, ended: Vec<Ended>) {
        let all = by_org(ended.iter().collect(), |ended: &&Ended| ended.key.org());
        let ends = all.iter().map(|(org, ended)| async move {
            let entries = ended.iter().map(|ended| (&ended.key, Some(ending(ended))));
            let step = Step::new(&END, vec![Arg::from(self.rest)], entries);
            self.entries.run(org, &step).await
        });
        join_all(ends).await;
        self.local.end(ended).await;
    }

    async fn tell_all(&self, asked: Instant, tellings: Vec<Telling>) -> Vec<Option<usize>> {
        let mut told = self.local.tell(asked, tellings.clone()).await;
        // Another process may have told a job that this one does not know.
        let are_told = self.local.are_told(tellings.iter().map(|it| &it.key));
        let is_open = |place: &usize| told[*place].is_some() || are_told[*place];
        let ours = (0..tellings.len()).filter(is_open).collect();
        for (org, places) in by_org(ours, |place: &usize| tellings[*place].key.org()) {
            let head = vec![Arg::from(self.window), Arg::from(asked.elapsed() + DELAY)];
            let entries = places.iter().map(|place| {
                let telling = &tellings[*place];
                (&telling.key, self.entries.jobs(telling))
            });
            let step = Step::new(&TELL, head, entries);
            let answers = self.entries.run(&org, &step).await;
            for (place, answer) in places.into_iter().zip(answers.into_iter().flatten()) {
                if let Some(answer) = entries::told(&answer) {
                    told[place] = self.agree(&tellings[place], told[place], answer);
                }
            }
        }
        told
    }

    /// Agrees with the other processes about the job that is told to create a record.
    fn agree(
        &self,
        telling: &Telling,
        ours: Option<usize>,
        (told, left): (Option<usize>, Duration),
    ) -> Option<usize> {
        if told != ours {
            let job = told.and_then(|place| telling.jobs.get(place).cloned().flatten());
            self.local.was_told(telling.key.clone(), job, left);
        }
        told
    }

    async fn found_all(&self, keys: Vec<CreateKey>) {
        let are_told = self.local.are_told(keys.iter());
        let told = keys.iter().zip(are_told).filter(|(_, is_told)| *is_told);
        let told: Vec<CreateKey> = told.map(|(key, _)| key.clone()).collect();
        self.local.found(keys).await;
        for (org, keys) in by_org(told, CreateKey::org) {
            let step = Step::new(&FOUND, Vec::new(), keys.iter().map(|key| (key, None)));
            self.entries.tell(&org, &step);
        }
    }

    /// Forgets a record for all processes. The caller asks for its turn next, so the answer is waited for.
    async fn forget_one(&self, key: &CreateKey, gone: &CreatedRecord) {
        self.local.forget(key, gone).await;
        let id = Arg::from(gone.id.as_str());
        let step = Step::new(&FORGET, Vec::new(), [(key, Some(id))]);
        self.entries.run(&key.org(), &step).await;
    }
}

impl SharedLease {
    /// How long the lease lasts.
    fn length(&self) -> Duration {
        self.timeout.saturating_add(START_WITHIN)
    }
}

impl CreateMemory for Shared {
    fn tell(&self, asked: Instant, tellings: Vec<Telling>) -> BoxFuture<'_, Vec<Option<usize>>> {
        self.tell_all(asked, tellings).boxed()
    }

    fn is_under_way<'m>(&'m self, key: &'m CreateKey) -> BoxFuture<'m, bool> {
        let is_under_way = async move {
            let state = self.entries.state_of(key);
            self.local.is_under_way(key).await
                || matches!(state.await.as_deref(), Some("T" | "H" | "C"))
        };
        is_under_way.boxed()
    }

    fn awaits_lookups(&self) -> bool {
        self.local.awaits_lookups()
    }

    fn found(&self, keys: Vec<CreateKey>) -> BoxFuture<'_, ()> {
        self.found_all(keys).boxed()
    }

    fn begin(
        &self,
        wishes: Vec<Wish>,
        timeout: Duration,
    ) -> BoxFuture<'_, Vec<Result<Turn, Busy>>> {
        self.begin_all(wishes, timeout).boxed()
    }

    fn renew<'m>(&'m self, leases: Vec<(&'m CreateKey, &'m mut Lease)>) -> BoxFuture<'m, bool> {
        self.renew_all(leases).boxed()
    }

    fn end(&self, ended: Vec<Ended>) -> BoxFuture<'_, ()> {
        self.end_all(ended).boxed()
    }

    fn forget<'m>(&'m self, key: &'m CreateKey, gone: &'m CreatedRecord) -> BoxFuture<'m, ()> {
        self.forget_one(key, gone).boxed()
    }
}

/// Items by the orgs of their records, because the entries of two orgs may be on two servers of a cluster.
fn by_org<T>(items: Vec<T>, org_of: impl Fn(&T) -> Instance) -> Vec<(Instance, Vec<T>)> {
    let mut orgs: Vec<(Instance, Vec<T>)> = Vec::new();
    for item in items {
        let org = org_of(&item);
        match orgs.iter_mut().rfind(|(known, _)| *known == org) {
            Some((_, of_org)) => of_org.push(item),
            None => orgs.push((org, vec![item])),
        }
    }
    orgs
}

#[cfg(test)]
mod tests;
