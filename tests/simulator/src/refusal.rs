//! Why an org says no, in Salesforce's status codes, error codes and words.
#![warn(clippy::wildcard_enum_match_arm)]

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use thiserror::Error;

use super::{duplicates::Duplicates, soql::SyntaxError};

/// A refused API call. `Display` is the `message` of Salesforce's error body.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The bearer token is missing, unknown or expired.
    #[error("Session expired or invalid")]
    InvalidSession,
    /// The org's daily limit of API calls is used up.
    #[error("TotalRequests Limit exceeded.")]
    LimitExceeded,
    /// The org has no API.
    #[error("API is not enabled for this Organization or Partner")]
    ApiDisabled,
    /// The user may not write the object's records.
    #[error("insufficient access rights on object id")]
    NoAccess,
    /// The org is down; only faults on demand say so.
    #[error("The server is temporarily unavailable")]
    ServerUnavailable,
    /// Another transaction holds the record; only faults on demand say so.
    #[error("unable to obtain exclusive access to this record")]
    RowLocked,
    /// The org's own code could not cope with so many records at once.
    #[error(
        "LeadTrigger: execution of BeforeInsert caused by: System.LimitException: Too many SOQL queries: 101"
    )]
    ApexLimit,
    /// Another record has the value of a unique field.
    #[error("duplicate value found: {field} duplicates value on record with id: {id}")]
    DuplicateValue {
        /// The unique field.
        field: String,
        /// The other record.
        id: String,
    },
    /// A duplicate rule refuses the record.
    #[error("{}", .0.message())]
    DuplicatesDetected(Box<Duplicates>),
    /// One update names a record twice.
    #[error("duplicate id in list: {0}")]
    DuplicateId(String),
    /// A record of a collection that does not exist.
    #[error("invalid cross reference id")]
    NoSuchRecord,
    /// A collection with more than 200 records.
    #[error("record limit reached. cannot submit more than 200 records in this call")]
    TooManyRecords,
    /// A Composite that cannot be taken.
    #[error("{0}")]
    Composite(String),
    /// No such resource, object or record.
    #[error("The requested resource does not exist")]
    NotFound,
    /// The resource exists and does not take this method.
    #[error("HTTP Method '{method}' not allowed. Allowed are {allowed}")]
    MethodNotAllowed {
        /// The method that was tried.
        method: String,
        /// The methods that would be taken, separated by commas.
        allowed: &'static str,
    },
    /// A record named by a field that is no external id: `sobjects/Lead/Email/a@b.c`.
    #[error("Provided external ID field does not exist or is not accessible: {0}")]
    NoExternalId(String),
    /// The id in the URL is neither 15 characters nor 18 with the right suffix.
    #[error("malformed id {0}")]
    MalformedId(String),
    /// The record was deleted.
    #[error("entity is deleted")]
    EntityIsDeleted,
    /// A converted lead is no longer written; its contact is.
    #[error("cannot reference converted lead")]
    ConvertedLead,
    /// The body is no JSON object, or a value has the wrong JSON type for its field.
    #[error("{0}")]
    Json(String),
    /// The body names a field that the object does not have.
    #[error("No such column '{field}' on sobject of type {object}")]
    NoSuchField {
        /// The field as the body spells it.
        field: String,
        /// The object's name.
        object: String,
    },
    /// The body sets fields that only Salesforce sets.
    #[error(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        .0.join(", ")
    )]
    ReadOnly(Vec<String>),
    /// Fields that must have a value have none.
    #[error("Required fields are missing: [{}]", .0.join(", "))]
    RequiredMissing(Vec<String>),
    /// The value of an e-mail field is no e-mail address.
    #[error("{field}: invalid email address: {value}")]
    InvalidEmail {
        /// The e-mail field.
        field: String,
        /// What it was to hold.
        value: String,
    },
    /// A text is longer than its field.
    #[error("{field}: data value too large: {value} (max length={max})")]
    TooLong {
        /// The text field.
        field: String,
        /// What it was to hold.
        value: String,
        /// The field's length in characters.
        max: usize,
    },
    /// The value of a reference field is no record id.
    #[error("{field}: id value of incorrect type: {value}")]
    InvalidReference {
        /// The reference field.
        field: String,
        /// What it was to hold.
        value: String,
    },
    /// The query is no SOQL that the simulator knows.
    #[error(transparent)]
    MalformedQuery(#[from] SyntaxError),
    /// The query reads an object that the org does not have.
    #[error(
        "sObject type '{0}' is not supported. If you are attempting to use a custom object, be sure to append the \
         '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )]
    UnknownType(String),
    /// The query names a field that the object does not have.
    #[error(
        "No such column '{field}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
         append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
         appropriate names."
    )]
    NoSuchColumn {
        /// The field as the query spells it.
        field: String,
        /// The object's name.
        object: String,
    },
    /// The query selects a field twice.
    #[error("duplicate field selected: {0}")]
    DuplicateColumn(String),
    /// The query filters on a long text.
    #[error("field '{0}' can not be filtered in a query call")]
    NotFilterable(String),
    /// A text field is compared with something that is not in quotes.
    #[error(
        "value of filter criterion for field '{0}' must be of type string and should be enclosed in quotes"
    )]
    FilterNeedsQuotes(String),
    /// A field that holds no text is compared with something in quotes, or of another type.
    #[error(
        "value of filter criterion for field '{field}' must be of type {kind} and should not be enclosed in quotes"
    )]
    FilterType {
        /// The field that is compared.
        field: String,
        /// Its type in Salesforce's words.
        kind: &'static str,
    },
    /// An id field is compared with something that is no id.
    #[error("invalid ID field: {0}")]
    FilterNoId(String),
    /// The locator of a next page is unknown.
    #[error("invalid query locator")]
    InvalidLocator,
}

