//! Traits whose field the org does not have under that name, and fields that this user or nobody writes.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("unknown trait", unknown),
    ("field hidden from the user", hidden),
    ("no possible field name", no_name),
    ("other letter case", other_case),
    ("standard field by its own name", standard),
    ("two traits of one field", same_field),
    ("field that only Salesforce writes", calculated),
    ("field that the user only reads", read_only),
    ("field of new records only", create_only),
    ("field of known records only", update_only),
];

/// The reason for a field that is not written, by what is done with the record.
fn not_written(is_known: bool) -> &'static str {
    if is_known {
        "not_updateable"
    } else {
        "not_createable"
    }
}

/// The org has no such field: the trait is left out.
pub(super) fn unknown(rng: &mut Rng, _: bool) -> Event {
    let name = one(
        rng,
        &["favourite_colour", "utm_campaign", "planet", "Scoring"],
    );
    Event::of(json!({name: "teal"})).tells(name, "unknown_field")
}

/// For this user the org has no such field: the trait is left out.
fn hidden(rng: &mut Rng, _: bool) -> Event {
    let limit = rng.u32(1..9_000);
    Event::of(json!({"Credit_Limit": limit}))
        .leaves_out("Credit_Limit__c")
        .tells("Credit_Limit", "unknown_field")
}

/// No field can have the name: the trait is left out.
fn no_name(rng: &mut Rng, _: bool) -> Event {
    let name = one(rng, &["first purchase", "a.b", "größe", "2fa", "last-seen"]);
    Event::of(json!({name: "x"})).tells(name, "field_name")
}

/// The org's spelling is sent.
fn other_case(rng: &mut Rng, _: bool) -> Event {
    if rng.bool() {
        let traits = json!({"PLAN": "pro"});
        return Event::of(traits)
            .writes("plan__c", "pro")
            .tells("plan__c", "other_case");
    }
    Event::of(json!({"seats": 7}))
        .writes("Seats__c", 7)
        .tells("Seats__c", "other_case")
}

/// The standard field of the trait's name is written, since there is no custom one.
fn standard(rng: &mut Rng, _: bool) -> Event {
    let (name, field, value): (_, _, Value) = match rng.u8(..4) {
        0 => ("industry", "Industry", json!("Banking")),
        1 => ("AnnualRevenue", "AnnualRevenue", json!(1200)),
        2 => ("numberOfEmployees", "NumberOfEmployees", json!(42)),
        _ => ("doNotCall", "DoNotCall", json!(true)),
    };
    Event::of(json!({name: value}))
        .writes(field, value)
        .tells(field, "standard_field")
}

/// The later one is written; in an event of this corpus that is the one in small letters.
fn same_field(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"Plan": "ent", "plan": "free"}))
        .writes("plan__c", "free")
        .tells("plan", "same_field")
}

/// A formula or a number of Salesforce's own is left out.
fn calculated(rng: &mut Rng, is_known: bool) -> Event {
    let name = one(rng, &["Grade", "Ticket"]);
    Event::of(json!({name: "A"})).tells(name, not_written(is_known))
}

/// Field-level security lets the user read it: it is left out.
fn read_only(_: &mut Rng, is_known: bool) -> Event {
    Event::of(json!({"Risk": "high"}))
        .leaves_out("Risk__c")
        .tells("Risk", not_written(is_known))
}

/// It is written into a new record, and left out of a known one.
fn create_only(_: &mut Rng, is_known: bool) -> Event {
    let event = Event::of(json!({"First_Source": "ad"}));
    if is_known {
        return event
            .leaves_out("First_Source__c")
            .tells("First_Source", "not_updateable");
    }
    event.writes("First_Source__c", "ad")
}

/// It is left out of a new record, and written into a known one.
fn update_only(_: &mut Rng, is_known: bool) -> Event {
    let event = Event::of(json!({"Last_Review": "good"}));
    if is_known {
        return event.writes("Last_Review__c", "good");
    }
    event
        .leaves_out("Last_Review__c")
        .tells("Last_Review", "not_createable")
}
