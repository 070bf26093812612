//! Tracks how much of the memory each org uses. If there are requests for two or more orgs, none of them may use more
//! than half, so that an org with a slow Salesforce does not block the events of the others.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use smallvec::SmallVec;

use super::Overloaded;

/// How long an org is remembered after its last request.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The number of orgs from which on those that are no longer in use are removed.
const PRUNE_ABOVE_ORGS: usize = 1_024;

/// A random hash seed, so that nobody can choose names whose keys collide.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An org, identified by what a request says about it before Salesforce is asked. Only a hash is kept, not the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrgKey(u64);

impl OrgKey {
    /// The org that this text identifies.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(KEYS.hash_one(name))
    }
}

/// The orgs with recent requests.
#[derive(Debug, Default)]
pub(super) struct OrgUses(Mutex<HashMap<OrgKey, OrgUse>>);

#[derive(Debug)]
struct OrgUse {
    bytes: u64,
    last: Instant,
}

/// The memory that a request has charged to its orgs.
#[derive(Debug, Default)]
pub(super) struct Charges(OnceLock<Charged>);

#[derive(Debug)]
struct Charged {
    orgs: SmallVec<[OrgKey; 1]>,
    each: u64,
}

impl OrgUses {
    fn orgs(&self) -> MutexGuard<'_, HashMap<OrgKey, OrgUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `each` bytes for every org, or for none. A request for an org that has nothing else in flight always fits;
    /// otherwise one that needs more than half could never be served.
    fn take(&self, keys: &[OrgKey], each: u64, half: u64, now: Instant) -> Result<(), Overloaded> {
        let mut orgs = self.orgs();
        if orgs.len() >= PRUNE_ABOVE_ORGS {
            orgs.retain(|_, org| org.bytes > 0 || is_recent(org, now));
        }
        for key in keys {
            let new = OrgUse {
                bytes: 0,
                last: now,
            };
            orgs.entry(*key).or_insert(new).last = now;
        }
        let is_shared = orgs.values().filter(|org| is_recent(org, now)).nth(1);
        if is_shared.is_some() {
            let taken = keys
                .iter()
                .map(|key| orgs.get(key).map_or(0, |org| org.bytes));
            let over = taken.filter(|taken| *taken > 0 && taken.saturating_add(each) > half);
            if let Some(taken) = over.max() {
                return Err(Overloaded::Org {
                    half,
                    taken,
                    needed: each,
                });
            }
        }
        for key in keys {
            if let Some(org) = orgs.get_mut(key) {
                org.bytes += each;
            }
        }
        Ok(())
    }
}

fn is_recent(org: &OrgUse, now: Instant) -> bool {
    now.saturating_duration_since(org.last) < REMEMBERED
}

impl Charges {
    /// Charges equal parts of `bytes` to the orgs of a request, once per request.
    pub(super) fn charge(
        &self,
        all: &OrgUses,
        orgs: impl ExactSizeIterator<Item = OrgKey>,
        bytes: u64,
        half: u64,
    ) -> Result<(), Overloaded> {
        let mut keys: SmallVec<[OrgKey; 1]> = orgs.collect();
        keys.sort_unstable_by_key(|key| key.0);
        keys.dedup();
        if keys.is_empty() || self.0.get().is_some() {
            return Ok(());
        }
        let each = bytes / u64::try_from(keys.len()).unwrap_or(1);
        all.take(&keys, each, half, Instant::now())?;
        // This cannot be set already, because no two tasks use the same request at a time.
        let _ = self.0.set(Charged { orgs: keys, each });
        Ok(())
    }

    /// Returns what was charged.
    pub(super) fn give_back(&mut self, all: &OrgUses) {
        if let Some(charged) = self.0.take() {
            let mut orgs = all.orgs();
            for key in charged.orgs {
                if let Some(org) = orgs.get_mut(&key) {
                    org.bytes -= charged.each;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u64 = 50;

    fn taken(orgs: &OrgUses, name: &str, bytes: u64, now: Instant) -> bool {
        let taken = orgs.take(&[OrgKey::of(name)], bytes, HALF, now);
        taken.is_ok()
    }

    #[test]
    fn an_org_alone_may_fill_all() {
        let (orgs, now) = (OrgUses::default(), Instant::now());
        assert!(taken(&orgs, "a", 60, now) && taken(&orgs, "a", 40, now));
    }

    #[test]
    fn beside_another_an_org_may_fill_half_and_the_other_is_served() {
        let (orgs, now) = (OrgUses::default(), Instant::now());
        assert!(taken(&orgs, "b", 1, now));
        assert!(taken(&orgs, "a", 30, now) && taken(&orgs, "a", 20, now));
        let refused = Overloaded::Org {
            half: HALF,
            taken: 50,
            needed: 1,
        };
        let more = orgs.take(&[OrgKey::of("a")], 1, HALF, now);
        assert_eq!(more, Err(refused));
        assert!(taken(&orgs, "b", 49, now));
    }

    #[test]
    fn one_request_that_needs_more_than_half_passes_alone() {
        let (orgs, now) = (OrgUses::default(), Instant::now());
        assert!(taken(&orgs, "b", 1, now));
        assert!(taken(&orgs, "a", 90, now));
        assert!(!taken(&orgs, "a", 1, now));
    }

    #[test]
    fn an_org_that_has_not_been_seen_for_ten_minutes_is_no_other() {
        let (orgs, before) = (OrgUses::default(), Instant::now());
        assert!(taken(&orgs, "b", 0, before));
        let now = before + REMEMBERED;
        assert!(taken(&orgs, "a", 60, now) && taken(&orgs, "a", 40, now));
    }

    #[test]
    fn orgs_that_have_gone_are_forgotten() {
        let (orgs, before) = (OrgUses::default(), Instant::now());
        for name in 0..PRUNE_ABOVE_ORGS {
            assert!(taken(&orgs, &name.to_string(), 0, before));
        }
        assert!(taken(&orgs, "a", 1, before + REMEMBERED));
        assert_eq!(orgs.orgs().len(), 1);
    }
}
