//! Reads the error bodies of Salesforce. A member that is absent or has an unexpected type is treated as empty, so that
//! the rest of the error is still used.

use super::{Fault, duplicates::Duplicates};
use crate::{
    json::{Object, Value},
    salesforce::body::lossy,
};

/// Salesforce's answer when it refuses a request: HTTP status, error code and text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `errorCode`, or `error` of a token response; empty if the body has neither.
    pub code: String,
    /// Salesforce's own text.
    pub message: String,
    /// The fields that Salesforce objects to.
    pub fields: Vec<String>,
    /// The finding of a duplicate rule.
    pub duplicates: Option<Box<Duplicates>>,
    /// The other errors of the same answer. There are more than [`MAX_OTHERS`] if not all were kept.
    pub others: Box<[Refusal]>,
}

/// Texts that indicate a lock or a limit of the org's own code. They count only under codes whose texts Salesforce
/// itself writes. The same request may succeed if it runs alone.
const PASSING_TEXTS: [&str; 9] = [
    "UNABLE_TO_LOCK_ROW",
    "unable to obtain exclusive access",
    "Too many SOQL queries",
    "Too many SOSL queries",
    "Too many query rows",
    "Too many DML",
    "Apex CPU time limit exceeded",
    "Apex heap size too large",
    "System.LimitException",
];

/// The maximum length of an error code, in characters.
const MAX_CODE: usize = 100;

/// The maximum length of Salesforce's text that is kept, in characters. It is large because a lock or a limit may be
/// mentioned late in the text.
const MAX_MESSAGE: usize = 20_000;

/// The maximum number of field names that are kept, and the maximum length of each in characters.
const MAX_FIELDS: usize = 20;
const MAX_FIELD: usize = 100;

/// The maximum number of other errors that are kept beside the one that decides.
pub(super) const MAX_OTHERS: usize = 10;

/// The maximum length of Salesforce's text that an error repeats, in characters.
const MAX_SHOWN: usize = 500;

impl Refusal {
    /// Whether the text mentions a limit or a lock. The text may quote data; therefore it counts only under codes of
    /// the org's own code, and only for a limited number of attempts.
    pub(super) fn has_passing_text(&self) -> bool {
        PASSING_TEXTS.iter().any(|text| self.message.contains(text))
    }
}

/// Omits Salesforce's text, which may repeat what it was sent.
impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// If a record is refused inside a response that is otherwise a success, the status of the response is not shown.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = match self.status {
            200..=299 => String::new(),
            status => format!("HTTP {status}"),
        };
        let head = [status.as_str(), &self.code];
        let head: Vec<&str> = head.into_iter().filter(|part| !part.is_empty()).collect();
        let head = head.join(" ");
        match (head.as_str(), self.message.as_str()) {
            ("", "") => f.write_str("it gives no reason")?,
            (head, "") => f.write_str(head)?,
            ("", message) => write!(f, "{message:.MAX_SHOWN$}")?,
            (head, message) => write!(f, "{head}: {message:.MAX_SHOWN$}")?,
        }
        if !self.fields.is_empty() {
            write!(f, " (fields: {})", self.fields.join(", "))?;
        }
        if let Some(duplicates) = &self.duplicates {
            write!(f, "{duplicates}")?;
        }
        self.advice()
            .map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl Refusal {
    /// Advice for people, if Salesforce's own text does not contain it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self.code.as_str() {
            "CANNOT_UPDATE_CONVERTED_LEAD" => Some(
                "with useContactId in the destination's settings, the contact of a converted lead is written instead",
            ),
            "DUPLICATES_DETECTED" => Some(
                "DUPLICATES=update updates the record that a rule finds, if it is the only one and a sure match; DUPLICATES=save \
                 saves what a rule only alerts about",
            ),
            _ => None,
        }
    }
}

impl Fault {
    /// Salesforce's answer, if there is one.
    #[must_use]
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::SessionExpired(refusal)
            | Self::LimitReached(refusal)
            | Self::Unavailable(refusal)
            | Self::Passing(refusal)
            | Self::Waiting(refusal, _)
            | Self::Automation(refusal)
            | Self::Unknown(refusal)
            | Self::Refused(refusal) => Some(refusal),
            Self::Reserved { .. }
            | Self::BeingCreated
            | Self::Redirected { .. }
            | Self::Timeout(_)
            | Self::ConnectionRefused
            | Self::Connection(_)
            | Self::Overloaded(_)
            | Self::Unreadable(_) => None,
        }
    }
}

/// The errors in the body of an unsuccessful response; empty if the body has no known form.
pub(super) fn refusals(status: u16, body: &[u8]) -> Vec<Refusal> {
    let Ok(document) = lossy(body) else {
        return Vec::new();
    };
    let root = document.root();
    match (root.as_array(), root.as_object()) {
        (Some(errors), _) => read(status, errors).collect(),
        // The form of the token endpoint, and of a single error outside a list.
        (None, Some(error)) => {
            let refusal = refusal(status, error);
            let says = !refusal.code.is_empty();
            says.then_some(refusal).into_iter().collect()
        }
        (None, None) => Vec::new(),
    }
}

/// The refusals inside a 2xx response: a record's result, one in a list of results, or an sObject Tree, which is
/// written completely or not at all. `None` if nothing is refused. A result with `success: false` counts as refused,
/// whatever else it contains.
pub(super) fn refused_in_success(status: u16, root: Value<'_>) -> Option<Vec<Refusal>> {
    let is =
        |result: Object<'_>, name, json| result.get(name).is_some_and(|value| value.json() == json);
    let results = root.as_array().unwrap_or_else(|| vec![root]);
    let failed: Vec<Object<'_>> = results
        .into_iter()
        .filter_map(Value::as_object)
        .filter(|result| is(*result, "success", "false") || is(*result, "hasErrors", "true"))
        .collect();
    let errors = failed
        .iter()
        .filter_map(|result| result.get("errors")?.as_array());
    let refusals = errors.flat_map(|errors| read(status, errors));
    (!failed.is_empty()).then(|| refusals.collect())
}

fn read(status: u16, errors: Vec<Value<'_>>) -> impl Iterator<Item = Refusal> {
    let errors = errors.into_iter().filter_map(Value::as_object);
    errors.map(move |error| refusal(status, error))
}

/// Reads an error in the form of Salesforce's REST API or of the token endpoint. A record's result inside a 2xx
/// response names the code `statusCode`.
fn refusal(status: u16, error: Object<'_>) -> Refusal {
    let text_of = |names: &[&str], longest| {
        let text = names.iter().find_map(|name| error.get(name)?.as_text());
        let text = text.unwrap_or_default();
        text.chars().take(longest).collect()
    };
    let fields = error.get("fields").and_then(Value::as_array);
    let fields = fields.unwrap_or_default().into_iter();
    let fields = fields.filter_map(Value::as_text).take(MAX_FIELDS);
    // The first spelling, with the typo, is the one that Salesforce uses.
    let duplicates = ["duplicateResut", "duplicateResult"].into_iter();
    let mut duplicates = duplicates.filter_map(|name| {
        let result = serde_json::from_str(error.get(name)?.json()).ok()?;
        Duplicates::read(&result).map(Box::new)
    });
    Refusal {
        status,
        code: text_of(&["errorCode", "statusCode", "error"], MAX_CODE),
        message: text_of(&["message", "error_description"], MAX_MESSAGE),
        fields: fields
            .map(|field| field.chars().take(MAX_FIELD).collect())
            .collect(),
        duplicates: duplicates.next(),
        others: Box::default(),
    }
}
