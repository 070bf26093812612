//! Describes objects: what the org says about their fields, cached for each user of each org.
//!
//! A description is confirmed after `DESCRIBE_TTL` with `If-Modified-Since`; until the response arrives, the old one is used. Callers
//! wait for the first description of an object only, and not long. If it cannot be read, they go on without it.

mod descriptions;
mod field;
mod kept;
mod nearest;
mod object;
mod org;
mod picklist;
mod places;
mod refused;
mod shared;
mod state;
mod stored;
mod view;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};
use reqwest::{
    Method,
    header::{HeaderValue, IF_MODIFIED_SINCE},
};

pub(crate) use self::descriptions::Descriptions;
pub(crate) use self::field::{FieldDescription, FieldType, PlacePart};
pub(crate) use self::object::ObjectDescription;
pub(crate) use self::picklist::Picklist;
pub(crate) use self::places::PlaceFields;
pub(super) use self::state::MaxAge;
pub(super) use self::view::DescribeView;
use self::{
    kept::KeptDescriptions,
    org::OrgDescribes,
    shared::Subject,
    state::{Next, Outcome, State},
};
use crate::salesforce::{
    Salesforce, body,
    cache::OrgUser,
    fault::{Disposition, Fault},
    learnt::Lesson,
    session::{Instance, Session},
};

/// The maximum number of orgs whose objects are cached.
const MAX_ORGS: u64 = 1_000;

/// The descriptions of all orgs.
#[derive(Debug)]
pub(super) struct Describes {
    ttl: Duration,
    wait: Duration,
    kept: KeptDescriptions,
    orgs: Cache<Instance, Arc<OrgDescribes>>,
    /// How often everything had to be read again.
    rereads: AtomicU64,
}

impl Describes {
    /// Confirms each description after `ttl`. Callers wait at most `wait` for one.
    pub(super) fn new(ttl: Duration, wait: Duration) -> Self {
        let orgs = Cache::builder().max_capacity(MAX_ORGS);
        Self {
            ttl,
            wait,
            kept: KeptDescriptions::new(kept::MAX_BYTES),
            orgs: orgs.eviction_policy(EvictionPolicy::lru()).build(),
            rereads: AtomicU64::new(0),
        }
    }

    /// Has every description read again, unconditionally, when it is used next.
    pub(super) fn reread(&self) {
        self.rereads.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets the descriptions of an object, which Salesforce has contradicted at `at`.
    pub(super) fn forget(&self, org: &Instance, object: &str, at: Instant) {
        self.each(org, object, |_| true, |state| state.forget(at));
    }

    /// Doubts the descriptions of an object for these users: Salesforce may have contradicted them at `at`.
    pub(super) fn doubt(
        &self,
        org: &Instance,
        object: &str,
        at: Instant,
        is_of: impl Fn(&OrgUser) -> bool,
    ) {
        self.each(org, object, is_of, |state| {
            state.doubt(at);
        });
    }

    /// Changes what is known of an object, for these users.
    fn each(
        &self,
        org: &Instance,
        object: &str,
        is_of: impl Fn(&OrgUser) -> bool,
        change: impl Fn(&mut State),
    ) {
        let Some(describes) = self.orgs.get(org) else {
            return;
        };
        for (key, state) in &describes.objects {
            let user = OrgUser {
                org: org.clone(),
                user: key.0,
            };
            if key.1.eq_ignore_ascii_case(object) && is_of(&user) {
                change(&mut lock(&state));
            }
        }
    }

    fn org(&self, org: &Instance) -> Arc<OrgDescribes> {
        let entry = self.orgs.entry_by_ref(org);
        entry
            .or_insert_with(|| Arc::new(OrgDescribes::new()))
            .into_value()
    }
}

impl Salesforce {
    /// Notes that the refusal of an upsert contradicts the descriptions of its object: a field is no external id that they call
    /// one, or may be none.
    pub(crate) fn contradicted(&self, org: &Instance, object: &str, fault: &Fault) {
        let now = Instant::now();
        let is_certain = fault.denies_external_id();
        if is_certain {
            self.describes.forget(org, object, now);
        } else if fault.doubts_external_id() {
            self.describes.doubt(org, object, now, |_| true);
        } else {
            return;
        }
        self.teach(org, || Lesson::contradicted(object, is_certain));
    }

