//! The changes that the mapping, preflight and salvage made to an event's fields, as answers tell them (rule `explanation`).

use crate::{
    json::Writer,
    transform::{
        change::ChangeKind,
        changes::{Changes, MAX_LISTED, NotedChanges},
    },
};

/// Writes changes as elements of an array: `{trait, field, change, reason, message}`. An element without a trait or a field
/// concerns no single one. Further changes than a person reads are counted in a last element.
pub(super) fn write(changes: &Changes<'_>, json: &mut Writer) {
    for change in changes.iter().take(MAX_LISTED) {
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
    match changes.len().saturating_sub(MAX_LISTED) {
        0 => {}
        more => json.object(|json| {
            json.text_member("message", &format!("{more} more changes are not listed"));
        }),
    }
}

/// The maximum length in bytes of the changes in the error of a job. rudder-server stores no more than 10 kB.
const MAX_TEXT: usize = 4 << 10;

/// The changes of a record that was written, as the error of its job; `None` if there are none.
pub(super) fn warning(changes: &NotedChanges) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    let is_whole = (changes.listed.iter()).all(|change| change.kind == ChangeKind::Named);
    let mut text = if is_whole {
        "the record was written as it came, but: ".to_owned()
    } else {
        "the record was written, but not as it came: ".to_owned()
    };
    let mut told = 0;
    for change in &changes.listed {
        if text.len() + change.text.len() > MAX_TEXT {
            break;
        }
        let separator = if told == 0 { "" } else { "; " };
        text.extend([separator, &change.text, " (", change.reason, ")"]);
        told += 1;
    }
    match changes.len() - told {
        0 => {}
        more => text.extend(["; and ", &more.to_string(), " more changes"]),
    }
    Some(text)
}
