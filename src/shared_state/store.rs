//! The store of this process: the connection, the circuit breaker, and what is told without waiting.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    address::Address,
    connection::Connection,
    failure::Failure,
    hash::{KeyedHash, derived},
    names::{EntryName, Names},
    script::{Call, Reply, Script},
};
use crate::{
    config::{Setting, SharedStateSettings},
    metrics::Metrics,
};

/// How many calls may wait to be told.
const MAX_TOLD: usize = 4_096;

/// How many of them go in one round trip.
const MAX_TOLD_TOGETHER: usize = 64;

/// The pauses between attempts to reach the store.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How often a store that nobody asks is asked whether it is there.
const IDLE_CHECK: Duration = Duration::from_secs(5);

/// How long a connection may take to open, for each `SHARED_STATE_TIMEOUT`.
const TIMEOUTS_TO_CONNECT: u32 = 10;

/// How long a caller goes on asking a store that fails for moments, for each `SHARED_STATE_TIMEOUT`.
const TIMEOUTS_OF_PATIENCE: u32 = 20;

/// How often a store that has not answered in time is tried before it counts as away.
const PROBES: u32 = 3;

/// The number of orgs whose names are kept.
const MAX_ORGS: usize = 1_000;

static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("probe.lua")));

/// Whether the store can be asked.
#[derive(Clone)]
pub(super) enum Health {
    /// It is about to be found out.
    Doubtful,
    /// Yes.
    Up(Connection),
    /// No: this replica is on its own.
    Away(Failure),
}

/// The store of this process.
pub(super) struct Store {
    settings: SharedStateSettings,
    metrics: Arc<Metrics>,
    /// The secret of the names, or why it cannot be read: with another one, replicas would not agree.
    secret: Result<Option<SecretString>, Failure>,
    names: Mutex<HashMap<String, Names>>,
    health: watch::Sender<Health>,
    /// Wakes the supervisor: the store has failed.
    failed: Notify,
    /// How it has failed last.
    cause: Mutex<Option<Failure>>,
    /// Whether the log says so.
    is_known_to_be_away: AtomicBool,
    /// How often this replica begins to share its state.
    beginnings: AtomicU64,
    told: mpsc::Sender<Call>,
}

impl Store {
    /// Connects to the store in the background.
    pub(super) fn start(settings: &SharedStateSettings, metrics: Arc<Metrics>) -> Arc<Self> {
        let (told, queue) = mpsc::channel(MAX_TOLD);
        // Read once: with a secret that changes, an org would have other names here than at other replicas.
        let secret = settings.key().map_err(Failure::from);
        let secret = secret.map(|secret| secret.as_ref().map(Setting::current));
        if !settings.has_key() {
            tracing::warn!(
                "SHARED_STATE_KEY is not set: the names of entries are derived from each org, so whoever can read the store can test guesses of e-mails"
            );
        }
        let store = Arc::new(Self {
            settings: settings.clone(),
            metrics,
            secret,
            names: Mutex::default(),
            health: watch::Sender::new(Health::Doubtful),
            failed: Notify::new(),
            cause: Mutex::default(),
            is_known_to_be_away: AtomicBool::new(false),
            beginnings: AtomicU64::new(1),
            told,
        });
        tokio::spawn(supervise(Arc::downgrade(&store)));
        tokio::spawn(tell(Arc::downgrade(&store), queue));
        store
    }

    /// The current health.
    pub(super) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// How often this replica begins to share its state: at the start, and after each time on its own.
    pub(super) fn beginnings(&self) -> u64 {
        self.beginnings.load(Ordering::Relaxed)
    }

    /// The names of an org's entries.
    pub(super) fn names(&self, org: &str) -> Names {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(org) {
            return known.clone();
        }
        let secret = self.secret.as_ref().ok().and_then(Option::as_ref);
        let secret = secret.map(bytes);
        let new = Names::new(secret, org);
        if names.len() >= MAX_ORGS {
            names.clear();
        }
        names.insert(org.to_owned(), new.clone());
        new
    }

