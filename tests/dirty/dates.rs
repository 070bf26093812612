//! Dates and instants in other forms.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("instant for a date", date),
    ("date or seconds for an instant", instant),
    ("no date", no_date),
    ("no instant", no_instant),
];

/// 2026-01-05T00:00:00Z
const EPOCH_SECONDS: u64 = 1_767_571_200;

/// The day of the instant is written.
fn date(rng: &mut Rng, _: bool) -> Event {
    let instant = one(rng, &["2027-03-01T10:00:00Z", "2027-03-01T10:00:00.123Z"]);
    Event::of(json!({"Renewal": instant}))
        .writes("Renewal__c", "2027-03-01")
        .tells("Renewal", "converted")
}

/// The beginning of the day, or the instant of the seconds or milliseconds, is written.
fn instant(rng: &mut Rng, _: bool) -> Event {
    let value: Value = match rng.u8(..3) {
        0 => json!("2026-01-05"),
        1 => json!(EPOCH_SECONDS),
        _ => json!(EPOCH_SECONDS * 1_000),
    };
    Event::of(json!({"Signed_Up": value}))
        .writes("Signed_Up__c", "2026-01-05T00:00:00Z")
        .tells("Signed_Up", "converted")
}

/// It is left out.
pub(super) fn no_date(rng: &mut Rng, _: bool) -> Event {
    let text = one(
        rng,
        &["next Tuesday", "31.12.2026", "2026-02-30", "01/02/2026"],
    );
    Event::of(json!({"Renewal": text}))
        .leaves_out("Renewal__c")
        .tells("Renewal", "not_a_date")
}

/// It is left out.
fn no_instant(rng: &mut Rng, _: bool) -> Event {
    let text = one(rng, &["yesterday", "2026-01-05T25:00:00Z", "2026-13-05"]);
    Event::of(json!({"Signed_Up": text}))
        .leaves_out("Signed_Up__c")
        .tells("Signed_Up", "not_a_date")
}
