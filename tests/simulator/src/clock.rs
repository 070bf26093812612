//! Time without a clock: every write gets the next second of an invented year, so later writes always compare later.

use std::time::{Duration, SystemTime};

/// Seconds of a day.
const DAY: u64 = 86_400;
/// The year in which the simulated org was founded.
const FIRST_YEAR: u64 = 2026;
/// The first second of that year, since 1970.
const FOUNDED: Duration = Duration::from_hours(490_896);

/// Counts the writes of an org.
#[derive(Debug, Default)]
pub(super) struct Clock {
    seconds: u64,
}

impl Clock {
    /// The next moment, as Salesforce writes a datetime: `2026-01-01T00:00:00.000+0000`.
    pub(super) fn tick(&mut self) -> String {
        datetime(self.next())
    }

    /// The next moment, in seconds since the org was founded.
    pub(super) fn next(&mut self) -> u64 {
        let now = self.seconds;
        self.seconds += 1;
        now
    }
}

/// A moment as HTTP writes it: `Thu, 01 Jan 2026 00:00:00 GMT`.
pub(super) fn http_date(seconds: u64) -> String {
    httpdate::fmt_http_date(moment(seconds))
}

/// Whether a moment as HTTP writes it is not before one of the org's. What is no such moment is before all of them.
pub(super) fn is_since(http_date: &str, seconds: u64) -> bool {
    let read = httpdate::parse_http_date(http_date);
    read.is_ok_and(|read| read >= moment(seconds))
}

fn moment(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + FOUNDED + Duration::from_secs(seconds)
}

fn datetime(seconds: u64) -> String {
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000+0000")
}

fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = FIRST_YEAR;
    loop {
        for (month, length) in (1..).zip(month_lengths(year)) {
            if days < length {
                return (year, month, days + 1);
            }
            days -= length;
        }
        year += 1;
    }
}

/// Leap years by the rule of four, which holds until 2100.
pub(super) fn month_lengths(year: u64) -> [u64; 12] {
    let february = if year.is_multiple_of(4) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_write_happens_at_the_start_of_2026() {
        assert_eq!(Clock::default().tick(), "2026-01-01T00:00:00.000+0000");
    }

    #[test]
    fn every_write_is_later_than_the_one_before() {
        let mut clock = Clock {
            seconds: 31 * DAY - 2,
        };
        let ticks: Vec<_> = (0..4).map(|_| clock.tick()).collect();
        assert!(
            ticks.is_sorted_by(|earlier, later| earlier < later),
            "{ticks:?}"
        );
    }

    #[test]
    fn http_writes_moments_in_its_own_form_and_compares_them() {
        assert_eq!(http_date(61), "Thu, 01 Jan 2026 00:01:01 GMT");
        assert!(is_since("Thu, 01 Jan 2026 00:01:01 GMT", 61));
        assert!(!is_since("Thu, 01 Jan 2026 00:01:01 GMT", 62));
        assert!(!is_since("yesterday", 0));
    }

    #[test]
    fn months_and_leap_years_are_those_of_the_calendar() {
        assert_eq!(datetime(59 * DAY + 3_661), "2026-03-01T01:01:01.000+0000");
        assert_eq!(
            datetime((2 * 365 + 59) * DAY),
            "2028-02-29T00:00:00.000+0000"
        );
    }
}
