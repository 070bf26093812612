//! Good jobs of every kind, and the junk that makes them bad.

use proptest::{collection::btree_map, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::fixtures::{destination, identify, job};

/// A job of a batch. Its number is its position, so that no two new people share an e-mail.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    traits: Value,
    /// Where in the job there is junk, and which; `None` in a good job.
    pub(super) junk: Option<(&'static str, String)>,
}

/// What a job writes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    UnknownLead,
    KnownLead,
    NamedRecords,
    UnknownSync,
    KnownSync,
}

const KINDS: [Kind; 5] = [
    Kind::UnknownLead,
    Kind::KnownLead,
    Kind::NamedRecords,
    Kind::UnknownSync,
    Kind::KnownSync,
];

impl Slot {
    /// The job as it is sent.
    pub(super) fn text(&self, id: u64) -> String {
        let mut job = job(id, self.message(id), &destination("dst-1"));
        let Some((place, junk)) = &self.junk else {
            return job.to_string();
        };
        // Junk such as an unpaired surrogate is no value of serde's, so that it is put into the text.
        *job.pointer_mut(place).unwrap() = json!("<junk>");
        job.to_string().replace(r#""<junk>""#, junk)
    }

    /// Whether the junk stands where the job's id was. Any other job is answered: rudder-server retries a whole batch for one
    /// id that it misses.
    pub(super) fn has_lost_its_id(&self) -> bool {
        matches!(self.junk, Some(("" | "/metadata", _)))
    }

    fn message(&self, id: u64) -> Value {
        let mut message = identify(self.traits.clone());
        let email = format!("person{id}@example.com");
        match self.kind {
            Kind::UnknownLead => message["traits"]["email"] = json!(email),
            Kind::KnownLead => message["traits"]["email"] = json!("Known@example.com"),
            Kind::NamedRecords => {
                let named = [
                    json!({"type": "Salesforce-Account", "id": "001A"}),
                    json!({"type": "Salesforce-Contact"}),
                ];
                message["context"] = json!({ "externalId": named });
            }
            Kind::UnknownSync => message["context"] = sync(&email),
            Kind::KnownSync => message["context"] = sync("known@example.com"),
        }
        message
    }
}

/// The context of a reverse-ETL event for a contact.
fn sync(email: &str) -> Value {
    let identifier = json!({"type": "Salesforce-Contact", "id": email, "identifierType": "Email"});
    json!({"mappedToDestination": true, "externalId": [identifier]})
}

/// A job that becomes its requests, whatever its traits are.
pub(super) fn good() -> impl Strategy<Value = Slot> {
    let names = select(&["name", "firstName", "company", "city", "plan", "Score__c"][..]);
    let value = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let traits = btree_map(names, value, 0..4).prop_map(|traits| json!(traits));
    (select(&KINDS[..]), traits).prop_map(|(kind, traits)| Slot {
        kind,
        traits,
        junk: None,
    })
}

/// A good job with junk in it.
pub(super) fn bad() -> impl Strategy<Value = Slot> {
    let wrong = (
        select(&PLACES[..]),
        select(&JUNK[..]).prop_map(str::to_owned),
    );
    let uncarriable = (select(&PLACES[..MESSAGE_PLACES]), uncarriable());
    (good(), prop_oneof![wrong, uncarriable]).prop_map(|(slot, (place, junk))| {
        // Not every good job has every place.
        let job = job(1, slot.message(1), &destination("dst-1"));
        let place = job.pointer(place).map_or("/message/traits", |_| place);
        Slot {
            junk: Some((place, junk)),
            ..slot
        }
    })
}

/// Where junk stands; first, where the event's author has put it.
const PLACES: [&str; 18] = [
    "",
    "/message",
    "/message/type",
    "/message/integrations",
    "/message/traits",
    "/message/traits/email",
    "/message/context",
    "/message/context/externalId",
    "/message/context/externalId/0",
    "/message/context/externalId/0/id",
    "/message/context/externalId/0/type",
    "/message/context/externalId/0/identifierType",
    "/metadata",
    "/destination",
    "/destination/DestinationDefinition",
    "/destination/DestinationDefinition/Name",
    "/destination/Config",
    "/destination/Config/userName",
];

const MESSAGE_PLACES: usize = 12;

/// JSON that is not what anybody expects.
const JUNK: [&str; 22] = [
    // Nulls and wrong types.
    "null",
    "true",
    "5",
    "12345678901234567890",
    r#""""#,
    r#""text""#,
    "[]",
    "{}",
    "[null]",
    r#"[{"type":"Salesforce-Account","id":{}}]"#,
    // Keys that mean something to JavaScript.
    r#"{"__proto__":{"polluted":true}}"#,
    r#"{"\u005f_proto__":null,"email":"a@example.com"}"#,
    r#"{"email":"b@example.com","constructor":{"prototype":{"polluted":true}}}"#,
    // Templates with an unsafe path, or with one that takes away what the job needs.
    r#""{{ message.constructor.name || \"d\" }}""#,
    r#""{{ message.__proto__.polluted || d }}""#,
    r#"{"userName":"{{ destination.ID || d }}","password":"{{ metadata || d }}"}"#,
    r#"{"x":"{{ message || d }}","y":"{{ destination.Config || d }}"}"#,
    // Values that mean something to a query or a path.
    r#""x' OR Email LIKE '%""#,
    r#""known@example.com') OR (Id != null""#,
    r#""\u0000\\'\n%_""#,
    r#""../../Lead""#,
    r#""Salesforce-Lead WHERE Id != null --""#,
];

/// JSON that no decoder can carry: an unpaired surrogate, a number beyond all range, and more nesting than it follows. It stands
/// in messages only: metadata and destination are rudder-server's own words, and go back to it as they came.
fn uncarriable() -> impl Strategy<Value = String> {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":["#.repeat(depth), "]}".repeat(depth));
    prop_oneof![
        select(&UNCARRIABLE[..]).prop_map(str::to_owned),
        (600..5_000_usize).prop_map(nested),
    ]
}

const UNCARRIABLE: [&str; 4] = [
    r#""\ud800""#,
    r#"{"email":"c@example.com","half":"\udc00"}"#,
    r#"{"email":"d@example.com","\ud83d":1}"#,
    "-1e400",
];
