//! Which trait fills which standard field of a Lead.
//!
//! The table is in `docs/behaviour.md#field-tables`; `access` says what Salesforce's REST API writes.

use std::sync::LazyLock;

use crate::transform::mapping::{
    field::{
        Access::{Missing, System, Written},
        Field, Source,
    },
    index::Index,
    table::Table,
};

/// The table.
pub(super) static TABLE: Table = Table {
    fields: &FIELDS,
    index: LazyLock::new(|| Index::of(&FIELDS, &KEPT)),
    before: None,
};

/// Traits that RudderStack never sends.
const KEPT: [&str; 5] = ["age", "anonymousId", "avatar", "birthday", "gender"];

#[rustfmt::skip]
static FIELDS: [Field; 44] = [
    Field { name: "Accuracy", source: Source::Traits(&["address.accuracy", "accuracy"]), default: None, access: Missing },
    Field { name: "AnnualRevenue", source: Source::Traits(&["company.annualRevenue"]), default: None, access: Written },
    Field { name: "City", source: Source::Traits(&["address.city", "city"]), default: None, access: Written },
    Field { name: "Company", source: Source::Traits(&["company.name", "company"]), default: Some("n/a"), access: Written },
    Field { name: "CompanyDunsNumber", source: Source::Traits(&["company.companyDunsNumber", "companyDunsNumber"]), default: None, access: Written },
    Field { name: "Country", source: Source::Traits(&["address.country", "country"]), default: None, access: Written },
    Field { name: "CountryCode", source: Source::Traits(&["address.countryCode", "countryCode"]), default: None, access: Written },
    Field { name: "CurrencyIsoCode", source: Source::Traits(&["currencyIsoCode"]), default: None, access: Written },
    Field { name: "CreatedById", source: Source::Traits(&["createdById"]), default: None, access: System },
    Field { name: "CreatedDate", source: Source::Traits(&["createdAt", "createddate"]), default: None, access: System },
    Field { name: "Description", source: Source::Traits(&["description"]), default: None, access: Written },
    Field { name: "Division", source: Source::Traits(&["division"]), default: None, access: Written },
    Field { name: "Email", source: Source::Email, default: None, access: Written },
    Field { name: "Fax", source: Source::Traits(&["fax"]), default: None, access: Written },
    Field { name: "FirstName", source: Source::FirstName, default: None, access: Written },
    Field { name: "GeocodeAccuracy", source: Source::Traits(&["geocodeAccuracy"]), default: None, access: Written },
    Field { name: "HasOptedOutOfEmail", source: Source::Traits(&["hasOptedOutOfEmail"]), default: None, access: Written },
    Field { name: "HasOptedOutOfFax", source: Source::Traits(&["hasOptedOutOfFax"]), default: None, access: Written },
    Field { name: "IndividualId", source: Source::Traits(&["individualId"]), default: None, access: Written },
    Field { name: "Industry", source: Source::Traits(&["company.industry"]), default: None, access: Written },
    Field { name: "IsConverted", source: Source::Traits(&["isConverted"]), default: None, access: System },
    Field { name: "IsDeleted", source: Source::Traits(&["isDeleted"]), default: None, access: System },
    Field { name: "IsUnreadByOwner", source: Source::Traits(&["isUnreadByOwner"]), default: None, access: Written },
    Field { name: "Jigsaw", source: Source::Traits(&["jigsaw"]), default: None, access: Written },
    Field { name: "LastName", source: Source::LastName, default: Some("n/a"), access: Written },
    Field { name: "Latitude", source: Source::Traits(&["address.latitude", "latitude"]), default: None, access: Written },
    Field { name: "LeadSource", source: Source::Traits(&["LeadSource"]), default: None, access: Written },
    Field { name: "Longitude", source: Source::Traits(&["address.longitude", "longitude"]), default: None, access: Written },
    Field { name: "MiddleName", source: Source::Traits(&["middleName"]), default: None, access: Written },
    Field { name: "MobilePhone", source: Source::Traits(&["mobilePhone"]), default: None, access: Written },
    Field { name: "NumberOfEmployees", source: Source::Traits(&["company.employee_count"]), default: None, access: Written },
    Field { name: "OwnerId", source: Source::Traits(&["ownerId"]), default: None, access: Written },
    Field { name: "Phone", source: Source::Traits(&["phone"]), default: None, access: Written },
    Field { name: "PostalCode", source: Source::Traits(&["address.postalCode", "postalCode"]), default: None, access: Written },
    Field { name: "Rating", source: Source::Traits(&["rating"]), default: None, access: Written },
    Field { name: "RecordTypeId", source: Source::Traits(&["recordTypeId"]), default: None, access: Written },
    Field { name: "Salutation", source: Source::Traits(&["salutation"]), default: None, access: Written },
    Field { name: "State", source: Source::Traits(&["address.state", "state"]), default: None, access: Written },
    Field { name: "StateCode", source: Source::Traits(&["address.stateCode", "stateCode"]), default: None, access: Written },
    Field { name: "Status", source: Source::Traits(&["status"]), default: None, access: Written },
    Field { name: "Street", source: Source::Traits(&["address.street", "street"]), default: None, access: Written },
    Field { name: "Suffix", source: Source::Traits(&["suffix"]), default: None, access: Written },
    Field { name: "Title", source: Source::Traits(&["title"]), default: None, access: Written },
    Field { name: "Website", source: Source::Traits(&["website"]), default: None, access: Written },
];
