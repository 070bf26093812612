//! Which trait fills which standard field of a Lead.
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
    Field { name: "Accuracy", source: Source::Traits(&["address.accuracy", "accuracy"]), default: None, writable: true },
    Field { name: "AnnualRevenue", source: Source::Traits(&["company.annualRevenue"]), default: None, writable: true },
    Field { name: "City", source: Source::Traits(&["address.city", "city"]), default: None, writable: true },
    Field { name: "Company", source: Source::Traits(&["company.name", "company"]), default: Some("n/a"), writable: true },
    Field { name: "CompanyDunsNumber", source: Source::Traits(&["company.companyDunsNumber", "companyDunsNumber"]), default: None, writable: true },
    Field { name: "Country", source: Source::Traits(&["address.country", "country"]), default: None, writable: true },
    Field { name: "CountryCode", source: Source::Traits(&["address.countryCode", "countryCode"]), default: None, writable: true },
    Field { name: "CurrencyIsoCode", source: Source::Traits(&["currencyIsoCode"]), default: None, writable: true },
    Field { name: "CreatedById", source: Source::Traits(&["createdById"]), default: None, writable: false },
    Field { name: "CreatedDate", source: Source::Traits(&["createdAt", "createddate"]), default: None, writable: false },
    Field { name: "Description", source: Source::Traits(&["description"]), default: None, writable: true },
    Field { name: "Division", source: Source::Traits(&["division"]), default: None, writable: true },
    Field { name: "Email", source: Source::Traits(&["email"]), default: None, writable: true },
    Field { name: "Fax", source: Source::Traits(&["fax"]), default: None, writable: true },
    Field { name: "FirstName", source: Source::FirstName, default: None, writable: true },
    Field { name: "GeocodeAccuracy", source: Source::Traits(&["geocodeAccuracy"]), default: None, writable: true },
    Field { name: "HasOptedOutOfEmail", source: Source::Traits(&["hasOptedOutOfEmail"]), default: None, writable: true },
    Field { name: "HasOptedOutOfFax", source: Source::Traits(&["hasOptedOutOfFax"]), default: None, writable: true },
    Field { name: "IndividualId", source: Source::Traits(&["individualId"]), default: None, writable: true },
    Field { name: "Industry", source: Source::Traits(&["company.industry"]), default: None, writable: true },
    Field { name: "IsConverted", source: Source::Traits(&["isConverted"]), default: None, writable: false },
    Field { name: "IsDeleted", source: Source::Traits(&["isDeleted"]), default: None, writable: false },
    Field { name: "IsUnreadByOwner", source: Source::Traits(&["isUnreadByOwner"]), default: None, writable: true },
    Field { name: "Jigsaw", source: Source::Traits(&["jigsaw"]), default: None, writable: true },
    Field { name: "LastName", source: Source::LastName, default: Some("n/a"), writable: true },
    Field { name: "Latitude", source: Source::Traits(&["address.latitude", "latitude"]), default: None, writable: true },
    Field { name: "LeadSource", source: Source::Traits(&["LeadSource"]), default: None, writable: true },
    Field { name: "Longitude", source: Source::Traits(&["address.longitude", "longitude"]), default: None, writable: true },
    Field { name: "MiddleName", source: Source::Traits(&["middleName"]), default: None, writable: true },
    Field { name: "MobilePhone", source: Source::Traits(&["mobilePhone"]), default: None, writable: true },
    Field { name: "NumberOfEmployees", source: Source::Traits(&["company.employee_count"]), default: None, writable: true },
    Field { name: "OwnerId", source: Source::Traits(&["ownerId"]), default: None, writable: true },
    Field { name: "Phone", source: Source::Traits(&["phone"]), default: None, writable: true },
    Field { name: "PostalCode", source: Source::Traits(&["address.postalCode", "postalCode"]), default: None, writable: true },
    Field { name: "Rating", source: Source::Traits(&["rating"]), default: None, writable: true },
    Field { name: "RecordTypeId", source: Source::Traits(&["recordTypeId"]), default: None, writable: true },
    Field { name: "Salutation", source: Source::Traits(&["salutation"]), default: None, writable: true },
    Field { name: "State", source: Source::Traits(&["address.state", "state"]), default: None, writable: true },
    Field { name: "StateCode", source: Source::Traits(&["address.stateCode", "stateCode"]), default: None, writable: true },
    Field { name: "Status", source: Source::Traits(&["status"]), default: None, writable: true },
    Field { name: "Street", source: Source::Traits(&["address.street", "street"]), default: None, writable: true },
    Field { name: "Suffix", source: Source::Traits(&["suffix"]), default: None, writable: true },
    Field { name: "Title", source: Source::Traits(&["title"]), default: None, writable: true },
    Field { name: "Website", source: Source::Traits(&["website"]), default: None, writable: true },
];

/// Traits that never become custom fields: the table reads them, or RudderStack keeps them to itself.
#[rustfmt::skip]
const TAKEN: [&str; 49] = [
    "accuracy", "address", "age", "anonymousId", "avatar", "birthday", "city", "company",
    "companyDunsNumber", "country", "countryCode", "currencyIsoCode", "createdAt", "createdById", "createddate", "description",
    "division", "email", "fax", "firstName", "gender", "geocodeAccuracy", "hasOptedOutOfEmail", "hasOptedOutOfFax",
    "individualId", "isConverted", "isDeleted", "isUnreadByOwner", "jigsaw", "lastName", "latitude", "LeadSource",
    "longitude", "middleName", "mobilePhone", "name", "ownerId", "phone", "postalCode", "rating",
    "recordTypeId", "salutation", "state", "stateCode", "status", "street", "suffix", "title",
    "website",
];
