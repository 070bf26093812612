//! Values that fit the description of their field, and that Salesforce refuses all the same: each is left out, and its record is sent
//! again.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind};

/// Why each is left out.
const REFUSED: &str = "refused_by_salesforce";

pub(super) const KINDS: &[Kind] = &[
    ("almost an e-mail address", almost_email),
    ("reference to a record that is not there", dead_reference),
    (
        "value that the record type does not have",
        other_record_type,
    ),
    ("parent whose external id is unknown", dead_parent),
];

/// Salesforce alone knows which addresses it takes.
fn almost_email(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Second_Email": "jane@example"}))
        .leaves_out("Second_Email__c")
        .tells("Second_Email", REFUSED)
}

/// The id has the right form and the right object.
fn dead_reference(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Account": "0015g0000000009AAA"}))
        .leaves_out("Account__c")
        .tells("Account", REFUSED)
}

/// A description lists the values of all record types.
fn other_record_type(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Channel": "fax"}))
        .leaves_out("Channel__c")
        .tells("Channel", REFUSED)
}

/// Salesforce looks the parent up.
fn dead_parent(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Account__r": {"Domain__c": "nobody.example"}}))
        .leaves_out("Account__c")
        .tells("Account__r", REFUSED)
}