    /// The hash by which replicas recognise users and jobs; `None` if the secret cannot be read.
    pub(super) fn identities(&self) -> Option<KeyedHash> {
        let secret = self.secret.as_ref().ok()?;
        let derived = derived(secret.as_ref().map(bytes), "identities");
        let mut key = [0; 16];
        key.copy_from_slice(&derived[..16]);
        Some(KeyedHash::new(key))
    }

    /// Asks once. `None` if the store is away, or fails now.
    pub(super) async fn ask(&self, calls: &[Call]) -> Option<Vec<Reply>> {
        self.ask_if_up(calls).await?.ok()
    }

    /// Asks once, unless the store is away, and notes that it has failed.
    async fn ask_if_up(&self, calls: &[Call]) -> Option<Result<Vec<Reply>, Failure>> {
        let Health::Up(mut connection) = self.health() else {
            return None;
        };
        let begun = Instant::now();
        let answered = timeout(self.settings.shared_state_timeout, connection.run(calls)).await;
        let answered = answered.unwrap_or(Err(Failure::Timeout));
        self.metrics.shared_state_asked(begun.elapsed());
        if let Err(failure) = &answered {
            self.failed(failure);
        }
        Some(answered)
    }

    /// Asks, and asks again while the store fails only for moments. `None` if it is away. Then each replica knows that it is alone:
    /// a store that goes on failing counts as away, although it answers in between.
    pub(super) async fn ask_again(&self, calls: &[Call]) -> Option<Vec<Reply>> {
        let patience = self.settings.shared_state_timeout * TIMEOUTS_OF_PATIENCE;
        let until = tokio::time::Instant::now() + patience;
        loop {
            let mut health = self.health.subscribe();
            let decided = health.wait_for(|health| !matches!(health, Health::Doubtful));
            if let Ok(decided) = tokio::time::timeout_at(until, decided).await
                && !matches!(*decided.ok()?, Health::Up(_))
            {
                return None;
            }
            match self.ask_if_up(calls).await {
                Some(Ok(replies)) => return Some(replies),
                refused if tokio::time::Instant::now() >= until => {
                    let failure = refused.and_then(Result::err).unwrap_or(Failure::Timeout);
                    self.give_up(failure);
                    return None;
                }
                Some(Err(_)) | None => {}
            }
        }
    }

    /// Goes on alone, so that everybody sees it, until the supervisor has found the store in order.
    fn give_up(&self, failure: Failure) {
        self.away(failure);
        self.failed.notify_one();
    }

    /// Tells without waiting for an answer.
    pub(super) fn tell(&self, calls: Vec<Call>) {
        for call in calls {
            if self.told.try_send(call).is_err() {
                self.metrics.shared_state_failed("queue_full");
            }
        }
    }

    /// Notes a failure: until the supervisor has decided, nobody is asked.
    fn failed(&self, failure: &Failure) {
        self.metrics.shared_state_failed(failure.label());
        *self.cause() = Some(failure.clone());
        self.health.send_if_modified(|health| {
            let is_up = matches!(health, Health::Up(_));
            if is_up {
                *health = Health::Doubtful;
            }
            is_up
        });
        // One permit is kept if the supervisor does not wait yet.
        self.failed.notify_one();
    }

    /// The last failure that the supervisor has not looked at.
    fn cause(&self) -> MutexGuard<'_, Option<Failure>> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        if let Err(failure) = &self.secret {
            return Err(failure.clone());
        }
        connected(&self.settings).await
    }

    /// Finds out whether a store that has failed answers after all.
    ///
    /// # Errors
    /// [`Failure`] if it does not.
    async fn answers_after_all(&self, connection: &mut Connection) -> Result<(), Failure> {
        for _ in 1..PROBES {
            match probe(connection, self.settings.shared_state_timeout).await {
                Err(Failure::Timeout) => {}
                decided => return decided,
            }
        }
        probe(connection, self.settings.shared_state_timeout).await
    }

    /// Opens the breaker: nobody waits for the store until it answers again. That is logged once.
    fn away(&self, failure: Failure) {
        if !self.is_known_to_be_away.swap(true, Ordering::Relaxed) {
            self.beginnings.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                %failure,
                "the shared state is away: this replica goes on alone and tries again"
            );
        }
        self.metrics.shared_state_up(false);
        self.metrics.shared_state_failed(failure.label());
        self.health.send_replace(Health::Away(failure));
    }

    /// Notes that the store can be used.
    fn is_back(&self) {
        tracing::info!("the shared state is up: this replica and the others are one");
        self.is_known_to_be_away.store(false, Ordering::Relaxed);
        self.metrics.shared_state_up(true);
    }
}

