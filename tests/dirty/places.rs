//! States and countries, in an org that has lists of them.

use fastrand::Rng;
use serde_json::json;

use super::{Event, Kind, one};

pub(super) const KINDS: &[Kind] = &[
    ("codes of a state and a country", codes),
    (
        "names of a state and a country in other letter case",
        labels,
    ),
    ("state that the country does not have", no_state),
    ("country that is not listed", no_country),
    ("state without a country", state_alone),
];

/// They are written into the fields for codes.
fn codes(rng: &mut Rng, _: bool) -> Event {
    let (state, country, label) = one(
        rng,
        &[
            ("CA", "US", "California"),
            ("WA", "AU", "Western Australia"),
            ("ON", "CA", "Ontario"),
        ],
    );
    Event::of(json!({"state": state, "country": country}))
        .writes("StateCode", state)
        .writes("State", label)
        .writes("CountryCode", country)
        .tells("State", "state_country")
        .tells("Country", "state_country")
}

/// The lists' spelling is written.
fn labels(_: &mut Rng, _: bool) -> Event {
    Event::of(json!({"state": "california", "country": "UNITED STATES"}))
        .writes("StateCode", "CA")
        .writes("CountryCode", "US")
        .tells("State", "picklist_spelling")
        .tells("Country", "picklist_spelling")
}

/// The state is left out, the country stays.
pub(super) fn no_state(rng: &mut Rng, _: bool) -> Event {
    let state = one(rng, &["Ontario", "ON", "Atlantis"]);
    Event::of(json!({"state": state, "country": "United States"}))
        .writes("CountryCode", "US")
        .leaves_out("StateCode")
        .tells("State", "state_country")
}

/// The country is left out.
fn no_country(rng: &mut Rng, _: bool) -> Event {
    let country = one(rng, &["Atlantis", "XX", "U.S."]);
    Event::of(json!({"country": country}))
        .leaves_out("CountryCode")
        .tells("Country", "state_country")
}

/// A state without a country is left out: Salesforce refuses it.
fn state_alone(rng: &mut Rng, _: bool) -> Event {
    let state = one(rng, &["California", "CA"]);
    Event::of(json!({"state": state}))
        .leaves_out("StateCode")
        .tells("State", "state_country")
}
