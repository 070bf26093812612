//! What Salesforce says when it refuses, read from the bodies that it writes. A member that is absent or of another type than
//! Salesforce gives it is empty: the rest of an error still says what it says.

use super::duplicates::Duplicates;
use crate::json::{Document, Object, Value};

/// What Salesforce says in an answer that refuses: HTTP status, error code and text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `errorCode`, or `error` of a token answer; empty where the body has none.
    pub code: String,
    /// Salesforce's own text.
    pub message: String,
    /// The fields that Salesforce objects to.
    pub fields: Vec<String>,
    /// What a duplicate rule has found.
    pub duplicates: Option<Box<Duplicates>>,
}

/// Texts by which limits of the org's own code and locks are told, under the codes whose texts Salesforce's machinery writes:
/// the same request may succeed when it runs alone.
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

/// How long an error code may be, in characters.
const MAX_CODE: usize = 100;

/// How much of Salesforce's text is kept, in characters: a lock or a limit may be told late in it.
const MAX_MESSAGE: usize = 20_000;

/// How many names of fields are kept, and how long they may be, in characters.
const MAX_FIELDS: usize = 20;
const MAX_FIELD: usize = 100;

/// How much of Salesforce's text an error repeats, in characters.
const MAX_SHOWN: usize = 500;

impl Refusal {
    /// Whether the text tells of a limit or a lock. It may quote data, so that it counts under codes of the org's own code
    /// alone, and for a number of attempts.
    pub(super) fn has_passing_text(&self) -> bool {
        PASSING_TEXTS.iter().any(|text| self.message.contains(text))
    }
}

/// Without Salesforce's words, which may repeat what it was sent.
impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// The refusal of a record inside an answer that is a success otherwise does not show the answer's status.
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
    /// What a person can do about it, where Salesforce's words do not say it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        let is_converted = self.code == "CANNOT_UPDATE_CONVERTED_LEAD";
        is_converted.then_some(
            "with useContactId in the destination's settings, the contact of a converted lead is written instead",
        )
    }
}

/// The errors of a body that is no success; none where it has no known shape.
pub(super) fn refusals(status: u16, body: &[u8]) -> Vec<Refusal> {
    let Ok(outline) = Document::read(String::from_utf8_lossy(body)) else {
        return Vec::new();
    };
    let root = outline.root();
    match (root.as_array(), root.as_object()) {
        (Some(errors), _) => read(status, errors).collect(),
        // The token endpoint's form, and that of an error which stands alone.
        (None, Some(error)) => {
            let refusal = refusal(status, error);
            let says = !refusal.code.is_empty();
            says.then_some(refusal).into_iter().collect()
        }
        (None, None) => Vec::new(),
    }
}

/// What a 2xx answer refuses all the same: a record's result, or one in a list of them, or an sObject Tree, which is written
/// whole or not at all. `None` where it refuses nothing. Whatever else a result holds, its `success: false` counts.
pub(super) fn refused_in_success(status: u16, body: &[u8]) -> Option<Vec<Refusal>> {
    let outline = Document::read(String::from_utf8_lossy(body)).ok()?;
    let root = outline.root();
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

/// An error as Salesforce's REST API writes it, or as the token endpoint does; a record's result inside a 2xx answer spells
/// the code `statusCode`.
fn refusal(status: u16, error: Object<'_>) -> Refusal {
    let text_of = |names: &[&str], longest| {
        let text = names.iter().find_map(|name| error.get(name)?.as_text());
        let text = text.unwrap_or_default();
        text.chars().take(longest).collect()
    };
    let fields = error.get("fields").and_then(Value::as_array);
    let fields = fields.unwrap_or_default().into_iter();
    let fields = fields.filter_map(Value::as_text).take(MAX_FIELDS);
    // The first one is Salesforce's own spelling.
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
    }
}
