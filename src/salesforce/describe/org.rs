//! The descriptions of one org, how many are begun, and what is logged.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{lock, refused::Refusals, state::State};
use crate::salesforce::cache::OrgUser;

/// The maximum number of cached descriptions of an org. The names of objects come from events.
const MAX_OBJECTS: u64 = 200;

/// The maximum number of objects of an org that are described for the first time in one minute.
const MAX_FIRSTS: u32 = 20;

const MINUTE: Duration = Duration::from_mins(1);

/// How often a description that cannot be read is logged.
const WARN_EVERY: Duration = Duration::from_hours(1);

/// The descriptions of one org.
#[derive(Debug)]
pub(super) struct OrgDescribes {
    /// By user, and the object's name in lower case.
    pub(super) objects: Cache<(u64, String), Arc<Mutex<State>>>,
    /// The fields that Salesforce has refused, by the user's name among replicas and the object's name in lower case.
    refusals: Cache<(u64, String), Arc<Mutex<Refusals>>>,
    counts: Mutex<Counts>,
}

/// What happened in an org recently.
#[derive(Debug, Default)]
struct Counts {
    /// When the minute began, and the number of objects described for the first time since.
    firsts: Option<(Instant, u32)>,
    warned: Option<Instant>,
}

impl OrgDescribes {
    pub(super) fn new() -> Self {
        let objects = Cache::builder().max_capacity(MAX_OBJECTS);
        let refusals = Cache::builder().max_capacity(MAX_OBJECTS);
        Self {
            objects: objects.eviction_policy(EvictionPolicy::lru()).build(),
            refusals: refusals.eviction_policy(EvictionPolicy::lru()).build(),
            counts: Mutex::default(),
        }
    }

    /// What is known of an object; `None` if it is new and too many others are. Otherwise invented names would displace objects
    /// that exist.
    pub(super) fn object(
        &self,
        user: &OrgUser,
        object: &str,
        now: Instant,
    ) -> Option<Arc<Mutex<State>>> {
        let key = (user.user, object.to_ascii_lowercase());
        let known = self.objects.get(&key);
        known.or_else(|| {
            let is_full = lock(&self.counts).firsts(now).1 >= MAX_FIRSTS;
            (!is_full).then(|| self.objects.entry(key).or_default().into_value())
        })
    }

    /// What is known of an object; `None` if nobody has asked for it.
    pub(super) fn known(&self, user: &OrgUser, object: &str) -> Option<Arc<Mutex<State>>> {
        self.objects.get(&(user.user, object.to_ascii_lowercase()))
    }

    /// The fields of an object that Salesforce has refused to a user; `None` if there are none.
    pub(super) fn refusals(&self, user: u64, object: &str) -> Option<Arc<Mutex<Refusals>>> {
        self.refusals.get(&(user, object.to_ascii_lowercase()))
    }

    /// The fields of an object that Salesforce has refused to a user, to add more.
    pub(super) fn refusals_mut(&self, user: u64, object: &str) -> Arc<Mutex<Refusals>> {
        let key = (user, object.to_ascii_lowercase());
        self.refusals.entry(key).or_default().into_value()
    }

    /// Whether one more object may be described for the first time.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        let mut counts = lock(&self.counts);
        let (began, count) = counts.firsts(now);
        counts.firsts = Some((began, count.saturating_add(1)));
        count < MAX_FIRSTS
    }

    /// Whether a failure is logged.
    pub(super) fn may_warn(&self, now: Instant) -> bool {
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

impl Counts {
    /// When the current minute began, and the number of objects described for the first time since.
    fn firsts(&self, now: Instant) -> (Instant, u32) {
        let is_current =
            |(began, _): &(Instant, u32)| now.saturating_duration_since(*began) < MINUTE;
        self.firsts.filter(is_current).unwrap_or((now, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::session::Instance;

    #[test]
    fn an_org_describes_twenty_new_objects_a_minute() {
        let (org, now) = (OrgDescribes::new(), Instant::now());
        let begun = (0..30).filter(|_| org.may_begin(now)).count();
        assert_eq!(begun, 20);
        assert!(!org.may_begin(now + Duration::from_secs(59)));
        assert!(org.may_begin(now + MINUTE));
    }

    #[test]
    fn names_beyond_those_displace_no_object_that_is_known() {
        let (org, now) = (OrgDescribes::new(), Instant::now());
        let hosts = "*.salesforce.com".parse().unwrap();
        let user = OrgUser {
            org: Instance::new("https://acme.salesforce.com", &hosts).unwrap(),
            user: 1,
        };
        let is_kept = |name: &str, now| org.object(&user, name, now).is_some();
        assert!(is_kept("Lead", now));
        for n in 0..300 {
            let name = format!("Invented{n}__c");
            assert_eq!(is_kept(&name, now), n < 20);
            org.may_begin(now);
        }
        assert!(is_kept("LEAD", now));
        assert!(is_kept("Invented99__c", now + MINUTE));
    }

    #[test]
    fn two_hundred_objects_of_an_org_are_kept() {
        let org = OrgDescribes::new();
        let invent = |n| {
            let key = (0, format!("invented{n}__c"));
            org.objects.entry(key).or_default().into_value()
        };
        for n in 0..1_000 {
            drop(invent(n));
        }
        org.objects.run_pending_tasks();
        assert_eq!(org.objects.entry_count(), 200);
    }

    #[test]
    fn a_failure_is_logged_once_an_hour() {
        let (org, now) = (OrgDescribes::new(), Instant::now());
        assert!(org.may_warn(now));
        assert!(!org.may_warn(now + Duration::from_mins(59)));
        assert!(org.may_warn(now + WARN_EVERY));
    }
}
