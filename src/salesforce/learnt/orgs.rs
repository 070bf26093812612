//! The orgs in use, what is to be told of each, and how far this replica has read.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::watch;

use crate::salesforce::session::Instance;

/// The maximum number of orgs whose knowledge is exchanged.
const MAX_ORGS: u64 = 1_000;

/// The maximum number of lessons of an org that wait to be told.
const MAX_LESSONS: usize = 500;

/// How old the exchanged knowledge of an org in use may be.
const RECENT: Duration = Duration::from_secs(2);

/// The position before all lessons.
const START: &str = "0-0";

/// What this replica exchanges with others.
#[derive(Debug)]
pub(in crate::salesforce) struct Learning {
    /// The name of this replica, which no other one has.
    replica: String,
    orgs: Cache<Instance, Arc<Mutex<OrgLessons>>>,
}

/// What is exchanged about one org.
#[derive(Debug)]
struct OrgLessons {
    /// Whether the org was used since the last exchange.
    is_in_use: bool,
    exchanged: Option<Instant>,
    /// The channel that closes when the exchange in progress has ended.
    exchanging: Option<watch::Receiver<()>>,
    /// The id of the last lesson that was read.
    last: Arc<str>,
    /// What is to be told, and when it was learnt.
    untold: VecDeque<(Instant, Arc<str>)>,
}

impl Default for OrgLessons {
    fn default() -> Self {
        Self {
            is_in_use: false,
            exchanged: None,
            exchanging: None,
            last: START.into(),
            untold: VecDeque::new(),
        }
    }
}

/// What is told in an exchange.
#[derive(Debug)]
pub(super) struct Lessons {
    pub(super) last: Arc<str>,
    pub(super) texts: Vec<(Instant, Arc<str>)>,
}

/// Who exchanges.
#[derive(Debug)]
pub(super) enum Turn {
    /// The caller, who closes the channel when it is done.
    Mine(Lessons, watch::Sender<()>),
    /// Another caller, until the channel closes.
    Wait(watch::Receiver<()>),
}

impl Default for Learning {
    fn default() -> Self {
        let orgs = Cache::builder().max_capacity(MAX_ORGS);
        Self {
            replica: format!("{:032x}", fastrand::u128(..)),
            orgs: orgs.eviction_policy(EvictionPolicy::lru()).build(),
        }
    }
}

impl Learning {
    /// The name of this replica.
    pub(super) fn replica(&self) -> &str {
        &self.replica
    }

    /// Adds a lesson to be told. If too many wait, the oldest one is dropped.
    pub(super) fn add(&self, org: &Instance, now: Instant, text: String) {
        self.with(org, |org| {
            if org.untold.len() >= MAX_LESSONS {
                org.untold.pop_front();
            }
            org.untold.push_back((now, text.into()));
        });
    }

    /// Notes that an org is used. Returns whether the last exchange is long ago.
    pub(super) fn is_behind(&self, org: &Instance, now: Instant) -> bool {
        self.with(org, |org| {
            org.is_in_use = true;
            let age = org.exchanged.map(|at| now.saturating_duration_since(at));
            age.is_none_or(|age| age >= RECENT)
        })
    }

    /// The orgs that were used since this was asked last, or of which something is to be told.
    pub(super) fn in_use(&self) -> Vec<Arc<Instance>> {
        let used = self
            .orgs
            .iter()
            .filter(|(_, org)| lock(org).must_exchange());
        used.map(|(org, _)| org).collect()
    }

    /// Begins an exchange, or waits for the one in progress.
    pub(super) fn begin(&self, org: &Instance) -> Turn {
        self.with(org, |org| {
            let exchanging = org.exchanging.clone();
            if let Some(ended) = exchanging.filter(|it| it.has_changed().is_ok()) {
                return Turn::Wait(ended);
            }
            let (done, ended) = watch::channel(());
            org.exchanging = Some(ended);
            let lessons = Lessons {
                last: Arc::clone(&org.last),
                texts: org.untold.iter().cloned().collect(),
            };
            Turn::Mine(lessons, done)
        })
    }

    /// Notes that so many lessons were told, and those up to `last` were read.
    pub(super) fn ended(&self, org: &Instance, now: Instant, told: usize, last: Option<String>) {
        self.with(org, |org| {
            org.exchanged = Some(now);
            org.untold.drain(..told.min(org.untold.len()));
            if let Some(last) = last {
                org.last = last.into();
            }
        });
    }

    fn with<T>(&self, org: &Instance, change: impl FnOnce(&mut OrgLessons) -> T) -> T {
        let org = self.orgs.entry_by_ref(org).or_default().into_value();
        change(&mut lock(&org))
    }
}

impl OrgLessons {
    /// Whether something is to be exchanged. The org counts as idle from now on.
    fn must_exchange(&mut self) -> bool {
        std::mem::take(&mut self.is_in_use) || !self.untold.is_empty()
    }
}

/// Ignores poisoning: the lessons are consistent even if another thread has panicked.
fn lock(org: &Mutex<OrgLessons>) -> MutexGuard<'_, OrgLessons> {
    org.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Instance {
        let hosts = "*.salesforce.com".parse().unwrap();
        Instance::new("https://acme.salesforce.com", &hosts).unwrap()
    }

    fn mine(learning: &Learning) -> (Vec<String>, watch::Sender<()>) {
        match learning.begin(&acme()) {
            Turn::Mine(lessons, done) => {
                let texts = lessons.texts.iter().map(|(_, text)| text.to_string());
                (texts.collect(), done)
            }
            Turn::Wait(_) => panic!("another exchange is in progress"),
        }
    }

    #[test]
    fn an_org_that_is_idle_is_in_no_exchange() {
        let (learning, now) = (Learning::default(), Instant::now());
        assert!(learning.is_behind(&acme(), now));
        assert_eq!(learning.in_use().len(), 1);
        assert_eq!(learning.in_use().len(), 0);
        drop(mine(&learning));
        learning.ended(&acme(), now, 0, None);
        assert_eq!(learning.in_use().len(), 0);
        assert!(!learning.is_behind(&acme(), now + Duration::from_secs(1)));
        assert!(learning.is_behind(&acme(), now + RECENT));
    }

    #[test]
    fn a_lesson_is_told_until_the_store_has_it() {
        let learning = Learning::default();
        learning.add(&acme(), Instant::now(), "one".to_owned());
        let (texts, lost) = mine(&learning);
        assert_eq!(texts, ["one"]);
        assert!(matches!(learning.begin(&acme()), Turn::Wait(_)));
        drop(lost);
        let (texts, done) = mine(&learning);
        assert_eq!(texts, ["one"]);
        learning.add(&acme(), Instant::now(), "two".to_owned());
        learning.ended(&acme(), Instant::now(), 1, Some("5-0".to_owned()));
        drop(done);
        let (texts, _done) = mine(&learning);
        assert_eq!(texts, ["two"]);
    }

    #[test]
    fn few_lessons_wait_to_be_told() {
        let learning = Learning::default();
        for number in 0..2 * MAX_LESSONS {
            learning.add(&acme(), Instant::now(), number.to_string());
        }
        let (texts, _done) = mine(&learning);
        assert_eq!(texts.len(), MAX_LESSONS);
        assert_eq!(texts[0], MAX_LESSONS.to_string());
    }
}
