//! Rule `preflight`: the fields of a record are fitted to the description of its object before they are sent. Each row of the rule's
//! table in both ways of delivery, and a corpus of dirty events.
//!
//! | file | what it specifies |
//! |---|---|
//! | `names` | fields that the org has under another name, or not at all, or not for this operation |
//! | `texts` | texts that are too long |
//! | `types` | numbers, booleans, dates and instants in other forms, arrays and objects |
//! | `picklists` | picklists, states and countries |
//! | `references` | ids, and parents by external id |
//! | `required` | fields that a new record needs |
//! | `merged` | what displaces nothing: lists, values that do not fit, words of a visitor, policies of others |
//! | `nulls` | `CLEAR_WITH_NULL` and `PLACEHOLDERS=never` |
//! | `modes` | `warn`, `off`, and an org that does not describe |
//! | `corpus` | hundreds of events of each kind of trouble |

mod corpus;
#[path = "../dirty/corpus.rs"]
mod dirty;
mod merged;
mod modes;
mod names;
mod nulls;
mod picklists;
mod references;
mod required;
mod texts;
mod types;

use salesforce_simulator::{Builder, Simulator};
use serde_json::{Value, json};

use crate::{
    delivery,
    fixtures::{destination, job, org},
    inline,
    service::{Service, serve},
};

/// The user as whom `destination` logs in.
const USER: &str = "crm@acme.example";

/// What a change tells: the trait or the field, and the reason.
type Told<'a> = &'a [(&'a str, &'a str)];

/// An org as an admin has it.
fn ordinary() -> Builder {
    org().ordinary(USER).cross_references_name_fields(true)
}

/// An identify for the lead `ada@example.com`, with these traits.
fn ada(traits: Value) -> Value {
    let mut event = json!({
        "type": "identify",
        "userId": "ada",
        "traits": {"email": "ada@example.com", "lastName": "Lovelace", "company": "Navy"},
        "integrations": {"Salesforce": true},
    });
    extend(&mut event["traits"], traits);
    event
}

/// Holds that an event of a new lead with these traits sends `sent` besides the lead's own fields, described and written here, and
/// that `told` and nothing else is said of it.
#[track_caller]
fn fits(traits: Value, sent: Value, told: Told<'_>) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let (event, at) = (ada(traits.clone()), format!("{place}: {traits}"));
        let mut expected =
            json!({"Email": "ada@example.com", "LastName": "Lovelace", "Company": "Navy"});
        extend(&mut expected, sent);
        described(&event, &expected, told, &at).await;
        delivered(&event, &expected, told, &at).await;
    }
}

/// In descriptor delivery: what is described, what `/transform` tells, and what Salesforce takes.
async fn described(event: &Value, expected: &Value, told: Told<'_>, at: &str) {
    let org = ordinary().build();
    let service = Service::of(&org).await;
    let entries = service.router([job_of(event)]).await;
    assert_eq!(&fields(&entries[0]), expected, "{at}");
    assert_eq!(explained(&service, event).await, pairs(told), "{at}");
    let output = delivery::deliver(&service, &entries[0]).await;
    assert_eq!(output["status"], 200, "{at}: {output}");
    assert_eq!(org.calls().refused_records, 0, "{at}");
}

/// In inline delivery: what the record holds, and what its job is answered.
async fn delivered(event: &Value, expected: &Value, told: Told<'_>, at: &str) {
    let org = ordinary().build();
    let service = inline::inline(&org, &[]).await;
    let entries = inline::deliver(&service, [job_of(event)]).await;
    let status = if told.is_empty() { 299 } else { 296 };
    assert_eq!(inline::statuses(&entries), [status], "{at}: {entries:?}");
    let error = entries[0]["error"].as_str().unwrap_or_default();
    for (name, _) in told {
        assert!(names(error, name), "{at}: {name} is not named: {error}");
    }
    let lead = &org.records("Lead")[0];
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&lead[field], value, "{at}: {field}");
    }
    assert_eq!(org.calls().refused_records, 0, "{at}");
}

/// The reasons that `/transform` gives for an event, with the name of the trait or field of each, in their order.
async fn explained(service: &Service, event: &Value) -> Vec<(String, String)> {
    let answer = service.transform(json!([job_of(event)])).await;
    let explanation = answer[0]["explanation"].as_array();
    let mut told: Vec<_> = explanation.into_iter().flatten().map(told_of).collect();
    told.sort();
    told
}

/// The name and the reason of one explanation.
fn told_of(change: &Value) -> (String, String) {
    let name = change["field"].as_str().or(change["trait"].as_str());
    let reason = change["reason"].as_str();
    (
        dirty::stem(name.unwrap_or_default()),
        reason.unwrap_or_default().to_owned(),
    )
}

fn pairs(told: Told<'_>) -> Vec<(String, String)> {
    let told = told.iter();
    let mut told: Vec<_> = told
        .map(|(name, reason)| (dirty::stem(name), (*reason).to_owned()))
        .collect();
    told.sort();
    told
}

/// Whether a text names a trait or a field.
fn names(text: &str, name: &str) -> bool {
    text.to_lowercase().contains(&dirty::stem(name))
}

fn job_of(event: &Value) -> Value {
    job(1, event.clone(), &destination("dst-1"))
}

/// The fields of an entry's request.
fn fields(entry: &Value) -> Value {
    entry["batchedRequest"][0]["body"]["JSON"].clone()
}

fn extend(object: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        panic!("no object: {members}");
    };
    object.as_object_mut().unwrap().extend(members);
}

/// A service in descriptor delivery with these flags.
async fn service(org: &Simulator, flags: &[&str]) -> Service {
    Service::start(&serve(org.router()).await, flags).await
}
