//! Which trait fills which standard field of a Contact.
//!
//! From the field tables of RudderStack's mapping; `writable: false` marks what Salesforce's REST API never writes.

use std::sync::LazyLock;

use crate::map::{
    sorted::Index,
    table::{Field, Source, Table},
};

/// The table.
pub(super) static TABLE: Table = Table {
    fields: &FIELDS,
    index: LazyLock::new(|| Index::of(&FIELDS, &TAKEN)),
};

#[rustfmt::skip]
static FIELDS: [Field; 44] = [
    Field { name: "AccountId", source: Source::Traits(&["accountId"]), default: None, writable: true },
    Field { name: "AssistantName", source: Source::Traits(&["assistantName"]), default: None, writable: true },
    Field { name: "AssistantPhone", source: Source::Traits(&["assistantPhone"]), default: None, writable: true },
    Field { name: "Birthdate", source: Source::Traits(&["birthday"]), default: None, writable: true },
    Field { name: "CanAllowPortalSelfReg", source: Source::Traits(&["canAllowPortalSelfReg"]), default: None, writable: true },
    Field { name: "CleanStatus", source: Source::Traits(&["cleanStatus"]), default: None, writable: true },
    Field { name: "Department", source: Source::Traits(&["department"]), default: None, writable: true },
    Field { name: "Description", source: Source::Traits(&["description"]), default: None, writable: true },
    Field { name: "DoNotCall", source: Source::Traits(&["doNotCall"]), default: None, writable: true },
    Field { name: "Email", source: Source::Traits(&["email"]), default: None, writable: true },
    Field { name: "EmailBouncedDate", source: Source::Traits(&["emailBouncedDate"]), default: None, writable: true },
    Field { name: "EmailBouncedReason", source: Source::Traits(&["emailBouncedReason"]), default: None, writable: true },
    Field { name: "Fax", source: Source::Traits(&["fax"]), default: None, writable: true },
    Field { name: "FirstName", source: Source::FirstName, default: None, writable: true },
    Field { name: "HasOptedOutOfEmail", source: Source::Traits(&["hasOptedOutOfEmail"]), default: None, writable: true },
    Field { name: "HasOptedOutOfFax", source: Source::Traits(&["hasOptedOutOfFax"]), default: None, writable: true },
    Field { name: "HomePhone", source: Source::Traits(&["homePhone"]), default: None, writable: true },
    Field { name: "IndividualId", source: Source::Traits(&["individualId"]), default: None, writable: true },
    Field { name: "Industry", source: Source::Traits(&["company.industry"]), default: None, writable: true },
    Field { name: "IsDeleted", source: Source::Traits(&["isDeleted"]), default: None, writable: false },
    Field { name: "IsEmailBounced", source: Source::Traits(&["isEmailBounced"]), default: None, writable: false },
    Field { name: "IsPersonAccount", source: Source::Traits(&["isPersonAccount"]), default: None, writable: false },
    Field { name: "Jigsaw", source: Source::Traits(&["jigsaw"]), default: None, writable: true },
    Field { name: "LastName", source: Source::LastName, default: Some("n/a"), writable: true },
    Field { name: "LeadSource", source: Source::Traits(&["LeadSource"]), default: None, writable: true },
    Field { name: "MailingCity", source: Source::Traits(&["address.city", "city"]), default: None, writable: true },
    Field { name: "MailingCountry", source: Source::Traits(&["address.country", "country"]), default: None, writable: true },
    Field { name: "MailingCountryCode", source: Source::Traits(&["address.countryCode", "countryCode"]), default: None, writable: true },
    Field { name: "MailingGeocodeAccuracy", source: Source::Traits(&["geocodeAccuracy"]), default: None, writable: true },
    Field { name: "MailingLatitude", source: Source::Traits(&["address.latitude", "latitude"]), default: None, writable: true },
    Field { name: "MailingLongitude", source: Source::Traits(&["address.longitude", "longitude"]), default: None, writable: true },
    Field { name: "MailingPostalCode", source: Source::Traits(&["address.postalCode", "postalCode"]), default: None, writable: true },
    Field { name: "MailingState", source: Source::Traits(&["address.state", "state"]), default: None, writable: true },
    Field { name: "MailingStateCode", source: Source::Traits(&["address.stateCode", "stateCode"]), default: None, writable: true },
    Field { name: "MailingStreet", source: Source::Traits(&["address.street", "street"]), default: None, writable: true },
    Field { name: "MiddleName", source: Source::Traits(&["middleName"]), default: None, writable: true },
    Field { name: "MobilePhone", source: Source::Traits(&["mobilePhone"]), default: None, writable: true },
    Field { name: "OwnerId", source: Source::Traits(&["ownerId"]), default: None, writable: true },
    Field { name: "Phone", source: Source::Traits(&["phone"]), default: None, writable: true },
    Field { name: "RecordTypeId", source: Source::Traits(&["recordTypeId"]), default: None, writable: true },
    Field { name: "ReportsToId", source: Source::Traits(&["reportsToId"]), default: None, writable: true },
    Field { name: "Salutation", source: Source::Traits(&["salutation"]), default: None, writable: true },
    Field { name: "Suffix", source: Source::Traits(&["suffix"]), default: None, writable: true },
    Field { name: "Title", source: Source::Traits(&["title"]), default: None, writable: true },
];

/// Traits that never become custom fields: the table reads them, or RudderStack keeps them to itself.
#[rustfmt::skip]
const TAKEN: [&str; 47] = [
    "accountId", "address", "anonymousId", "assistantName", "assistantPhone", "avatar", "birthday", "canAllowPortalSelfReg",
    "cleanStatus", "city", "country", "countryCode", "department", "description", "doNotCall", "email",
    "emailBouncedDate", "emailBouncedReason", "fax", "firstName", "geocodeAccuracy", "hasOptedOutOfEmail", "hasOptedOutOfFax", "homePhone",
    "individualId", "isDeleted", "isEmailBounced", "isPersonAccount", "jigsaw", "lastName", "latitude", "LeadSource",
    "longitude", "middleName", "mobilePhone", "name", "ownerId", "phone", "postalCode", "recordTypeId",
    "reportsToId", "salutation", "state", "stateCode", "street", "suffix", "title",
];
