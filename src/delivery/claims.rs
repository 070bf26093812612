//! Claims of parts of jobs in the store that replicas share, so that only one replica writes a part, and those that were written, so that
//! none writes it again.
//!
//! A claim is extended for as long as its part is being written. If its process has ended, the claim lasts until no call that the process
//! may have begun is still at work; then another replica takes the part over.

use std::{
    mem,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::written::PartId;
use crate::{
    salesforce::session::Instance,
    shared_state::{
        Answer, Arg, Call, EntryKind, EntryName, KeyedHash, Names, Script, SharedState,
    },
};

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claims/claim.lua")));

static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claims/renew.lua")));

static FINISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claims/finish.lua")));

/// How often claims are extended.
const RENEWAL: Duration = Duration::from_secs(5);

/// How long after `SALESFORCE_TIMEOUT` a call of a process that has ended may still be at work.
const MARGIN: Duration = Duration::from_secs(10);

/// How long the store remembers a part that was written.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The maximum number of calls that are kept to be told to a store that comes back.
const MAX_UNTOLD: usize = 100;

/// The claims of this process.
#[derive(Debug)]
pub(super) struct Claims {
    state: SharedState,
    /// Tells the claims of this process from those of others.
    process: String,
    last: AtomicU64,
    lease: Duration,
    held: Mutex<Vec<Weak<ClaimedParts>>>,
    /// The results that the store has not learnt because it was away.
    untold: Mutex<Vec<Call>>,
}

/// Parts that were claimed together.
#[derive(Debug)]
struct ClaimedParts {
    number: u64,
    entries: Vec<EntryName>,
}

/// The claim of a part. It is extended until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    parts: Arc<ClaimedParts>,
    /// The index of the part among those.
    index: usize,
}

/// Whose turn it is to write a part.
#[derive(Debug)]
pub(super) enum PartTurn {
    /// This process writes the part.
    Ours(Claim),
    /// The part was written.
    Written,
    /// Another process writes it.
    Theirs,
}

impl Claims {
    /// The claims in this store, if there is one; calls to Salesforce take at most `timeout`. Call it inside a Tokio runtime.
    pub(super) fn start(state: SharedState, timeout: Duration) -> Arc<Self> {
        let claims = Arc::new(Self {
            process: KeyedHash::random().digest([]).hex(),
            last: AtomicU64::new(0),
            lease: timeout + MARGIN + RENEWAL,
            held: Mutex::default(),
            untold: Mutex::default(),
            state,
        });
        if claims.state.is_configured() {
            tokio::spawn(renew(Arc::downgrade(&claims)));
        }
        claims
    }

    /// Whether there is a store.
    pub(super) fn are_shared(&self) -> bool {
        self.state.is_configured()
    }

    /// Claims parts for an org in one round trip, and returns for each whose turn it is. While the store is away, it is this process's.
    pub(super) async fn claim(&self, org: &Instance, parts: &[PartId]) -> Vec<PartTurn> {
        let names = self.state.names(org.as_str());
        let Some(names) = names.filter(|_| !parts.is_empty()) else {
            return Vec::new();
        };
        let entries = parts.iter().map(|part| entry(&names, *part));
        let claimed = Arc::new(ClaimedParts {
            number: self.last.fetch_add(1, Ordering::Relaxed),
            entries: entries.collect(),
        });
        let calls = [self.call(&CLAIM, &claimed)];
        let replies = self.state.ask_again(&calls).await;
        let states = replies.as_ref().and_then(|replies| replies.first());
        let mut states = states.map(|reply| reply.answer().list());
        let turn = |index| {
            let state = states.as_mut().and_then(Iterator::next);
            match state.and_then(Answer::int) {
                Some(1) => PartTurn::Written,
                Some(2) => PartTurn::Theirs,
                Some(_) | None => PartTurn::Ours(Claim {
                    parts: Arc::clone(&claimed),
                    index,
                }),
            }
        };
        let turns = (0..parts.len()).map(turn).collect();
        self.held().push(Arc::downgrade(&claimed));
        turns
    }

    /// Remembers which of these parts of one org were written, and gives up the claims of the others, in one round trip.
    pub(super) async fn finish<'c>(&self, ended: impl Iterator<Item = (&'c Claim, bool)>) {
        let (mut keys, mut args) = (Vec::new(), Vec::new());
        args.extend([REMEMBERED.into(), Arg::from(self.process.as_str())]);
        for (Claim { parts, index }, is_written) in ended {
            keys.push(parts.entries[*index].clone());
            args.push(if is_written {
                Arg::from("")
            } else {
                Arg::from(parts.number)
            });
        }
        if keys.is_empty() {
            return;
        }
        let script = &FINISH;
        let calls = [Call { script, keys, args }];
        if self.state.ask_again(&calls).await.is_none() {
            let mut all = mem::take(&mut *self.untold());
            all.extend(calls);
            self.tell_later(all);
        }
    }

    /// Keeps calls until the store is back, those before others that have come since. The first ones are forgotten if there are too
    /// many.
    fn tell_later(&self, calls: Vec<Call>) {
        let mut untold = self.untold();
        let since = mem::replace(&mut *untold, calls);
        untold.extend(since);
        let excess = untold.len().saturating_sub(MAX_UNTOLD);
        untold.drain(..excess);
    }

    /// Tells the store what it has missed.
    async fn catch_up(&self) {
        let mut untold = mem::take(&mut *self.untold());
        while let Some(call) = untold.pop() {
            if self.state.ask(std::slice::from_ref(&call)).await.is_none() {
                untold.push(call);
                return self.tell_later(untold);
            }
        }
    }

    /// A call that claims parts, or extends the claim.
    fn call(&self, script: &'static Script, parts: &ClaimedParts) -> Call {
        Call {
            script,
            keys: parts.entries.clone(),
            args: vec![
                Arg::from(self.process.as_str()),
                Arg::from(parts.number),
                Arg::from(self.lease),
            ],
        }
    }

    fn untold(&self) -> MutexGuard<'_, Vec<Call>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Vec<Weak<ClaimedParts>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims that are still held.
    fn live(&self) -> Vec<Arc<ClaimedParts>> {
        let mut held = self.held();
        held.retain(|parts| parts.strong_count() > 0);
        held.iter().filter_map(Weak::upgrade).collect()
    }
}

/// The entry of a part.
fn entry(names: &Names, (job, place): PartId) -> EntryName {
    let place = u64::try_from(place).unwrap_or(u64::MAX).to_be_bytes();
    names.entry(EntryKind::Job, &[&job.0, &place])
}

/// Extends the claims that are held, again and again, and tells results that the store has missed.
async fn renew(claims: Weak<Claims>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let Some(claims) = claims.upgrade() else {
            return;
        };
        claims.catch_up().await;
        for parts in claims.live() {
            // What fails now is tried again before the claim ends.
            let _ = claims.state.ask(&[claims.call(&RENEW, &parts)]).await;
        }
    }
}
