//! Events as they come in practice: traits that an ordinary org does not take as they are, generated from a seed, and beside each
//! generator what is to become of them. `api::preflight` tries a few hundred of them, the bench `api_calls` ten thousand.
//!
//! | file | kinds of trouble |
//! |---|---|
//! | `names` | traits whose field the org does not have under that name, and fields that cannot be written |
//! | `texts` | texts that are too long, and what is no text |
//! | `numbers` | numbers and booleans as text, and what is none |
//! | `dates` | dates and instants in other forms |
//! | `picklists` | values in another spelling, values that are not on the list |
//! | `places` | states and countries as codes, labels and neither |
//! | `references` | ids of other objects, and what is no id |
//! | `unforeseen` | values that fit the description of their field and that Salesforce refuses all the same |

mod dates;
mod names;
mod numbers;
mod picklists;
mod places;
mod references;
mod texts;
mod unforeseen;

use fastrand::Rng;
use salesforce_simulator::{Builder, Refusal, Simulator};
use serde_json::{Value, json};

/// Makes an event of a kind; `true` where the org has the lead already.
type Generator = fn(&mut Rng, bool) -> Event;

/// A kind of event, by its name.
type Kind = (&'static str, Generator);

/// What a description foretells.
const FORESEEN: [&[Kind]; 8] = [
    &[("clean", clean), ("several at once", several)],
    names::KINDS,
    texts::KINDS,
    numbers::KINDS,
    dates::KINDS,
    picklists::KINDS,
    places::KINDS,
    references::KINDS,
];

/// An event, and what is to become of it.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) email: String,
    /// Its traits, the e-mail included.
    pub(crate) traits: Value,
    /// What the record is to hold; null: nothing.
    record: Vec<(&'static str, Value)>,
    /// Each change that is to be told: the trait or the field, and the reason.
    pub(crate) changes: Vec<(&'static str, &'static str)>,
}

/// Whom the events of a corpus are of, and what they are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corpus {
    /// Each fits the org as it is.
    Clean,
    /// Most have some trouble, which a description foretells.
    Dirty,
    /// One of a hundred has trouble that only Salesforce's refusal tells.
    Unforeseen,
}

impl Corpus {
    /// So many events, each of another person. The same seed makes the same events. Those with even numbers are of leads that the
    /// org has.
    pub(crate) fn events(self, seed: u64, count: usize) -> Vec<Event> {
        let mut rng = Rng::with_seed(seed);
        let kinds: Vec<&Kind> = FORESEEN.into_iter().flatten().collect();
        let event = |number: usize| {
            let (name, make) = match self {
                // Each kind comes up, however few events there are.
                Self::Dirty => *kinds[(number / 2) % kinds.len()],
                Self::Unforeseen if number % 100 == 50 => {
                    unforeseen::KINDS[number / 100 % unforeseen::KINDS.len()]
                }
                Self::Clean | Self::Unforeseen => *kinds[0],
            };
            make(&mut rng, is_known(number)).named(name, number)
        };
        (0..count).map(event).collect()
    }
}

/// An ordinary org for so many events: half of their people are leads already. A refusal names the reference that it is about.
pub(crate) fn org(builder: Builder, username: &str, events: usize) -> Result<Simulator, Refusal> {
    let org = builder
        .ordinary(username)
        .cross_references_name_fields(true)
        .build();
    for number in (0..events).filter(|number| is_known(*number)) {
        org.insert(
            "Lead",
            json!({"LastName": "Doe", "Company": "Acme", "Email": email(number)}),
        )?;
    }
    Ok(org)
}

