//! The standard objects of an org in which no optional feature is switched on.
//!
//! Absent, as in such an org, are the fields of person names (`MiddleName`, `Suffix`), multiple currencies, divisions,
//! state and country picklists, record types, Data.com, portals and data privacy; a test that needs one declares it.

mod account;
mod case;
mod contact;
mod lead;

use super::{
    Field,
    FieldType::{self, Boolean, DateTime, Id, Picklist, Reference, Text, TextArea},
    OwnFields,
};

/// The objects that every org has, with the fields of their own.
pub(crate) const STANDARD_OBJECTS: [(&str, OwnFields); 6] = [
    ("Account", account::fields),
    ("Contact", contact::fields),
    ("Lead", lead::fields),
    (DUPLICATE_RULES, duplicate_rule),
    (ASSIGNMENT_RULES, assignment_rule),
    ("Case", case::fields),
];

/// The object whose records are the org's duplicate rules. They are made in Setup, not through the API.
pub(crate) const DUPLICATE_RULES: &str = "DuplicateRule";
/// The object whose records are the org's assignment rules. They are made in Setup, too.
pub(crate) const ASSIGNMENT_RULES: &str = "AssignmentRule";

/// The first three characters of an object's record ids; `custom` counts the objects that are not Salesforce's own.
pub(crate) fn prefix(object: &str, custom: usize) -> String {
    match standard_prefix(object) {
        Some(prefix) => prefix.into(),
        None => format!("a{custom:02}"),
    }
}

/// The first three characters of the record ids of an object of Salesforce's own.
pub(crate) fn standard_prefix(object: &str) -> Option<&'static str> {
    Some(match object {
        "Account" => "001",
        "Contact" => "003",
        "User" => "005",
        "Opportunity" => "006",
        "Group" => "00G",
        "Lead" => "00Q",
        "Case" => "500",
        DUPLICATE_RULES => "0Bm",
        ASSIGNMENT_RULES => "01Q",
        _ => return None,
    })
}

/// The field that every object of one's own starts with.
pub(crate) const CUSTOM: OwnFields = || vec![text("Name", 80)];

/// The fields that every object has.
pub(super) const SYSTEM_FIELDS: OwnFields = || {
    let user = |name, relationship| field(name, Reference).refers_to(&["User"], relationship);
    let set = |name, kind| field(name, kind).required().defaulted().read_only();
    vec![
        set("Id", Id),
        set("IsDeleted", Boolean),
        field("OwnerId", Reference)
            .refers_to(&["Group", "User"], "Owner")
            .required()
            .defaulted(),
        set("CreatedDate", DateTime),
        user("CreatedById", "CreatedBy")
            .required()
            .defaulted()
            .read_only(),
        set("LastModifiedDate", DateTime),
        user("LastModifiedById", "LastModifiedBy")
            .required()
            .defaulted()
            .read_only(),
        set("SystemModstamp", DateTime),
    ]
};

const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
];
const RATINGS: &[&str] = &["Hot", "Warm", "Cold"];
const SALUTATIONS: &[&str] = &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."];
const SOURCES: &[&str] = &[
    "Web",
    "Phone Inquiry",
    "Partner Referral",
    "Purchased List",
    "Other",
];
const ACCURACIES: &[&str] = &[
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
];

fn duplicate_rule() -> Vec<Field> {
    vec![
        text("DeveloperName", 80),
        text("MasterLabel", 80),
        text("SobjectType", 40),
        field("IsActive", Boolean),
    ]
}

fn assignment_rule() -> Vec<Field> {
    vec![
        text("Name", 120),
        text("SobjectType", 40),
        field("Active", Boolean),
    ]
}

fn field(name: &str, kind: FieldType) -> Field {
    Field::new(name, kind)
}

fn text(name: &str, length: usize) -> Field {
    field(name, Text).length(length)
}

fn picklist(name: &str, values: &[&str]) -> Field {
    field(name, Picklist).values(values)
}

/// The names of a person, all parts of `Name`.
fn person() -> Vec<Field> {
    vec![
        text("LastName", 80).required().part_of("Name"),
        text("FirstName", 40).part_of("Name"),
        picklist("Salutation", SALUTATIONS)
            .length(40)
            .part_of("Name"),
        text("Name", 121)
            .label("Full Name")
            .required()
            .defaulted()
            .read_only(),
    ]
}

/// The parts of an address whose names begin with `prefix`, and the address itself.
fn address(prefix: &str) -> Vec<Field> {
    let named = |name| format!("{prefix}{name}");
    let whole = named("Address");
    let part = |name, kind| field(&named(name), kind).part_of(&whole);
    let coordinate = |name| part(name, FieldType::Number).digits(18, 15);
    vec![
        part("Street", TextArea),
        part("City", Text).length(40),
        part("State", Text)
            .length(80)
            .label(&format!("{prefix} State/Province")),
        part("PostalCode", Text).length(20),
        part("Country", Text).length(80),
        coordinate("Latitude"),
        coordinate("Longitude"),
        part("GeocodeAccuracy", Picklist)
            .values(ACCURACIES)
            .length(40)
            .restricted(),
        field(&whole, FieldType::Address).read_only(),
    ]
}