/// Connects to the store of these settings, and makes sure that it can be used.
///
/// # Errors
/// [`Failure`].
pub(super) async fn connected(settings: &SharedStateSettings) -> Result<Connection, Failure> {
    let address = Address::of(settings)?;
    let most = settings.shared_state_timeout * TIMEOUTS_TO_CONNECT;
    let mut connection = Connection::open(settings, address, most).await?;
    probe(&mut connection, settings.shared_state_timeout).await?;
    Ok(connection)
}

/// Whether the store runs scripts and writes: a full or a read-only one answers a ping as well.
async fn probe(connection: &mut Connection, within: Duration) -> Result<(), Failure> {
    let calls = [Call {
        script: &PROBE,
        keys: vec![EntryName::of_probe()],
        args: Vec::new(),
    }];
    let run = timeout(within, connection.run(&calls)).await;
    run.unwrap_or(Err(Failure::Timeout)).map(drop)
}

fn bytes(secret: &SecretString) -> &[u8] {
    secret.expose_secret().as_bytes()
}

/// Keeps the connection until the service ends: connects, waits for a failure, and connects again.
async fn supervise(store: Weak<Store>) {
    let mut pause = PAUSES.0;
    loop {
        let Some(now) = store.upgrade() else { return };
        match now.connect().await {
            Ok(connection) => {
                now.is_back();
                drop(now);
                let since = Instant::now();
                stay(&store, connection).await;
                // A store that answers the first request only is not asked in a busy loop.
                if since.elapsed() < PAUSES.1 {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                } else {
                    pause = PAUSES.0;
                }
            }
            Err(failure) => {
                now.away(failure);
                drop(now);
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Lets callers use a connection until it no longer answers, or the service ends.
async fn stay(store: &Weak<Store>, mut connection: Connection) {
    loop {
        let Some(now) = store.upgrade() else { return };
        if let Health::Away(_) = now.health.send_replace(Health::Up(connection.clone()))
            && now.is_known_to_be_away.load(Ordering::Relaxed)
        {
            now.is_back();
        }
        let _ = timeout(IDLE_CHECK, now.failed.notified()).await;
        let cause = now.cause().take();
        match (now.answers_after_all(&mut connection).await, cause) {
            // It was only late, or nobody has asked it.
            (Ok(()), None | Some(Failure::Timeout)) => {}
            // It hangs: nobody waits for another connection.
            (Err(hangs @ Failure::Timeout), _) => return now.away(hangs),
            // It may have been restarted, or another server may have taken its place: callers wait for the next connection.
            (Err(_), _) | (Ok(()), Some(Failure::Connection(_))) => {
                now.health.send_replace(Health::Doubtful);
                return;
            }
            // It answers, but cannot do what is asked of it.
            (Ok(()), Some(cause)) => return now.away(cause),
        }
    }
}

/// Sends what is told, many calls in one round trip.
async fn tell(store: Weak<Store>, mut queue: mpsc::Receiver<Call>) {
    let mut calls = Vec::new();
    while queue.recv_many(&mut calls, MAX_TOLD_TOGETHER).await > 0 {
        let Some(store) = store.upgrade() else { return };
        for calls in by_org(std::mem::take(&mut calls)) {
            // What is told may take effect twice, and a moment is no reason to lose it.
            store.ask_again(&calls).await;
        }
    }
}

/// Calls by org, because the entries of two orgs may be on two servers of a cluster.
fn by_org(calls: Vec<Call>) -> Vec<Vec<Call>> {
    let mut orgs: Vec<Vec<Call>> = Vec::new();
    for call in calls {
        let is_same = |of: &Vec<Call>| of.first().is_some_and(|first| first.org() == call.org());
        match orgs.iter_mut().find(|of| is_same(of)) {
            Some(of) => of.push(call),
            None => orgs.push(vec![call]),
        }
    }
    orgs
}

/// Omits the settings, which hold secrets.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
