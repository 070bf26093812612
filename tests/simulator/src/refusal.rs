//! Why an org says no, in Salesforce's status codes, error codes and words.
#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod code;

use thiserror::Error;

pub(super) use self::answer::Answer;
use super::{duplicates::Duplicates, schema::Field, soql::SyntaxError};

/// A field as a refusal names it: in its text by what people see, in its list by the name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{label}")]
pub struct FieldName {
    /// The API name.
    pub name: String,
    /// What people see.
    pub label: String,
}

impl FieldName {
    pub(super) fn of(field: &Field) -> Self {
        Self {
            name: field.name.clone(),
            label: field.label.clone(),
        }
    }
}

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
    /// A validation rule of the org's own refuses the record.
    #[error("{message}")]
    ValidationRule {
        /// The admin's words.
        message: String,
        /// The field beside which they stand; `None`: at the top of the page.
        field: Option<String>,
    },
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
        field: FieldName,
        /// What it was to hold.
        value: String,
    },
    /// A text is longer than its field.
    #[error("{field}: data value too large: {value} (max length={max})")]
    TooLong {
        /// The text field.
        field: FieldName,
        /// What it was to hold.
        value: String,
        /// The field's length in characters.
        max: usize,
    },
    /// The value of a reference field is no record id.
    #[error("{field}: id value of incorrect type: {value}")]
    InvalidReference {
        /// The reference field.
        field: FieldName,
        /// What it was to hold.
        value: String,
    },
    /// The value of a reference field is the id of a record of another object.
    #[error("{field}: id value of incorrect type: {value}")]
    ReferenceOfOtherType {
        /// The reference field.
        field: FieldName,
        /// What it was to hold.
        value: String,
    },
    /// The value of a reference field is the id of no record.
    #[error("invalid cross reference id")]
    NoSuchParent {
        /// The reference field, where the org names it.
        field: Option<String>,
    },
    /// A number has more digits than its field.
    #[error("{field}: value outside of valid range on numeric field: {value}")]
    OutsideRange {
        /// The number field.
        field: FieldName,
        /// What it was to hold.
        value: String,
    },
    /// A restricted picklist does not have the value.
    #[error("{field}: bad value for restricted picklist field: {value}")]
    NotInPicklist {
        /// The picklist.
        field: FieldName,
        /// What it was to hold.
        value: String,
    },
    /// A country that is not in the org's list.
    #[error(
        "There's a problem with this country, even though it may appear correct. Please select a country/territory \
         from the list of valid countries.: {0}"
    )]
    NoSuchCountry(FieldName),
    /// A state that is not in the org's list.
    #[error(
        "There's a problem with this state, even though it may appear correct. Please select a state from the list \
         of valid states.: {0}"
    )]
    NoSuchState(FieldName),
    /// A state that is not one of the country's.
    #[error("The existing country/territory doesn't recognize the state value for field: {0}")]
    StateOfOtherCountry(FieldName),
    /// A state without a country.
    #[error("A country/territory must be specified before specifying a state value for field: {0}")]
    StateWithoutCountry(FieldName),
    /// The URL of an upsert names the record, and the body does too.
    #[error("The {0} field should not be specified in the sobject data.")]
    KeyInBody(String),
    /// A collection is to be upserted by a field that is no external id.
    #[error("Field name provided, {field} does not match an External ID for {object}")]
    NotAnExternalId {
        /// The field.
        field: String,
        /// The object's name.
        object: String,
    },
    /// A record of a collection does not have the external id that it is to be found by.
    #[error("{0} not specified")]
    KeyMissing(String),
    /// A record of a collection is of another object than the URL says.
    #[error("The type of the record is not {0}")]
    OtherType(String),
    /// A record of an upsert has an id.
    #[error("cannot specify Id in an insert call")]
    IdInUpsert,
    /// One upsert names a record twice.
    #[error("Duplicate external id specified: {0}")]
    DuplicateKey(String),
    /// Several records have the external id that the URL names: their URLs.
    #[error("The external ID provided matches more than one record")]
    MultipleChoices(Vec<String>),
    /// Several records have the external id.
    #[error("{field}: more than one record found for external id field: [{}]", .ids.join(", "))]
    SeveralMatches {
        /// The external id field.
        field: String,
        /// The records.
        ids: Vec<String>,
    },
    /// A parent that is named by its external id does not exist.
    #[error("Foreign key external ID: {value} not found for field {field} in entity {object}")]
    ParentMissing {
        /// The parent's external id.
        value: String,
        /// The external id field.
        field: String,
        /// The parent's object.
        object: String,
    },
    /// A parent that is named by something else than one external id.
    #[error(
        "The relationship {relationship} needs one external ID field of {object}, and the type where there are several"
    )]
    ParentUnclear {
        /// The relationship.
        relationship: String,
        /// The objects that the parent may be of.
        object: String,
    },
    /// A parent that is named twice.
    #[error(
        "Cannot specify both an external ID reference {relationship} and a salesforce id, {field}"
    )]
    ParentTwice {
        /// The relationship.
        relationship: String,
        /// The reference field.
        field: String,
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

#[cfg(test)]
mod tests;
