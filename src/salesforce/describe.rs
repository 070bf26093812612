//! Describes objects: what the org says about their fields, cached for each user of each org.
//!
//! A description is confirmed after `DESCRIBE_TTL` with `If-Modified-Since`; until the response arrives, the old one is used. Callers
//! wait for the first description of an object only. If it cannot be read, they go on without it.

mod descriptions;
mod field;
mod object;
mod picklist;
mod state;
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
pub(crate) use self::field::FieldType;
pub(crate) use self::object::ObjectDescription;
use self::state::{Next, Outcome, State};
pub(super) use self::view::DescribeView;
use crate::salesforce::{
    Salesforce, body,
    cache::OrgUser,
    fault::{Disposition, Fault},
    session::{Instance, Session},
};

/// The maximum number of orgs whose objects are cached.
const MAX_ORGS: u64 = 1_000;

/// The maximum number of cached descriptions of an org. The names of objects come from events.
const MAX_OBJECTS: u64 = 200;

/// The maximum number of objects of an org that are described for the first time in one minute.
const MAX_FIRSTS: u32 = 20;

const MINUTE: Duration = Duration::from_mins(1);

/// How often a description that cannot be read is logged.
const WARN_EVERY: Duration = Duration::from_hours(1);

/// The descriptions of all orgs.
#[derive(Debug)]
pub(super) struct Describes {
    ttl: Duration,
    orgs: Cache<Instance, Arc<OrgDescribes>>,
    /// How often everything had to be read again.
    rereads: AtomicU64,
}

/// The descriptions of one org.
#[derive(Debug)]
struct OrgDescribes {
    /// By user, and the object's name in lower case.
    objects: Cache<(u64, String), Arc<Mutex<State>>>,
    counts: Mutex<Counts>,
}

/// What happened in an org recently.
#[derive(Debug, Default)]
struct Counts {
    /// When the minute began, and the number of objects described for the first time since.
    firsts: Option<(Instant, u32)>,
    warned: Option<Instant>,
}

impl Describes {
    /// Confirms each description after `ttl`.
    pub(super) fn new(ttl: Duration) -> Self {
        let orgs = Cache::builder().max_capacity(MAX_ORGS);
        Self {
            ttl,
            orgs: orgs.eviction_policy(EvictionPolicy::lru()).build(),
            rereads: AtomicU64::new(0),
        }
    }

    /// Has every description read again, unconditionally, when it is used next.
    pub(super) fn reread(&self) {
        self.rereads.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets the descriptions of an object that Salesforce has contradicted, for all users.
    fn forget(&self, org: &Instance, object: &str) {
        let now = Instant::now();
        let Some(org) = self.orgs.get(org) else {
            return;
        };
        for (key, state) in &org.objects {
            if key.1.eq_ignore_ascii_case(object) {
                lock(&state).forget(now);
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

impl OrgDescribes {
    fn new() -> Self {
        let objects = Cache::builder().max_capacity(MAX_OBJECTS);
        Self {
            objects: objects.eviction_policy(EvictionPolicy::lru()).build(),
            counts: Mutex::default(),
        }
    }

    fn object(&self, user: &OrgUser, object: &str) -> Arc<Mutex<State>> {
        let key = (user.user, object.to_ascii_lowercase());
        self.objects.entry(key).or_default().into_value()
    }

    /// Whether one more object may be described for the first time.
    fn may_begin(&self, now: Instant) -> bool {
        let mut counts = lock(&self.counts);
        let is_current =
            |(began, _): &(Instant, u32)| now.saturating_duration_since(*began) < MINUTE;
        let (began, count) = counts.firsts.filter(is_current).unwrap_or((now, 0));
        counts.firsts = Some((began, count.saturating_add(1)));
        count < MAX_FIRSTS
    }

    /// Whether a failure is logged.
    fn may_warn(&self, now: Instant) -> bool {
        let mut counts = lock(&self.counts);
        let is_due = counts
            .warned
            .is_none_or(|warned| now.saturating_duration_since(warned) >= WARN_EVERY);
        if is_due {
            counts.warned = Some(now);
        }
        is_due
    }
}

impl Salesforce {
    /// Forgets the descriptions of an object, because Salesforce says that a field is no external id that they call one.
    pub(crate) fn forget_description(&self, org: &Instance, object: &str) {
        self.describes.forget(org, object);
    }

    /// The description of an object as `user` sees it, read with `session` if it is not known, or was confirmed longer than
    /// `max_age` ago; `None` if it cannot be read, or not now.
    pub(super) async fn described(
        self: &Arc<Self>,
        user: &OrgUser,
        session: &Arc<Session>,
        object: &str,
        max_age: Duration,
    ) -> Option<Arc<ObjectDescription>> {
        let (now, describes) = (Instant::now(), &self.describes);
        let org = describes.org(&user.org);
        let state = org.object(user, object);
        let rereads = describes.rereads.load(Ordering::Relaxed);
        let ages = (describes.ttl, max_age);
        let next = lock(&state).next(now, ages, rereads, || org.may_begin(now));
        let mut ended = match next {
            Next::Use(known) => return known,
            Next::Wait(ended) => ended,
            Next::Read(reading) => {
                let (ended, meanwhile) = (reading.done.subscribe(), reading.meanwhile.clone());
                let (salesforce, session) = (Arc::clone(self), Arc::clone(session));
                let (state, object) = (Arc::clone(&state), object.to_owned());
                // The reading goes on if the caller disconnects, because others wait for it.
                tokio::spawn(async move {
                    let outcome = salesforce
                        .read(&session, &object, reading.since, &org)
                        .await;
                    lock(&state).ended(Instant::now(), outcome);
                    drop(reading.done);
                });
                if meanwhile.is_some() {
                    return meanwhile;
                }
                ended
            }
        };
        // The channel closes without a message. What was confirmed since the caller came is not too old for it.
        let _ = ended.changed().await;
        lock(&state).description(now, max_age)
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
            Ok(Some((description, modified))) => return Outcome::Whole(description, modified),
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
        if let Some(since) = since {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        let changed = self
            .client
            .read_changed(session.instance(), request)
            .await?;
        let Some((answer, modified)) = changed else {
            return Ok(None);
        };
        let description = body::typed(&answer, "description of an object")?;
        Ok(Some((description, modified)))
    }
}

/// Ignores poisoning: each state is consistent even if another thread has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_describes_twenty_new_objects_a_minute() {
        let (org, now) = (OrgDescribes::new(), Instant::now());
        let begun = (0..30).filter(|_| org.may_begin(now)).count();
        assert_eq!(begun, 20);
        assert!(!org.may_begin(now + Duration::from_secs(59)));
        assert!(org.may_begin(now + MINUTE));
    }

    #[test]
    fn a_failure_is_logged_once_an_hour() {
        let (org, now) = (OrgDescribes::new(), Instant::now());
        assert!(org.may_warn(now));
        assert!(!org.may_warn(now + Duration::from_mins(59)));
        assert!(org.may_warn(now + WARN_EVERY));
    }
}
