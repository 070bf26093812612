//! What a call is answered, refusals included.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::Refusal;

impl Refusal {
    /// The error of an answer to a request for one thing.
    fn error(&self) -> Value {
        let mut error = self.without_duplicates("errorCode");
        if let Some(fields) = self.fields() {
            error["fields"] = json!(fields);
        }
        if let Self::DuplicatesDetected(duplicates) = self {
            error[duplicates.key()] = duplicates.result().clone();
        }
        error
    }

    /// The error of a record's result in a collection.
    pub(crate) fn error_in_collection(&self) -> Value {
        let mut error = self.without_duplicates("statusCode");
        error["fields"] = json!(self.fields().unwrap_or_default());
        if let Self::DuplicatesDetected(duplicates) = self
            && duplicates.is_in_collections()
        {
            error[duplicates.key()] = duplicates.result().clone();
        }
        error
    }

    fn without_duplicates(&self, code_name: &str) -> Value {
        let (_, code) = self.code();
        json!({"message": self.to_string(), code_name: code})
    }
}

/// What a call is answered: a status, headers of its own and, but for 204, a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::empty(status)
        }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// The answer with one more header. A value that no header can hold is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, _) = refusal.code();
        if let Refusal::MultipleChoices(urls) = refusal {
            return Self::new(status, json!(urls));
        }
        Self::new(status, json!([refusal.error()]))
    }
}
