//! The fields of cases.

use super::{field, picklist, text};
use crate::schema::{
    Field,
    FieldType::{Boolean, DateTime, Email, LongText, Reference},
};

pub(super) fn fields() -> Vec<Field> {
    vec![
        text("CaseNumber", 30).auto_number().id_lookup(),
        field("ContactId", Reference).refers_to(&["Contact"], "Contact"),
        field("AccountId", Reference).refers_to(&["Account"], "Account"),
        field("ParentId", Reference).refers_to(&["Case"], "Parent"),
        text("SuppliedName", 80),
        field("SuppliedEmail", Email),
        text("SuppliedPhone", 40),
        text("SuppliedCompany", 80),
        picklist(
            "Type",
            &[
                "Mechanical",
                "Electrical",
                "Electronic",
                "Structural",
                "Other",
            ],
        ),
        picklist("Status", &["New", "Working", "Escalated", "Closed"]).default_value("New"),
        picklist(
            "Reason",
            &[
                "Installation",
                "Equipment Complexity",
                "Performance",
                "Breakdown",
                "Equipment Design",
                "Feedback",
                "Other",
            ],
        ),
        picklist("Origin", &["Phone", "Email", "Web"]),
        picklist("Priority", &["High", "Medium", "Low"]).default_value("Medium"),
        text("Subject", 255),
        field("Description", LongText),
        field("IsClosed", Boolean).read_only(),
        field("IsEscalated", Boolean),
        field("ClosedDate", DateTime).read_only(),
    ]
}
