//! What refusals of earlier attempts have shown about a write (rule `salvage`).

use crate::transform::{
    change::{Change, Fit},
    mapping::Fields,
};

/// What refusals of earlier attempts have shown about the write of an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused {
    /// The refused fields: the object's API name and that of the field.
    fields: Vec<(String, String)>,
    /// Whether Salesforce could not read a value and did not say of which field: the fields are then fitted to the description,
    /// whatever the destination's policy is.
    pub must_fit: bool,
}

impl Refused {
    /// Adds a field that an object has refused.
    pub(crate) fn add(&mut self, object: &str, field: &str) {
        self.fields.push((object.to_owned(), field.to_owned()));
    }

    /// Whether an object has refused a field.
    #[must_use]
    pub(crate) fn contains(&self, object: &str, field: &str) -> bool {
        let is_same = |known: &str, other: &str| known.eq_ignore_ascii_case(other);
        let mut refused = self.fields.iter();
        refused.any(|(of, name)| is_same(of, object) && is_same(name, field))
    }

    /// Leaves the refused fields of an object out.
    pub(crate) fn leave_out(&self, object: &str, fields: &mut Fields<'_>) {
        let is_refused = |name: &str| self.contains(object, name);
        let refused = fields.names().filter(|name| is_refused(&name.text()));
        let changes = refused.map(|name| Change::of_field(name, Fit::RefusedBySalesforce));
        let changes: Vec<_> = changes.collect();
        if !changes.is_empty() {
            fields.retain(|name, _| !is_refused(&name.text()));
            fields.changes.extend(changes);
        }
    }
}
