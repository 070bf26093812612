//! Calls to Salesforce, their outcomes, and lookups that needed no call.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{Metrics, seconds};

#[derive(Debug)]
pub(super) struct CallMetrics {
    made: Family<CallLabels, Counter>,
    seconds: Family<CallLabel, Histogram, fn() -> Histogram>,
    lookups: Family<SourceLabel, Counter>,
    sessions: Family<OutcomeLabel, Counter>,
    unknown_codes: Family<CodeLabel, Counter>,
    /// The unknown error codes that have labels of their own.
    labelled: Mutex<HashSet<String>>,
}

/// The maximum number of unknown codes with labels of their own. It is limited because codes come from outside.
const MAX_UNKNOWN_CODES: usize = 100;

/// The maximum length of an unknown code with a label of its own, in bytes.
const MAX_CODE_LENGTH: usize = 80;

/// A kind of call to Salesforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A request for an access token.
    Token,
    /// A SOQL query, or a further page of one.
    Query,
    /// A request of inline delivery that writes records.
    Collections,
    /// A request of the delivery proxy that writes a record.
    Write,
    /// A request for the description of an object, or a request of `check` about the org.
    Describe,
}

impl Call {
    fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Query => "query",
            Self::Collections => "collections",
            Self::Write => "write",
            Self::Describe => "describe",
        }
    }
}

/// The source of a lookup's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupSource {
    /// A query contains the key.
    Asked,
    /// Another event of the same request looks up the same key.
    Repeated,
    /// Another request is already looking up the key.
    Shared,
    /// The result was cached (`LOOKUP_CACHE_TTL`).
    Remembered,
}

impl LookupSource {
    fn label(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Repeated => "repeated",
            Self::Shared => "shared",
            Self::Remembered => "remembered",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    call: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabel {
    call: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: String,
}

impl CallMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let calls = Self {
            made: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            lookups: Family::default(),
            sessions: Family::default(),
            unknown_codes: Family::default(),
            labelled: Mutex::default(),
        };
        registry.register(
            "salesforce_calls",
            "Calls to Salesforce, by kind and outcome (ok or the fault); all kinds except token count against the org's limit; outcome reserved: the call was not made because only the calls reserved by API_RESERVE are left",
            calls.made.clone(),
        );
        registry.register_with_unit(
            "salesforce_call",
            "Time until Salesforce answered",
            Unit::Seconds,
            calls.seconds.clone(),
        );
        registry.register(
            "lookups",
            "Keys looked up, by source: asked (in a query), or without a query of their own: repeated (in the same request), shared (with another request), remembered (LOOKUP_CACHE_TTL)",
            calls.lookups.clone(),
        );
        registry.register(
            "sessions",
            "Requests for a Salesforce session, by the source of the token (secret: from rudder-server, cached, login) or the reason that there is none",
            calls.sessions.clone(),
        );
        registry.register(
            "salesforce_unknown_codes",
            "Errors from Salesforce whose code docs/faults.md does not list, by code (none: no code; other: malformed, or not among the first hundred codes)",
            calls.unknown_codes.clone(),
        );
        calls
    }

    /// The label for an unknown code: the code itself if it is well-formed and among the first [`MAX_UNKNOWN_CODES`].
    fn label(&self, code: &str) -> String {
        if code.is_empty() {
            return "none".to_owned();
        }
        let has_form = code.len() <= MAX_CODE_LENGTH
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let mut labelled = self.labelled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_labelled = has_form
            && (labelled.contains(code)
                || labelled.len() < MAX_UNKNOWN_CODES && labelled.insert(code.to_owned()));
        if is_labelled { code } else { "other" }.to_owned()
    }
}

impl Metrics {
    /// Counts a call to Salesforce. `outcome` is `ok` or the fault's label.
    pub fn salesforce_call(&self, call: Call, outcome: &'static str, elapsed: Duration) {
        self.count(call, outcome);
        let label = CallLabel { call: call.label() };
        self.calls
            .seconds
            .get_or_create(&label)
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a call that was not made. It does not enter the histogram of durations.
    pub fn call_held_back(&self, call: Call, outcome: &'static str) {
        self.count(call, outcome);
    }

    fn count(&self, call: Call, outcome: &'static str) {
        let call = call.label();
        let labels = CallLabels { call, outcome };
        self.calls.made.get_or_create(&labels).inc();
    }

    /// Counts keys that were looked up.
    pub fn lookups(&self, source: LookupSource, keys: usize) {
        if keys > 0 {
            let label = SourceLabel {
                source: source.label(),
            };
            let keys = u64::try_from(keys).unwrap_or(u64::MAX);
            self.calls.lookups.get_or_create(&label).inc_by(keys);
        }
    }

    /// Counts a request for a session. `outcome` is the source of its token, or the label of the error.
    pub fn session(&self, outcome: &'static str) {
        let label = OutcomeLabel { outcome };
        self.calls.sessions.get_or_create(&label).inc();
    }

    /// Counts an error from Salesforce whose code this service does not know.
    pub fn unknown_code(&self, code: &str) {
        let label = CodeLabel {
            code: self.calls.label(code),
        };
        self.calls.unknown_codes.get_or_create(&label).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_from_outside_make_a_bounded_number_of_labels() {
        let metrics = Metrics::default();
        let calls = &metrics.calls;
        assert_eq!(calls.label("SOMETHING_NEW"), "SOMETHING_NEW");
        assert_eq!(calls.label(""), "none");
        assert_eq!(calls.label("ada@example.com"), "other");
        assert_eq!(calls.label(&"X".repeat(MAX_CODE_LENGTH + 1)), "other");
        let labels: HashSet<_> = (0..1_000).map(|n| calls.label(&format!("C{n}"))).collect();
        assert_eq!(labels.len(), MAX_UNKNOWN_CODES);
        assert_eq!(calls.label("SOMETHING_NEW"), "SOMETHING_NEW");
    }
}
