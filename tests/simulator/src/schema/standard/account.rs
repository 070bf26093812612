//! The fields of accounts.

use super::{INDUSTRIES, RATINGS, address, field, picklist, text};
use crate::schema::{
    Field,
    FieldType::{Currency, Int, LongText, Phone, Reference, Url},
};

const TYPES: &[&str] = &[
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Channel Partner / Reseller",
    "Installation Partner",
    "Technology Partner",
    "Other",
];

pub(super) fn fields() -> Vec<Field> {
    let own = vec![
        text("Name", 255).label("Account Name").required(),
        text("AccountNumber", 40),
        field("ParentId", Reference).refers_to(&["Account"], "Parent"),
        picklist("Type", TYPES),
        picklist("Industry", INDUSTRIES),
        picklist("Rating", RATINGS),
        field("Phone", Phone),
        field("Fax", Phone),
        field("Website", Url),
        text("Site", 80),
        field("AnnualRevenue", Currency).digits(18, 0),
        field("NumberOfEmployees", Int).label("Employees"),
        field("Description", LongText),
    ];
    [own, address("Billing"), address("Shipping")].concat()
}
