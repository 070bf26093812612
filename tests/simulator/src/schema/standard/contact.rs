//! The fields of contacts.

use super::{SOURCES, address, field, person, picklist, text};
use crate::schema::{
    Field,
    FieldType::{Boolean, Date, Email, LongText, Phone, Reference},
};

pub(super) fn fields() -> Vec<Field> {
    let own = vec![
        text("Title", 128),
        text("Department", 80),
        field("AccountId", Reference).refers_to(&["Account"], "Account"),
        field("ReportsToId", Reference).refers_to(&["Contact"], "ReportsTo"),
        field("Email", Email).id_lookup(),
        field("IsEmailBounced", Boolean).read_only(),
        field("Phone", Phone),
        field("MobilePhone", Phone),
        field("HomePhone", Phone),
        field("OtherPhone", Phone),
        field("Fax", Phone),
        text("AssistantName", 40),
        field("AssistantPhone", Phone),
        field("Birthdate", Date),
        picklist("LeadSource", SOURCES),
        field("Description", LongText),
        field("DoNotCall", Boolean),
        field("HasOptedOutOfEmail", Boolean),
        field("HasOptedOutOfFax", Boolean),
        text("Jigsaw", 20),
    ];
    [person(), address("Mailing"), address("Other"), own].concat()
}
