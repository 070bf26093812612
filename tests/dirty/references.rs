//! References: what is no id, and ids of other objects.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[("no id", no_id), ("id of another object", other_object)];

/// It is left out: too short, not of letters and digits, or 18 characters whose last three do not check the others.
pub(super) fn no_id(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["Acme", "0015g00000000é1", "0015g0000000001AAB"]);
    Event::of(json!({"Account": text}))
        .leaves_out("Account__c")
        .tells("Account", "not_an_id")
}

/// An id whose first characters are those of another standard object is left out.
fn other_object(rng: &mut Rng, _: bool) -> Event {
    let contact = one(rng, &["0035g0000000001AAA", "0035g0000000001"]);
    Event::of(json!({"Account": contact}))
        .leaves_out("Account__c")
        .tells("Account", "other_object")
}
