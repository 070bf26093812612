//! What was counted in each of the last 60 minutes, in memory that is used again.

/// How many minutes are kept, the present one included.
const MINUTES: usize = 60;

/// The length of a minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// What was counted in each of the last minutes. Times are in milliseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Minutes<T>([Slot<T>; MINUTES]);

/// A minute, and what was counted in it.
#[derive(Clone, Debug, Default)]
struct Slot<T> {
    /// Its number since 1970.
    minute: u64,
    counted: T,
}

impl<T: Default> Default for Minutes<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Slot::default()))
    }
}

impl<T: Default> Minutes<T> {
    /// What is counted in the minute of this time. It takes the place of what was counted an hour earlier.
    pub(super) fn at(&mut self, millis: u64) -> &mut T {
        let minute = minute(millis);
        let slot = &mut self.0[place(minute)];
        if slot.minute != minute {
            *slot = Slot {
                minute,
                counted: T::default(),
            };
        }
        &mut slot.counted
    }

    /// The last minutes until this time, the oldest first: when each begins, and what was counted in it, if anything was.
    pub(super) fn until(&self, millis: u64) -> impl Iterator<Item = (u64, Option<&T>)> {
        let present = minute(millis);
        (present.saturating_sub(MINUTES as u64 - 1)..=present).map(|minute| {
            let slot = &self.0[place(minute)];
            let counted = (slot.minute == minute).then_some(&slot.counted);
            (minute * MINUTE, counted)
        })
    }
}

/// The number of the minute of this time.
pub(super) const fn minute(millis: u64) -> u64 {
    millis / MINUTE
}

/// Where a minute is kept.
fn place(minute: u64) -> usize {
    usize::try_from(minute % MINUTES as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was counted in the last hour.
    fn hour(minutes: &Minutes<u64>, now: u64) -> Vec<u64> {
        let counted = minutes.until(now * MINUTE);
        counted.filter_map(|(_, count)| count.copied()).collect()
    }

    #[test]
    fn a_minute_is_kept_for_an_hour() {
        let mut minutes = Minutes::default();
        *minutes.at(1_000 * MINUTE) += 1;
        *minutes.at(1_000 * MINUTE + 59_999) += 1;
        *minutes.at(1_001 * MINUTE) += 5;
        assert_eq!(hour(&minutes, 1_001), [2, 5]);
        assert_eq!(hour(&minutes, 1_059), [2, 5]);
        assert_eq!(hour(&minutes, 1_060), [5]);
        *minutes.at(1_060 * MINUTE) += 7;
        assert_eq!(hour(&minutes, 1_060), [5, 7]);
        assert_eq!(hour(&minutes, 9_000), [0_u64; 0]);
    }

    #[test]
    fn a_clock_that_is_set_back_shows_nothing_of_the_future() {
        let mut minutes = Minutes::default();
        *minutes.at(1_000 * MINUTE) += 1;
        *minutes.at(990 * MINUTE) += 2;
        assert_eq!(hour(&minutes, 990), [2]);
        assert_eq!(hour(&minutes, 1_000), [2, 1]);
    }

    #[test]
    fn each_minute_is_listed_with_its_beginning() {
        let minutes = Minutes::<u64>::default();
        let listed: Vec<_> = minutes.until(1_000 * MINUTE + 1).collect();
        assert_eq!(listed.len(), 60);
        assert_eq!(listed[0], (941 * MINUTE, None));
        assert_eq!(listed[59], (1_000 * MINUTE, None));
    }
}
