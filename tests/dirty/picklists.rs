//! Picklists: values in another spelling, labels, values that are not on the list.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("picklist value in another spelling", spelling),
    ("open picklist value in another spelling", open_spelling),
    ("value that a restricted picklist does not have", not_listed),
    ("several values in an array", array),
    ("several values in another spelling", several_spellings),
    ("several values of which one is not listed", one_not_listed),
];

/// The value is written, whether it came in other letter case or as its label.
pub(super) fn spelling(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["PRO", "Pro", "Professional", "professional"]);
    Event::of(json!({"plan": text}))
        .writes("plan__c", "pro")
        .tells("plan", "picklist_spelling")
}

/// The value is written. What is not listed is written as it is: see the clean event.
fn open_spelling(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["gold", "GOLD"]);
    Event::of(json!({"Tier": text}))
        .writes("Tier__c", "Gold")
        .tells("Tier", "picklist_spelling")
}

/// It is left out, and so is a value that may be chosen no more.
fn not_listed(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["platinum", "legacy", "pro plus"]);
    Event::of(json!({"plan": text}))
        .leaves_out("plan__c")
        .tells("plan", "not_in_picklist")
}

/// They are written as one text.
fn array(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Topics": ["sports", "news"]}))
        .writes("Topics__c", "sports;news")
        .tells("Topics", "converted")
}

/// Each is written as the list has it.
fn several_spellings(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Topics": "Sports & Games;NEWS"}))
        .writes("Topics__c", "sports;news")
        .tells("Topics", "picklist_spelling")
}

/// The others are written.
fn one_not_listed(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Topics": "sports;chess"}))
        .writes("Topics__c", "sports")
        .tells("Topics", "not_in_picklist")
}