    /// The description of an object as `user` sees it, read with `session` if it is not known, or was confirmed longer than
    /// `max_age` ago; `None` if it cannot be read, or not now, or not soon enough.
    pub(super) async fn described(
        self: &Arc<Self>,
        user: &OrgUser,
        session: &Arc<Session>,
        object: &str,
        max_age: MaxAge,
    ) -> Option<Arc<ObjectDescription>> {
        let (now, describes) = (Instant::now(), &self.describes);
        let org = describes.org(&user.org);
        let state = org.object(user, object, now)?;
        let rereads = describes.rereads.load(Ordering::Relaxed);
        let ages = (describes.ttl, max_age);
        let next = lock(&state).next(now, ages, rereads, || org.may_begin(now));
        let mut ended = match next {
            Next::Use(known) => return known,
            Next::Wait(ended) => ended,
            Next::Read(reading) => {
                let (ended, meanwhile) = (reading.done.subscribe(), reading.meanwhile.clone());
                let must_wait = reading.must_wait;
                let (salesforce, session) = (Arc::clone(self), Arc::clone(session));
                let (state, object) = (Arc::clone(&state), object.to_owned());
                let user = user.clone();
                // The reading goes on if the caller disconnects, because others wait for it.
                tokio::spawn(async move {
                    let subject = Subject {
                        user: &user,
                        session: &session,
                        object: &object,
                        org: &org,
                    };
                    let outcome = salesforce.read_for_all(subject, reading.since, reading.shared);
                    let outcome = outcome.await;
                    lock(&state).ended(Instant::now(), outcome);
                    drop(reading.done);
                });
                if !must_wait {
                    return meanwhile;
                }
                ended
            }
        };
        // The channel closes without a message.
        let ended = tokio::time::timeout(describes.wait, ended.changed()).await;
        let mut state = lock(&state);
        if ended.is_err() {
            state.is_slow();
        }
        // What was confirmed since the caller came is not too old for it.
        state.description(now, max_age)
    }

    /// Reads the description of an object, and logs why it cannot be read.
    async fn read(
        &self,
        session: &Session,
        object: &str,
        since: Option<HeaderValue>,
        org: &OrgDescribes,
    ) -> Outcome {
        let fault = match self.describe_since(session, object, since).await {
            Ok(Some((description, modified))) => {
                let description = self.describes.kept.keep(description);
                return Outcome::Whole(description, modified, None);
            }
            Ok(None) => return Outcome::Unchanged,
            Err(fault) => fault,
        };
        if fault.disposition() == Disposition::Refresh {
            return Outcome::Expired;
        }
        if org.may_warn(Instant::now()) {
            tracing::warn!(
                org = session.instance().as_str(),
                object,
                fault = fault.label(),
                "an object cannot be described: its records are looked up before they are written"
            );
        }
        Outcome::Failed
    }

    /// Describes an object, as seen by the user of the session.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn describe(
        &self,
        session: &Session,
        object: &str,
    ) -> Result<ObjectDescription, Fault> {
        let described = self.describe_since(session, object, None).await?;
        let (description, _) =
            described.ok_or_else(|| Fault::unreadable("it has no description of the object"))?;
        Ok(description)
    }

    /// Describes an object; `None` if nothing has changed `since`.
    async fn describe_since(
        &self,
        session: &Session,
        object: &str,
        since: Option<HeaderValue>,
    ) -> Result<Option<(ObjectDescription, Option<HeaderValue>)>, Fault> {
        let path = format!(
            "/services/data/v{}/sobjects/{object}/describe",
            self.api_version
        );
        let mut request = self.client.request_of(session, Method::GET, &path);
        let is_conditional = since.is_some();
        if let Some(since) = since {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        let changed = self
            .client
            .read_changed(session.instance(), request)
            .await?;
        let Some((answer, modified)) = changed else {
            let unasked = || {
                Fault::unreadable(
                    "it says that nothing has changed since a time that the request did not name",
                )
            };
            return is_conditional.then_some(None).ok_or_else(unasked);
        };
        let description = body::typed(&answer, "description of an object")?;
        Ok(Some((description, modified)))
    }
}

/// Ignores poisoning: each state is consistent even if another thread has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