impl Refusal {
    /// The HTTP status and the `errorCode`.
    #[must_use]
    pub fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidSession => (StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID"),
            Self::LimitExceeded => (StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED"),
            Self::ApiDisabled => (StatusCode::FORBIDDEN, "API_DISABLED_FOR_ORG"),
            Self::NoAccess => (StatusCode::FORBIDDEN, "INSUFFICIENT_ACCESS_OR_READONLY"),
            Self::ServerUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "SERVER_UNAVAILABLE"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::NotFound | Self::NoExternalId(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::EntityIsDeleted => (StatusCode::NOT_FOUND, "ENTITY_IS_DELETED"),
            Self::RowLocked => (StatusCode::BAD_REQUEST, "UNABLE_TO_LOCK_ROW"),
            Self::ApexLimit => (
                StatusCode::BAD_REQUEST,
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            ),
            Self::DuplicateValue { .. } | Self::DuplicateId(_) => {
                (StatusCode::BAD_REQUEST, "DUPLICATE_VALUE")
            }
            Self::DuplicatesDetected(_) => (StatusCode::BAD_REQUEST, "DUPLICATES_DETECTED"),
            Self::NoSuchRecord => (StatusCode::BAD_REQUEST, "INVALID_CROSS_REFERENCE_KEY"),
            Self::TooManyRecords => (StatusCode::BAD_REQUEST, "EXCEEDED_ID_LIMIT"),
            Self::Composite(_) => (StatusCode::BAD_REQUEST, "INVALID_INPUT"),
            Self::MalformedId(_) | Self::InvalidReference { .. } => {
                (StatusCode::BAD_REQUEST, "MALFORMED_ID")
            }
            Self::ConvertedLead => (StatusCode::BAD_REQUEST, "CANNOT_UPDATE_CONVERTED_LEAD"),
            Self::Json(_) => (StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR"),
            Self::ReadOnly(_) => (StatusCode::BAD_REQUEST, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            Self::RequiredMissing(_) => (StatusCode::BAD_REQUEST, "REQUIRED_FIELD_MISSING"),
            Self::InvalidEmail { .. } => (StatusCode::BAD_REQUEST, "INVALID_EMAIL_ADDRESS"),
            Self::TooLong { .. } => (StatusCode::BAD_REQUEST, "STRING_TOO_LONG"),
            Self::MalformedQuery(_) => (StatusCode::BAD_REQUEST, "MALFORMED_QUERY"),
            Self::UnknownType(_) => (StatusCode::BAD_REQUEST, "INVALID_TYPE"),
            Self::NoSuchField { .. }
            | Self::NoSuchColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::NotFilterable(_)
            | Self::FilterNeedsQuotes(_)
            | Self::FilterType { .. } => (StatusCode::BAD_REQUEST, "INVALID_FIELD"),
            Self::FilterNoId(_) => (StatusCode::BAD_REQUEST, "INVALID_QUERY_FILTER_OPERATOR"),
            Self::InvalidLocator => (StatusCode::BAD_REQUEST, "INVALID_QUERY_LOCATOR"),
        }
    }

    /// The `fields` of the error body: present, if only as an empty list, where a record was refused.
    pub(super) fn fields(&self) -> Option<Vec<&str>> {
        match self {
            Self::ReadOnly(fields) | Self::RequiredMissing(fields) => {
                Some(fields.iter().map(String::as_str).collect())
            }
            Self::InvalidEmail { field, .. }
            | Self::TooLong { field, .. }
            | Self::InvalidReference { field, .. } => Some(vec![field]),
            Self::RowLocked
            | Self::ApexLimit
            | Self::DuplicateValue { .. }
            | Self::DuplicateId(_)
            | Self::NoSuchRecord
            | Self::NoAccess
            | Self::MalformedId(_)
            | Self::EntityIsDeleted
            | Self::ConvertedLead => Some(vec![]),
            Self::InvalidSession
            | Self::LimitExceeded
            | Self::ApiDisabled
            | Self::ServerUnavailable
            | Self::TooManyRecords
            | Self::Composite(_)
            | Self::NotFound
            | Self::MethodNotAllowed { .. }
            | Self::NoExternalId(_)
            | Self::Json(_)
            | Self::NoSuchField { .. }
            | Self::MalformedQuery(_)
            | Self::UnknownType(_)
            | Self::NoSuchColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::NotFilterable(_)
            | Self::FilterNeedsQuotes(_)
            | Self::FilterType { .. }
            | Self::FilterNoId(_)
            | Self::DuplicatesDetected(_)
            | Self::InvalidLocator => None,
        }
    }
}

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
    pub(super) fn error_in_collection(&self) -> Value {
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
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::empty(status)
        }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// The answer with one more header. A value that no header can hold is left out.
    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, _) = refusal.code();
        Self::new(status, json!([refusal.error()]))
    }
}

#[cfg(test)]
mod tests;
