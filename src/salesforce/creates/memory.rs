//! The interface of a memory of creates under way, whether it is kept in this process or shared.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use smallvec::SmallVec;
use tokio::sync::watch;

use crate::{
    json::Value,
    salesforce::{body::lossy, cache::OrgUser, id::is_id, key::Key, session::Instance},
};

/// A record that is being created: the user of the org who creates it, and the key by which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateKey {
    user: OrgUser,
    key: Key,
}

/// A key stores its own hash, and few users have the same keys.
impl Hash for CreateKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl CreateKey {
    /// The record that this user creates, and looks up by this key.
    #[must_use]
    pub(crate) fn new(user: OrgUser, key: Key) -> Self {
        Self { user, key }
    }

    /// The key by which the record is looked up.
    #[must_use]
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The org.
    #[must_use]
    pub(super) fn org(&self) -> Instance {
        self.user.org.clone()
    }

    /// The user of the org, as a fingerprint.
    #[must_use]
    pub(super) fn user(&self) -> u64 {
        self.user.user
    }
}

/// Identifies a job of rudder-server: its `jobId` and its event's `messageId`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct JobName(String);

impl JobName {
    /// The name as bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The name of a job with this `jobId`, as JSON, and this `messageId`.
    #[must_use]
    pub(crate) fn new(job_id: &str, message_id: &str) -> Self {
        Self([job_id, "\n", message_id].concat())
    }
}

/// Omits the ids, which come from an event.
impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobName({} bytes)", self.0.len())
    }
}

/// The jobs of one batch that would create one record, in their order; `None` is a job without a name.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    /// The record.
    pub(crate) key: CreateKey,
    /// The jobs.
    pub(crate) jobs: SmallVec<[Option<JobName>; 1]>,
}

/// A record that somebody wants to create.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The record.
    pub(crate) key: CreateKey,
    /// When the lookup began that has not found it; `None` if that is not known.
    pub(crate) looked_up: Option<Instant>,
}

/// The result of asking to create a record now.
pub(crate) enum Turn {
    /// The caller creates the record and must report the result.
    Begun {
        /// Held until the end.
        lease: Lease,
        /// Whether an earlier create may have written the record since the caller's lookup, so that it must be looked up first.
        must_look_up: bool,
    },
    /// It was created.
    Created(CreatedRecord),
}

/// Another caller is creating the record. The future completes when that create ends; the caller then tries again.
pub(crate) type Busy = BoxFuture<'static, ()>;

/// The right to create a record. If it is dropped before the result is reported, the result is unknown.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Its number in this process.
    pub(super) number: u64,
    /// Its receivers learn that the lease is gone.
    _held: watch::Sender<()>,
    /// What the replicas that share a store know of it.
    pub(super) shared: Option<SharedLease>,
}

/// What the replicas that share a store know of a lease.
#[derive(Clone, Debug)]
pub(super) struct SharedLease {
    /// Tells it from all other leases.
    pub(super) token: Arc<str>,
    /// How long a write may take.
    pub(super) timeout: Duration,
    /// Until when a write may start; `None` if the store was away, so that they do not know it.
    pub(super) starts_until: Option<Instant>,
}

impl Lease {
    /// The lease with this number in this process. The receivers of the channel wait for its end.
    pub(super) fn new(number: u64, held: watch::Sender<()>) -> Self {
        Self {
            number,
            _held: held,
            shared: None,
        }
    }

    /// Whether a write may start now: it ends before the lease does.
    pub(super) fn may_start(&self, now: Instant) -> bool {
        let starts_until = self.shared.as_ref().and_then(|lease| lease.starts_until);
        starts_until.is_none_or(|until| now < until)
    }
}

/// A lease whose create has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The record.
    pub(crate) key: CreateKey,
    /// The lease.
    pub(crate) lease: Lease,
    /// How the create has ended.
    pub(crate) ending: Ending,
}

/// How a create has ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The record was created.
    Created(CreatedRecord),
    /// The record was not created: the next caller may create it.
    Failed,
    /// The record may have been created, or was found elsewhere: the next one has to look it up first.
    Unsure,
}

/// A record that was created.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CreatedRecord {
    /// The object's API name.
    pub(crate) object: String,
    /// The record's id.
    pub(crate) id: String,
}

impl CreatedRecord {
    /// Reads Salesforce's response to a create; `None` if it does not name the record.
    #[must_use]
    pub(crate) fn read(object: &str, body: &[u8]) -> Option<Self> {
        let document = lossy(body).ok()?;
        let id = document.root().as_object()?.get("id")?;
        let id = Value::as_text(id).filter(|id| is_id(id))?;
        Some(Self {
            object: object.to_owned(),
            id: id.into_owned(),
        })
    }
}

/// Omits the id.
impl fmt::Debug for CreatedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedRecord").finish_non_exhaustive()
    }
}

/// A memory of creates under way. It remembers each for the window of its settings, from the first telling.
pub(crate) trait CreateMemory: fmt::Debug + Send + Sync {
    /// Decides for each key which of its jobs is told to create the record, as a position in [`Telling::jobs`]: the one
    /// that was told before, otherwise the first. `None` if somebody else was told, or is creating the record, or if
    /// the record was found after `asked`, when the jobs began to look it up.
    fn tell(&self, asked: Instant, tellings: Vec<Telling>) -> BoxFuture<'_, Vec<Option<usize>>>;

    /// Whether somebody has been told to create the record, or is creating it. Nothing is remembered.
    fn is_under_way<'m>(&'m self, key: &'m CreateKey) -> BoxFuture<'m, bool>;

    /// Whether [`Self::found`] may change anything.
    fn awaits_lookups(&self) -> bool;

    /// Reports that a lookup found these records. A caller whose later lookup finds none may create them again.
    fn found(&self, keys: Vec<CreateKey>) -> BoxFuture<'_, ()>;

    /// Begins to create each of these records, unless it was created after its caller's lookup began, or another caller is
    /// creating it. No write of a caller takes longer than `timeout`. Each result is that of the wish in its place; whoever has
    /// begun holds a lease until [`Self::end`].
    fn begin(&self, wishes: Vec<Wish>, timeout: Duration)
    -> BoxFuture<'_, Vec<Result<Turn, Busy>>>;

    /// Prolongs leases whose time to start a write is over. Returns whether the caller still holds all of them; otherwise it must
    /// not write, because another caller may be creating one of the records.
    fn renew<'m>(&'m self, leases: Vec<(&'m CreateKey, &'m mut Lease)>) -> BoxFuture<'m, bool>;

    /// Ends what [`Self::begin`] has begun.
    fn end(&self, ended: Vec<Ended>) -> BoxFuture<'_, ()>;

    /// Forgets a created record that is gone, so that the next one creates it again.
    fn forget<'m>(&'m self, key: &'m CreateKey, gone: &'m CreatedRecord) -> BoxFuture<'m, ()>;
}
