//! Which of the kept events somebody wants to see: the query of `/events` and `/events/live`.

use std::time::{SystemTime, UNIX_EPOCH};

use thiserror::Error;

use super::kept::{KeptEvent, hex};

/// How many events are wanted if nothing else is said.
const LIMIT: usize = 1_000;

/// The events that are wanted. An event fits if each filter that is set fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    status: Option<Statuses>,
    destination: Option<String>,
    object: Option<String>,
    reason: Option<String>,
    since: Option<u64>,
    message: Option<String>,
    key: Option<String>,
    limit: Option<usize>,
}

/// One status, or a hundred of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statuses {
    One(u16),
    Class(u16),
}

/// Why a query is not understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum FilterError {
    /// There is no such filter.
    #[error(
        "there is no filter \"{0}\": use status, destination, object, reason, since, message, key and limit"
    )]
    Unknown(String),
    /// The value of a filter is none.
    #[error("{name} must be {expected}")]
    Value {
        /// The filter.
        name: &'static str,
        /// What is expected.
        expected: &'static str,
    },
}

impl Filter {
    /// Reads the names and values of a query. An empty value is none.
    ///
    /// # Errors
    /// [`FilterError`].
    pub(crate) fn read<'q>(
        query: impl Iterator<Item = (&'q str, &'q str)>,
        now: SystemTime,
    ) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for (name, value) in query.filter(|(_, value)| !value.is_empty()) {
            let text = || Some(value.to_owned());
            match name {
                "status" => filter.status = Some(Statuses::read(value)?),
                "destination" => filter.destination = text(),
                "object" => filter.object = text(),
                "reason" => filter.reason = text(),
                "since" => filter.since = Some(since(value, now)?),
                "message" => {
                    let message = super::names::shortened(value, super::names::MAX_MESSAGE);
                    filter.message = Some(message.into_owned());
                }
                "key" => filter.key = text(),
                "limit" => filter.limit = Some(limit(value)?),
                other => {
                    let shown = super::names::shortened(other, super::names::MAX_NAME);
                    return Err(FilterError::Unknown(shown.into_owned()));
                }
            }
        }
        Ok(filter)
    }

    /// How many events are wanted.
    pub(super) fn most(&self) -> usize {
        self.limit.unwrap_or(LIMIT)
    }

    /// Whether the event is wanted.
    #[must_use]
    pub(crate) fn fits(&self, event: &KeptEvent) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let has_object = |wanted: &String| {
            let mut objects = event.objects.iter();
            objects.any(|object| object.eq_ignore_ascii_case(wanted))
        };
        self.status.is_none_or(|status| status.fits(event.status))
            && is(&self.destination, event.destination.as_deref())
            && (self.message.as_deref())
                .is_none_or(|wanted| event.message().as_deref() == Some(wanted))
            && self.object.as_ref().is_none_or(has_object)
            && self.since.is_none_or(|since| event.millis >= since)
            && (self.reason.as_deref()).is_none_or(|wanted| event.reasons().any(|it| it == wanted))
            && (self.key.as_deref()).is_none_or(|key| event.key.is_some_and(|it| hex(it) == *key))
    }
}

impl Statuses {
    fn read(text: &str) -> Result<Self, FilterError> {
        let class = text.strip_suffix("xx").and_then(|class| class.parse().ok());
        let class = class.filter(|class| (1..=5).contains(class));
        let one = || text.parse().ok().map(Self::One);
        class
            .map(Self::Class)
            .or_else(one)
            .ok_or(FilterError::Value {
                name: "status",
                expected: "a status such as 400, or 4xx",
            })
    }

    fn fits(self, status: u16) -> bool {
        match self {
            Self::One(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
        }
    }
}

/// The time that is meant: an instant, or so long before `now`.
fn since(text: &str, now: SystemTime) -> Result<u64, FilterError> {
    let ago = humantime::parse_duration(text).ok();
    let time = ago.and_then(|ago| now.checked_sub(ago));
    let time = time.or_else(|| humantime::parse_rfc3339_weak(text).ok());
    let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let millis = time.and_then(|time| u64::try_from(time.as_millis()).ok());
    millis.ok_or(FilterError::Value {
        name: "since",
        expected: "a time such as 2026-11-28T14:22:00Z, or a duration such as 15m",
    })
}

fn limit(text: &str) -> Result<usize, FilterError> {
    let limit = text.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or(FilterError::Value {
        name: "limit",
        expected: "a number from 1 on",
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(name: &str, value: &str) -> Result<Filter, FilterError> {
        let now = UNIX_EPOCH + Duration::from_hours(1);
        Filter::read([(name, value)].into_iter(), now)
    }

    #[test]
    fn a_filter_that_is_not_there_or_has_no_value_is_told() {
        let error = read("colour", "red").unwrap_err().to_string();
        assert!(error.starts_with("there is no filter \"colour\": use status"));
        for (name, value) in [
            ("status", "bad"),
            ("status", "9xx"),
            ("since", "yesterday"),
            ("limit", "0"),
        ] {
            let error = read(name, value).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert_eq!(read("status", ""), Ok(Filter::default()));
    }

    #[test]
    fn a_status_is_one_or_a_hundred() {
        let fits = |text: &str, status| {
            let event = KeptEvent {
                status,
                ..KeptEvent::default()
            };
            read("status", text).unwrap().fits(&event)
        };
        assert!(fits("400", 400) && !fits("400", 401));
        assert!(fits("4xx", 400) && fits("4xx", 429) && !fits("4xx", 500));
    }

    #[test]
    fn since_is_an_instant_or_a_time_ago() {
        let since = |text: &str| read("since", text).unwrap().since;
        assert_eq!(since("15m"), Some(45 * 60_000));
        assert_eq!(since("1970-01-01T00:00:01Z"), Some(1_000));
    }
}
