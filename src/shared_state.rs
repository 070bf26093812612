//! The state that many replicas share in Redis or Valkey (`SHARED_STATE_URL`), so that they are one.
//!
//! The store holds ids, counts, times and tables of fields under hashed names, and each entry expires. An answer is waited for
//! `SHARED_STATE_TIMEOUT`. A store that fails is tried again at once; while it is away, nobody waits for it, and each replica goes on
//! alone with the memories in its process.
//!
//! | module | what it is for |
//! |---|---|
//! | `address` | the URL: one server, sentinels or a cluster |
//! | `connection` | a connection, TLS included |
//! | `store` | the connection of this process and its circuit breaker |
//! | `hash` | keyed hashes |
//! | `names` | the hashed names of entries |
//! | `script` | scripts, their calls and answers |
//! | `failure` | why the store cannot be used |
//! | `inspection` | what `check` finds out about the store |

mod address;
mod connection;
mod failure;
mod hash;
mod inspection;
mod names;
mod script;
mod store;

use std::sync::Arc;

use self::{
    failure::Failure,
    store::{Health, Store},
};
pub(crate) use self::{
    hash::KeyedHash,
    inspection::{MIN_VERSION, StoreFacts},
    names::{EntryKind, EntryName, Names},
    script::{Answer, Arg, Call, Reply, Script},
};
use crate::{config::SharedStateSettings, metrics::Metrics};

/// The state that replicas share; none by default. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedState(Option<Arc<Store>>);

/// Whether replicas share their state at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// No store is configured.
    Off,
    /// It is about to be found out.
    Connecting,
    /// Yes.
    Up,
    /// The store cannot be used: this replica is on its own.
    Away(Failure),
}

impl Sharing {
    /// What `/ready` says.
    #[must_use]
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Away(_) => "away",
        }
    }
}

impl SharedState {
    /// Connects to the store of these settings in the background, if there is one. Call it inside a Tokio runtime. A wrong setting
    /// is logged, and the replica is on its own until it has been mended.
    pub(crate) fn start(settings: &SharedStateSettings, metrics: Arc<Metrics>) -> Self {
        Self(settings.is_set().then(|| Store::start(settings, metrics)))
    }

    /// Whether replicas share their state at present.
    #[must_use]
    pub(crate) fn sharing(&self) -> Sharing {
        match self.0.as_deref().map(Store::health) {
            None => Sharing::Off,
            Some(Health::Doubtful) => Sharing::Connecting,
            Some(Health::Up(_)) => Sharing::Up,
            Some(Health::Away(failure)) => Sharing::Away(failure),
        }
    }

    /// Whether a store is configured, whether or not it can be used at present.
    #[must_use]
    pub(crate) fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    /// How often this replica begins to share its state: at the start, and after each time on its own. If the number has
    /// changed, other replicas may have done something meanwhile that the store was not told.
    #[must_use]
    pub(crate) fn beginnings(&self) -> u64 {
        self.0.as_ref().map_or(0, |store| store.beginnings())
    }

    /// Whether the store can be asked at present.
    #[must_use]
    pub(crate) fn is_up(&self) -> bool {
        self.sharing() == Sharing::Up
    }

    /// The names of the entries of an org with this address. `None` if no store is configured.
    #[must_use]
    pub(crate) fn names(&self, org: &str) -> Option<Names> {
        self.0.as_ref().map(|store| store.names(org))
    }

    /// The hash by which this process recognises users and jobs: the same for all replicas that share a store, and one of its own
    /// if none is configured.
    #[must_use]
    pub(crate) fn identities(&self) -> KeyedHash {
        let shared = self.0.as_ref().and_then(|store| store.identities());
        shared.unwrap_or_else(KeyedHash::random)
    }

    /// Asks in one round trip, and waits at most `SHARED_STATE_TIMEOUT`. All calls are about one org. `None`: this replica is on its
    /// own now; some of the calls may have taken effect.
    pub(crate) async fn ask(&self, calls: &[Call]) -> Option<Vec<Reply>> {
        self.0.as_ref()?.ask(calls).await
    }

    /// Asks like [`Self::ask`], but does not give up because of a moment: while it is being found out whether the store is away,
    /// the caller waits, and asks once more if it is not. The calls may take effect twice. `None`: the store is away.
    pub(crate) async fn ask_again(&self, calls: &[Call]) -> Option<Vec<Reply>> {
        self.0.as_ref()?.ask_again(calls).await
    }

    /// Tells without waiting. What the store cannot take is dropped, and counted.
    pub(crate) fn tell(&self, calls: Vec<Call>) {
        if let Some(store) = &self.0 {
            store.tell(calls);
        }
    }
}
