//! The fields of leads.

use super::{INDUSTRIES, RATINGS, SOURCES, address, field, person, picklist, text};
use crate::schema::{
    Field,
    FieldType::{Boolean, Currency, Date, Email, Int, LongText, Phone, Reference, Url},
};

const STATUSES: &[&str] = &[
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Converted",
    "Closed - Not Converted",
];

pub(super) fn fields() -> Vec<Field> {
    let converted = |name, object: &str| {
        field(&format!("Converted{name}Id"), Reference)
            .refers_to(&[object], &format!("Converted{name}"))
            .read_only()
    };
    let own = vec![
        text("Title", 128),
        field("Email", Email).id_lookup(),
        field("Phone", Phone),
        field("MobilePhone", Phone),
        field("Fax", Phone),
        field("Website", Url),
        picklist("Industry", INDUSTRIES),
        picklist("LeadSource", SOURCES),
        picklist("Status", STATUSES)
            .required()
            .default_value("Open - Not Contacted"),
        picklist("Rating", RATINGS),
        field("AnnualRevenue", Currency).digits(18, 0),
        field("NumberOfEmployees", Int).label("Employees"),
        field("Description", LongText),
        field("HasOptedOutOfEmail", Boolean),
        field("HasOptedOutOfFax", Boolean),
        field("DoNotCall", Boolean),
        field("IsUnreadByOwner", Boolean),
        text("Jigsaw", 20),
        field("IsConverted", Boolean).read_only(),
        field("ConvertedDate", Date).read_only(),
        converted("Account", "Account"),
        converted("Contact", "Contact"),
        converted("Opportunity", "Opportunity"),
    ];
    let company = text("Company", 255).required();
    [vec![company], person(), address(""), own].concat()
}