/// Whether the org has the lead of this number before its event comes.
pub(crate) fn is_known(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// The e-mail address of the person of this number.
pub(crate) fn email(number: usize) -> String {
    format!("person{number}@example.com")
}

impl Event {
    /// An event with these traits besides those of its person.
    fn of(traits: Value) -> Self {
        Self {
            kind: "",
            email: String::new(),
            traits,
            record: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The record holds this value afterwards.
    fn writes(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.record.push((field, value.into()));
        self
    }

    /// The record holds nothing in this field.
    fn leaves_out(self, field: &'static str) -> Self {
        self.writes(field, Value::Null)
    }

    /// This is told of the trait or the field.
    fn tells(mut self, name: &'static str, reason: &'static str) -> Self {
        self.changes.push((name, reason));
        self
    }

    /// Two events in one.
    fn and(mut self, other: Self) -> Self {
        if let (Value::Object(traits), Value::Object(others)) = (&mut self.traits, other.traits) {
            traits.extend(others);
        }
        self.record.extend(other.record);
        self.changes.extend(other.changes);
        self
    }

    /// The event with its kind and its person.
    fn named(self, kind: &'static str, number: usize) -> Self {
        let last_name = format!("Doe {number}");
        let person = json!({"email": email(number), "firstName": "Jane", "lastName": last_name, "company": "Acme"});
        let event = Self {
            kind,
            email: email(number),
            ..Self::of(person).and(self)
        };
        event
            .writes("FirstName", "Jane")
            .writes("LastName", last_name)
    }

    /// The message that rudder-server sends.
    pub(crate) fn message(&self) -> Value {
        json!({"type": "identify", "userId": self.email, "traits": self.traits, "integrations": {"Salesforce": true}})
    }

    /// Whether the event has arrived in a record: its person's name has.
    pub(crate) fn is_written_in(&self, record: &Value) -> bool {
        let names = self.record.iter().filter(|(field, _)| *field == "LastName");
        names
            .into_iter()
            .all(|(field, name)| record[*field] == *name)
    }

    /// What a record does not hold as it should, for a person to read.
    pub(crate) fn differences(&self, record: &Value) -> Vec<String> {
        let fields = self.record.iter();
        let differing = fields.filter(|(field, expected)| !is_same(&record[*field], expected));
        let found = |field: &str| &record[field];
        differing
            .map(|(field, expected)| {
                format!("{}: {field} is {}, not {expected}", self.kind, found(field))
            })
            .collect()
    }

    /// The changes that a text does not name.
    pub(crate) fn unnamed(&self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let names = self.changes.iter();
        let missing = names.filter(|(name, _)| !text.contains(&stem(name)));
        missing
            .map(|(name, reason)| format!("{}: {name} ({reason}) is not named", self.kind))
            .collect()
    }
}

/// A trait's or field's name without letter case and without the ending of custom fields.
pub(crate) fn stem(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_suffix("__c").unwrap_or(&name).to_owned()
}

/// Whether a field holds a value, however a number or an instant is written.
fn is_same(held: &Value, expected: &Value) -> bool {
    match (held, expected) {
        (Value::Number(held), Value::Number(expected)) => held.as_f64() == expected.as_f64(),
        (Value::String(held), Value::String(expected)) if is_instant(expected) => {
            held.get(..19) == expected.get(..19) && is_utc(held)
        }
        (held, expected) => held == expected,
    }
}

fn is_instant(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

fn is_utc(text: &str) -> bool {
    ["Z", "+0000", "+00:00"]
        .iter()
        .any(|zone| text.ends_with(zone))
}

/// One of these.
fn one<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// Nothing to mend: each value has the form that the org takes, and nothing is told.
fn clean(rng: &mut Rng, _: bool) -> Event {
    let (plan, score) = (one(rng, &["free", "pro", "ent"]), rng.u32(1..999));
    let traits = json!({
        "plan": plan, "Score": score, "Trial": true, "Renewal": "2027-03-01", "Topics": "news;sports",
        "address": {"state": "California", "country": "United States"}, "Tier": "Diamond",
        "Signed_Up": "2026-01-05T12:30:00Z", "phone": "+1 555 0100",
    });
    Event::of(traits)
        .writes("plan__c", plan)
        .writes("Score__c", score)
        .writes("Trial__c", true)
        .writes("Renewal__c", "2027-03-01")
        .writes("Topics__c", "news;sports")
        .writes("StateCode", "CA")
        .writes("CountryCode", "US")
        .writes("Tier__c", "Diamond")
        .writes("Signed_Up__c", "2026-01-05T12:30:00Z")
        .writes("Phone", "+1 555 0100")
}

/// A kind of each file, in one event.
fn several(rng: &mut Rng, is_known: bool) -> Event {
    let others = [
        names::unknown,
        texts::too_long,
        numbers::as_text,
        dates::no_date,
        picklists::spelling,
        places::no_state,
        references::no_id,
    ];
    let mut event = Event::of(json!({}));
    for other in others {
        event = event.and(other(rng, is_known));
    }
    event
}
