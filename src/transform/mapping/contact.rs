//! Which trait fills which standard field of a Contact.
//!
//! The table is in `docs/behaviour.md#field-tables`; `access` says what Salesforce's REST API writes.

use std::sync::LazyLock;

use crate::transform::mapping::{
    field::{
        Access::{Missing, System, Written},
        Field, Source,
    },
    index::Index,
    lead,
    table::Table,
};

/// The table.
pub(super) static TABLE: Table = Table {
    fields: &FIELDS,
    index: LazyLock::new(|| Index::of(&FIELDS, &KEPT)),
    before: Some(&lead::TABLE),
};

/// Traits that RudderStack never sends.
const KEPT: [&str; 2] = ["anonymousId", "avatar"];

#[rustfmt::skip]
static FIELDS: [Field; 44] = [
    Field { name: "AccountId", source: Source::Traits(&["accountId"]), default: None, access: Written },
    Field { name: "AssistantName", source: Source::Traits(&["assistantName"]), default: None, access: Written },
    Field { name: "AssistantPhone", source: Source::Traits(&["assistantPhone"]), default: None, access: Written },
    Field { name: "Birthdate", source: Source::Traits(&["birthday"]), default: None, access: Written },
    Field { name: "CanAllowPortalSelfReg", source: Source::Traits(&["canAllowPortalSelfReg"]), default: None, access: Written },
    Field { name: "CleanStatus", source: Source::Traits(&["cleanStatus"]), default: None, access: Written },
    Field { name: "Department", source: Source::Traits(&["department"]), default: None, access: Written },
    Field { name: "Description", source: Source::Traits(&["description"]), default: None, access: Written },
    Field { name: "DoNotCall", source: Source::Traits(&["doNotCall"]), default: None, access: Written },
    Field { name: "Email", source: Source::Email, default: None, access: Written },
    Field { name: "EmailBouncedDate", source: Source::Traits(&["emailBouncedDate"]), default: None, access: Written },
    Field { name: "EmailBouncedReason", source: Source::Traits(&["emailBouncedReason"]), default: None, access: Written },
    Field { name: "Fax", source: Source::Traits(&["fax"]), default: None, access: Written },
    Field { name: "FirstName", source: Source::FirstName, default: None, access: Written },
    Field { name: "HasOptedOutOfEmail", source: Source::Traits(&["hasOptedOutOfEmail"]), default: None, access: Written },
    Field { name: "HasOptedOutOfFax", source: Source::Traits(&["hasOptedOutOfFax"]), default: None, access: Written },
    Field { name: "HomePhone", source: Source::Traits(&["homePhone"]), default: None, access: Written },
    Field { name: "IndividualId", source: Source::Traits(&["individualId"]), default: None, access: Written },
    Field { name: "Industry", source: Source::Traits(&["company.industry"]), default: None, access: Missing },
    Field { name: "IsDeleted", source: Source::Traits(&["isDeleted"]), default: None, access: System },
    Field { name: "IsEmailBounced", source: Source::Traits(&["isEmailBounced"]), default: None, access: System },
    Field { name: "IsPersonAccount", source: Source::Traits(&["isPersonAccount"]), default: None, access: System },
    Field { name: "Jigsaw", source: Source::Traits(&["jigsaw"]), default: None, access: Written },
    Field { name: "LastName", source: Source::LastName, default: Some("n/a"), access: Written },
    Field { name: "LeadSource", source: Source::Traits(&["LeadSource"]), default: None, access: Written },
    Field { name: "MailingCity", source: Source::Traits(&["address.city", "city"]), default: None, access: Written },
    Field { name: "MailingCountry", source: Source::Traits(&["address.country", "country"]), default: None, access: Written },
    Field { name: "MailingCountryCode", source: Source::Traits(&["address.countryCode", "countryCode"]), default: None, access: Written },
    Field { name: "MailingGeocodeAccuracy", source: Source::Traits(&["geocodeAccuracy"]), default: None, access: Written },
    Field { name: "MailingLatitude", source: Source::Traits(&["address.latitude", "latitude"]), default: None, access: Written },
    Field { name: "MailingLongitude", source: Source::Traits(&["address.longitude", "longitude"]), default: None, access: Written },
    Field { name: "MailingPostalCode", source: Source::Traits(&["address.postalCode", "postalCode"]), default: None, access: Written },
    Field { name: "MailingState", source: Source::Traits(&["address.state", "state"]), default: None, access: Written },
    Field { name: "MailingStateCode", source: Source::Traits(&["address.stateCode", "stateCode"]), default: None, access: Written },
    Field { name: "MailingStreet", source: Source::Traits(&["address.street", "street"]), default: None, access: Written },
    Field { name: "MiddleName", source: Source::Traits(&["middleName"]), default: None, access: Written },
    Field { name: "MobilePhone", source: Source::Traits(&["mobilePhone"]), default: None, access: Written },
    Field { name: "OwnerId", source: Source::Traits(&["ownerId"]), default: None, access: Written },
    Field { name: "Phone", source: Source::Traits(&["phone"]), default: None, access: Written },
    Field { name: "RecordTypeId", source: Source::Traits(&["recordTypeId"]), default: None, access: Written },
    Field { name: "ReportsToId", source: Source::Traits(&["reportsToId"]), default: None, access: Written },
    Field { name: "Salutation", source: Source::Traits(&["salutation"]), default: None, access: Written },
    Field { name: "Suffix", source: Source::Traits(&["suffix"]), default: None, access: Written },
    Field { name: "Title", source: Source::Traits(&["title"]), default: None, access: Written },
];
