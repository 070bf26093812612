//! The standard objects of an org in which no optional feature is switched on.
//!
//! Absent, as in such an org, are the fields of person names (`MiddleName`, `Suffix`), multiple currencies, divisions,
//! state and country picklists, record types, Data.com, portals and data privacy; a test that needs one declares it.

use std::borrow::Cow;

use super::{
    Access, Field,
    FieldType::{self, Boolean, Date, DateTime, Email, LongText, Number, Reference, Text},
};

/// The objects that every org has, with the fields of their own.
pub(crate) const STANDARD_OBJECTS: [(&str, &[Field]); 6] = [
    ("Account", ACCOUNT),
    ("Contact", CONTACT),
    ("Lead", LEAD),
    (DUPLICATE_RULES, DUPLICATE_RULE),
    (ASSIGNMENT_RULES, ASSIGNMENT_RULE),
    ("Case", CASE),
];

/// The object whose records are the org's duplicate rules. They are made in Setup, not through the API.
pub(crate) const DUPLICATE_RULES: &str = "DuplicateRule";
/// The object whose records are the org's assignment rules. They are made in Setup, too.
pub(crate) const ASSIGNMENT_RULES: &str = "AssignmentRule";

/// The first three characters of an object's record ids; `custom` counts the objects that are not Salesforce's own.
pub(crate) fn prefix(object: &str, custom: usize) -> String {
    match object {
        "Account" => "001".into(),
        "Contact" => "003".into(),
        "User" => "005".into(),
        "Opportunity" => "006".into(),
        "Lead" => "00Q".into(),
        "Case" => "500".into(),
        DUPLICATE_RULES => "0Bm".into(),
        ASSIGNMENT_RULES => "01Q".into(),
        _ => format!("a{custom:02}"),
    }
}

/// The field that every object of one's own starts with.
pub(crate) const CUSTOM: &[Field] = &[writable("Name", Text)];

/// The fields that every object has.
pub(super) const SYSTEM: &[Field] = &[
    read_only("Id", Reference),
    read_only("IsDeleted", Boolean),
    writable("OwnerId", Reference),
    read_only("CreatedDate", DateTime),
    read_only("CreatedById", Reference),
    read_only("LastModifiedDate", DateTime),
    read_only("LastModifiedById", Reference),
    read_only("SystemModstamp", DateTime),
];

const LEAD: &[Field] = &[
    required("Company", 255),
    required("LastName", 80),
    text("FirstName", 40),
    read_only("Name", Text),
    text("Salutation", 40),
    text("Title", 128),
    writable("Email", Email),
    text("Phone", 40),
    text("MobilePhone", 40),
    text("Fax", 40),
    writable("Website", Text),
    writable("Street", Text),
    text("City", 40),
    text("State", 80),
    text("PostalCode", 20),
    text("Country", 80),
    writable("Latitude", Number),
    writable("Longitude", Number),
    text("GeocodeAccuracy", 40),
    writable("Industry", Text),
    writable("LeadSource", Text),
    writable("Status", Text),
    writable("Rating", Text),
    writable("AnnualRevenue", Number),
    writable("NumberOfEmployees", Number),
    writable("Description", LongText),
    writable("HasOptedOutOfEmail", Boolean),
    writable("HasOptedOutOfFax", Boolean),
    writable("IsUnreadByOwner", Boolean),
    text("Jigsaw", 20),
    read_only("IsConverted", Boolean),
    read_only("ConvertedDate", Date),
    read_only("ConvertedAccountId", Reference),
    read_only("ConvertedContactId", Reference),
    read_only("ConvertedOpportunityId", Reference),
];

const CONTACT: &[Field] = &[
    required("LastName", 80),
    text("FirstName", 40),
    read_only("Name", Text),
    text("Salutation", 40),
    text("Title", 128),
    text("Department", 80),
    writable("AccountId", Reference),
    writable("ReportsToId", Reference),
    writable("Email", Email),
    read_only("IsEmailBounced", Boolean),
    text("Phone", 40),
    text("MobilePhone", 40),
    text("HomePhone", 40),
    text("OtherPhone", 40),
    text("Fax", 40),
    text("AssistantName", 40),
    text("AssistantPhone", 40),
    writable("Birthdate", Date),
    writable("MailingStreet", Text),
    text("MailingCity", 40),
    text("MailingState", 80),
    text("MailingPostalCode", 20),
    text("MailingCountry", 80),
    writable("MailingLatitude", Number),
    writable("MailingLongitude", Number),
    text("MailingGeocodeAccuracy", 40),
    writable("LeadSource", Text),
    writable("Description", LongText),
    writable("DoNotCall", Boolean),
    writable("HasOptedOutOfEmail", Boolean),
    writable("HasOptedOutOfFax", Boolean),
    text("Jigsaw", 20),
];

const ACCOUNT: &[Field] = &[
    required("Name", 255),
    text("AccountNumber", 40),
    writable("ParentId", Reference),
    writable("Type", Text),
    writable("Industry", Text),
    writable("Rating", Text),
    text("Phone", 40),
    text("Fax", 40),
    writable("Website", Text),
    text("Site", 80),
    writable("BillingStreet", Text),
    text("BillingCity", 40),
    text("BillingState", 80),
    text("BillingPostalCode", 20),
    text("BillingCountry", 80),
    writable("ShippingStreet", Text),
    text("ShippingCity", 40),
    text("ShippingState", 80),
    text("ShippingPostalCode", 20),
    text("ShippingCountry", 80),
    writable("AnnualRevenue", Number),
    writable("NumberOfEmployees", Number),
    writable("Description", LongText),
];

const DUPLICATE_RULE: &[Field] = &[
    text("DeveloperName", 80),
    text("MasterLabel", 80),
    text("SobjectType", 40),
    writable("IsActive", Boolean),
];

const ASSIGNMENT_RULE: &[Field] = &[
    text("Name", 120),
    text("SobjectType", 40),
    writable("Active", Boolean),
];

const CASE: &[Field] = &[
    writable("ContactId", Reference),
    writable("AccountId", Reference),
    writable("ParentId", Reference),
    text("SuppliedName", 80),
    writable("SuppliedEmail", Email),
    text("SuppliedPhone", 40),
    text("SuppliedCompany", 80),
    writable("Type", Text),
    writable("Status", Text),
    writable("Reason", Text),
    writable("Origin", Text),
    writable("Priority", Text),
    writable("Subject", Text),
    writable("Description", LongText),
    read_only("CaseNumber", Text),
    read_only("IsClosed", Boolean),
    read_only("ClosedDate", DateTime),
];

const fn writable(name: &'static str, kind: FieldType) -> Field {
    Field::new(Cow::Borrowed(name), kind)
}

const fn text(name: &'static str, length: usize) -> Field {
    Field {
        name: Cow::Borrowed(name),
        kind: Text,
        length,
        access: Access::Writable,
    }
}

const fn required(name: &'static str, length: usize) -> Field {
    Field {
        name: Cow::Borrowed(name),
        kind: Text,
        length,
        access: Access::Required,
    }
}

const fn read_only(name: &'static str, kind: FieldType) -> Field {
    Field {
        name: Cow::Borrowed(name),
        kind,
        length: kind.length(),
        access: Access::ReadOnly,
    }
}
