//! Remembers the recently written parts of jobs in few bytes. A moka cache takes 330 bytes for each entry.

use std::{
    collections::HashSet,
    mem,
    time::{Duration, Instant},
};

/// Identifies a job by its content: a hash of destination, job id and message. The job id alone is not enough, because another
/// rudder-server may use the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JobId(pub(super) [u8; 16]);

#[cfg(test)]
impl JobId {
    pub(super) fn of(number: u64) -> Self {
        Self(u128::from(number).to_be_bytes())
    }
}

/// Identifies a part: the job, and the index of the record in it.
pub(super) type PartId = (JobId, usize);

/// How long a part is remembered at least. It is forgotten after at most twice this time, and earlier if too many parts
/// follow.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The maximum number of remembered parts, however much memory there is: twice ten minutes at 1,600 parts a second.
const MAX_PARTS: usize = 2_000_000;

/// The number of parts that are remembered however little memory there is.
const MIN_PARTS: usize = 2_000;

/// The memory that a part takes, in bytes: 25 in a table that is half full.
const PART_BYTES: u64 = 64;

/// Written parts may take one fourth of the memory limit of requests in flight, in addition to that limit.
const MEMORY_SHARE: u64 = 4;

/// Written parts: those of the current period and those of the previous one.
#[derive(Debug)]
pub(super) struct RecentlyWritten {
    present: HashSet<PartId>,
    before: HashSet<PartId>,
    since: Instant,
    /// The number of parts after which a period ends.
    most: usize,
}

impl RecentlyWritten {
    /// An empty memory, sized for `in_flight`: the number of bytes that requests in flight may take.
    pub(super) fn within(in_flight: u64, now: Instant) -> Self {
        let fitting = usize::try_from(in_flight / MEMORY_SHARE / PART_BYTES).unwrap_or(usize::MAX);
        Self {
            present: HashSet::new(),
            before: HashSet::new(),
            since: now,
            most: fitting.clamp(MIN_PARTS, MAX_PARTS) / 2,
        }
    }

    /// Whether a part was written recently.
    pub(super) fn contains(&mut self, part: &PartId, now: Instant) -> bool {
        self.turn(now);
        self.present.contains(part) || self.before.contains(part)
    }

    /// Remembers a part.
    pub(super) fn insert(&mut self, part: PartId, now: Instant) {
        self.turn(now);
        self.present.insert(part);
    }

    /// Starts a new period if the current one is over.
    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age < REMEMBERED && self.present.len() < self.most {
            return;
        }
        self.before = mem::take(&mut self.present);
        if age >= 2 * REMEMBERED {
            self.before = HashSet::new();
        }
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u64) -> PartId {
        (JobId::of(number), 0)
    }

    #[test]
    fn a_part_is_remembered_for_ten_minutes_at_least_and_for_twenty_at_most() {
        let start = Instant::now();
        let after = |minutes| start + Duration::from_mins(minutes);
        let mut written = RecentlyWritten::within(u64::MAX, start);
        written.insert(part(1), after(9));
        assert!(written.contains(&part(1), after(9)));
        assert!(!written.contains(&part(2), after(9)));
        assert!(written.contains(&part(1), after(19)));
        assert!(!written.contains(&part(1), after(29)));

        written.insert(part(3), after(29));
        assert!(!written.contains(&part(3), after(60)));
    }

    #[test]
    fn the_last_parts_are_remembered_within_their_memory_limit() {
        let now = Instant::now();
        let mut written = RecentlyWritten::within(64 << 20, now);
        let half = 1 << 17;
        (0..10 * half).for_each(|number| written.insert(part(number), now));
        assert!((9 * half..10 * half).all(|number| written.contains(&part(number), now)));
        let capacity = written.present.capacity() + written.before.capacity();
        let bytes = capacity * (size_of::<PartId>() + 1) * 8 / 7;
        assert!(bytes <= 16 << 20, "{bytes}");
    }
}
