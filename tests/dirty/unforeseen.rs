//! Values that fit the description of their field, and that Salesforce refuses all the same, naming the field.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("no e-mail address", no_email),
    ("reference to a record that is not there", dead_reference),
];

/// It is left out, and the record is sent again.
fn no_email(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["nobody", "a b@example.com", "jane@example"]);
    Event::of(json!({"Second_Email": text}))
        .leaves_out("Second_Email__c")
        .tells("Second_Email", "refused_by_salesforce")
}

/// It is left out, and the record is sent again.
fn dead_reference(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Account": "0015g0000000009AAA"}))
        .leaves_out("Account__c")
        .tells("Account", "refused_by_salesforce")
}
