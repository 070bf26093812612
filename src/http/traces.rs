//! The traces that a request belongs to: from its `traceparent` header, and from `metadata.traceparent` of its events
//! (W3C Trace Context, section 3.2). They are logged so that the log line of a request can be found by its traces.

use axum::http::HeaderMap;

use crate::{json::Value, rudderstack::Entry};

/// How many traces a log line names. A batch may have as many as events.
const MAX_TRACES: usize = 8;

/// The trace ids of a request's events, without duplicates.
#[derive(Clone, Debug)]
pub(super) struct Traces(Vec<String>);

impl Traces {
    /// The traces of these events; `None` if there are none.
    pub(super) fn of(entries: &[Entry<'_>]) -> Option<Self> {
        Self::of_parents(entries.iter().filter_map(Entry::traceparent))
    }

    /// The traces in the metadata of jobs.
    pub(super) fn of_jobs<'a>(jobs: impl IntoIterator<Item = Value<'a>>) -> Option<Self> {
        let parent = |metadata: Value<'a>| metadata.as_object()?.get("traceparent");
        Self::of_parents(jobs.into_iter().filter_map(parent))
    }

    fn of_parents<'a>(parents: impl Iterator<Item = Value<'a>>) -> Option<Self> {
        let mut ids: Vec<String> = Vec::new();
        for parent in parents.filter_map(Value::as_text) {
            let id = trace_id(&parent).filter(|id| !ids.iter().any(|known| known == id));
            ids.extend(id.map(ToOwned::to_owned));
            if ids.len() == MAX_TRACES {
                break;
            }
        }
        (!ids.is_empty()).then_some(Self(ids))
    }
}

/// The trace id in the `traceparent` header.
pub(super) fn of_header(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    trace_id(parent).map(ToOwned::to_owned)
}

/// The client's trace and those of the events, as one text.
pub(super) fn joined(own: Option<&str>, events: Option<&Traces>) -> Option<String> {
    let events = events.map(|traces| traces.0.as_slice()).unwrap_or_default();
    let others = events.iter().map(String::as_str);
    let others = others.filter(|id| Some(*id) != own);
    let ids: Vec<&str> = own.into_iter().chain(others).collect();
    (!ids.is_empty()).then(|| ids.join(","))
}

/// The trace id of a `traceparent` such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; `None` if it is
/// malformed, so that only hexadecimal digits reach the log.
fn trace_id(parent: &str) -> Option<&str> {
    let (version, trace, span) = (parent.get(..2)?, parent.get(3..35)?, parent.get(36..52)?);
    let ends = [2, 35, 52].map(|end| parent.as_bytes().get(end));
    let is_parted = matches!(ends, [Some(b'-'), Some(b'-'), Some(b'-') | None]);
    let is_hex = |part: &str| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        part.bytes().all(is_digit)
    };
    let is_id = |part: &str| is_hex(part) && part.bytes().any(|byte| byte != b'0');
    let is_valid = is_parted && is_hex(version) && version != "ff" && is_id(trace) && is_id(span);
    is_valid.then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn the_second_part_of_a_traceparent_is_the_trace() {
        let parent = format!("00-{ID}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&parent), Some(ID));
    }

    #[test]
    fn what_is_no_traceparent_names_no_trace() {
        let zeros = "0".repeat(32);
        for parent in [
            String::new(),
            ID.to_owned(),
            format!("00-{ID}"),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{ID}-0000000000000000-01"),
            format!("ff-{ID}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
            "00-ada@example.com-00f067aa0ba902b7-01".to_owned(),
        ] {
            assert_eq!(trace_id(&parent), None, "{parent}");
        }
    }

    #[test]
    fn each_trace_is_named_once_the_callers_own_first() {
        let events = Traces(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(joined(Some("b"), Some(&events)).as_deref(), Some("b,a"));
        assert_eq!(joined(None, None), None);
    }
}
