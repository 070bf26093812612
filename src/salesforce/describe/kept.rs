//! The memory that descriptions take: beyond a number of bytes, those used least recently are dropped.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::object::ObjectDescription;

/// The maximum memory of all descriptions, in bytes: that of a few hundred large objects. Any object of an org can be named by
/// events.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// The descriptions of all orgs.
pub(super) struct KeptDescriptions {
    by_number: Cache<u64, Arc<ObjectDescription>>,
    last: AtomicU64,
}

/// A description that is kept until it is dropped, or until others need its memory.
pub(super) struct Kept {
    number: u64,
    by_number: Cache<u64, Arc<ObjectDescription>>,
}

impl KeptDescriptions {
    /// Keeps at most this many bytes.
    pub(super) fn new(max_bytes: u64) -> Self {
        let weigh = |_: &u64, description: &Arc<ObjectDescription>| {
            u32::try_from(description.bytes()).unwrap_or(u32::MAX)
        };
        let by_number = Cache::builder().max_capacity(max_bytes).weigher(weigh);
        Self {
            by_number: by_number.eviction_policy(EvictionPolicy::lru()).build(),
            last: AtomicU64::new(0),
        }
    }

    /// Keeps a description.
    pub(super) fn keep(&self, description: ObjectDescription) -> Kept {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        self.by_number.insert(number, Arc::new(description));
        Kept {
            number,
            by_number: self.by_number.clone(),
        }
    }
}

impl Kept {
    /// The description, unless its memory was needed.
    pub(super) fn get(&self) -> Option<Arc<ObjectDescription>> {
        self.by_number.get(&self.number)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.by_number.invalidate(&self.number);
    }
}

impl fmt::Debug for KeptDescriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptDescriptions")
            .field("bytes", &self.by_number.weighted_size())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.number).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_used_least_recently_makes_room() {
        let field = r#"{"name":"Name","createable":true,"updateable":true}"#;
        let text = format!(
            r#"{{"queryable":true,"createable":true,"updateable":true,"fields":[{field}]}}"#
        );
        let description = || serde_json::from_str::<ObjectDescription>(&text).unwrap();
        let bytes = u64::try_from(description().bytes()).unwrap();
        let all = KeptDescriptions::new(2 * bytes);
        let (first, second) = (all.keep(description()), all.keep(description()));
        all.by_number.run_pending_tasks();
        assert!(first.get().is_some());
        let third = all.keep(description());
        all.by_number.run_pending_tasks();
        let known = [&first, &second, &third].map(|kept| kept.get().is_some());
        assert_eq!(known, [true, false, true]);
        drop((first, third));
        all.by_number.run_pending_tasks();
        assert_eq!(all.by_number.weighted_size(), 0);
    }
}
