//! The changes that preflight, the mapping and salvage made to an event's fields, as answers list them (rule `explanation`).

use crate::{
    json::Writer,
    transform::change::{Change, MAX_CHANGES},
};

/// Writes changes as elements of an array: `{trait, field, change, reason, message}`. An element without a trait or a field
/// concerns no single one. Further changes than a person reads are counted in a last element.
pub(super) fn write<'a>(changes: &[Change<'a>], json: &mut Writer) {
    for change in changes.iter().take(MAX_CHANGES) {
        json.object(|json| {
            if let Some(name) = change.trait_name() {
                json.text_member("trait", &name);
            }
            if let Some(field) = change.field() {
                json.text_member("field", &field);
            }
            json.text_member("change", change.kind().as_str());
            json.text_member("reason", change.reason());
            json.text_member("message", &change.to_string());
        });
    }
    match changes.len().saturating_sub(MAX_CHANGES) {
        0 => {}
        more => json.object(|json| {
            json.text_member("message", &format!("{more} more changes are not listed"));
        }),
    }
}
