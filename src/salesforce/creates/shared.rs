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
//! | module | what it is for |
//! |---|---|
//! | `leases` | leases are asked for, renewed and ended |
//! | `telling` | one of several jobs is told to create a record |
//! | `entries` | the entries in the store, and the scripts that read and write them (`*.lua`) |
//! | `marks` | whether the store has lost entries |
//!
//! [`Held::may_write`]: super::held::Held::may_write

mod entries;
mod leases;
mod marks;
mod telling;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};

use self::{
    entries::{Entries, FORGET, Step},
    marks::Marks,
};
use super::{
    in_process::{InProcess, MIN_REST},
    memory::{
        Busy, CreateKey, CreateMemory, CreatedRecord, Ended, Ending, Lease, Telling, Turn, Wish,
    },
};
use crate::{
    salesforce::session::Instance,
    shared_state::{Arg, KeyedHash, SharedState},
};

/// How long after a lease was asked for a write may start under it.
pub(super) const START_WITHIN: Duration = Duration::from_secs(10);

/// By how much a lookup counts as older than it is: the store learns of it somewhat later.
const DELAY: Duration = Duration::from_secs(5);

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
            process: KeyedHash::random().digest([]).short(),
            last: AtomicU64::default(),
        }
    }

    fn token(&self) -> Arc<str> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}.{number}", self.process).into()
    }

    /// Forgets a record for all processes. The caller asks for its turn next, so the answer is waited for.
    async fn forget_one(&self, key: &CreateKey, gone: &CreatedRecord) {
        self.local.forget(key, gone).await;
        let id = Arg::from(gone.id.as_str());
        let step = Step::new(&FORGET, Vec::new(), [(key, Some(id))]);
        self.entries.run(&key.org(), &step).await;
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
