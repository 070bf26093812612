//! The explanations of 20 events, each rule once. With `WRITE_GOLDEN=true` they are written anew, to be read before they are
//! committed.

use std::{collections::BTreeSet, env, fs, path::Path};

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{configured, fitted_org, naming, numbered, synced};
use crate::{
    fixtures::{destination, identify, known_lead},
    service::{Service, serve},
};

/// The records that the events are for.
struct Planted {
    contact: String,
    lead: String,
}

fn plant(org: &Simulator) -> Planted {
    let contact = |name: &str| org.insert("Contact", json!({"LastName": name})).unwrap();
    let converted = known_lead(org, "twice@example.com");
    org.convert(&converted).unwrap();
    known_lead(org, "twice@example.com");
    known_lead(org, "same@example.com");
    known_lead(org, "same@example.com");
    let converted = known_lead(org, "converted@example.com");
    org.convert(&converted).unwrap();
    let deleted = known_lead(org, "deleted@example.com");
    org.delete("Lead", &deleted).unwrap();
    for _ in 0..2 {
        org.insert("Contact", json!({"LastName": "Twin", "Other__c": "o-2"}))
            .unwrap();
    }
    Planted {
        lead: known_lead(org, "ada@example.com"),
        contact: contact("Named"),
    }
}

/// An event with its rule as its message id, and its destination.
type Named = (&'static str, Value, Value);

/// Each event with its rule as its message id.
fn events(planted: &Planted) -> Value {
    let lists = [
        unplanned(),
        leads(),
        mapped(planted),
        named(planted),
        synchronised(planted),
    ];
    numbered(lists.into_iter().flatten())
}

fn own() -> Value {
    destination("dst-1")
}

/// Events that fail before a record is looked up.
fn unplanned() -> Vec<Named> {
    let gated = json!({"type": "identify", "traits": {"email": "a@example.com"}, "integrations": {"All": true}});
    let no_object =
        json!({"type": "identify", "traits": ["x"], "integrations": {"Salesforce": true}});
    let track = json!({"type": "track", "event": "Signed Up"});
    let blank = identify(json!({"email": " ", "name": "Ada"}));
    let no_object_name = naming(json!([{"type": "Salesforce-Con tact"}]), json!({}));
    vec![
        ("event-type", track, own()),
        ("gate", gated, own()),
        ("traits", no_object, own()),
        ("lead-email", blank, own()),
        ("named-object, refused", no_object_name, own()),
        (
            "reverse-etl, incomplete",
            synced(json!({"id": "k-1"}), json!({})),
            own(),
        ),
    ]
}

/// Which lead is found.
fn leads() -> Vec<Named> {
    let new = json!({"email": " new@example.com ", "name": "Ada King Lovelace", "company": {"name": "Acme"}});
    let known = |email: &str| identify(json!({"email": email, "plan": "free"}));
    let converted = json!({"email": "converted@example.com", "plan": "free", "rating": "Hot"});
    let contacts = configured("dst-2", json!({"useContactId": true}));
    vec![
        ("lead-fields", identify(new), own()),
        ("lead-found, open", known("twice@example.com"), own()),
        (
            "lead-found, last modified",
            known("same@example.com"),
            own(),
        ),
        (
            "lead-found, in the recycle bin",
            known("deleted@example.com"),
            own(),
        ),
        ("converted-contact", identify(converted), contacts),
    ]
}

/// What becomes of traits.
fn mapped(planted: &Planted) -> Vec<Named> {
    let custom = json!({
        "email": "ada@example.com", "plan": "free", "Plan": "pro", "score": 0, "note": " ", "prefs": {"a": 1}, "x y": 1,
    });
    let lead = json!([{"type": "Salesforce-Lead", "id": planted.lead}]);
    let system = json!({"createdAt": "2026-01-01", "id": planted.lead, "title": "Countess"});
    let raw = json!({"email": "raw@example.com", "LastName": "Raw", "Company": "Acme"});
    let unmapped = configured("dst-3", json!({"mapProperties": false}));
    let unfit = json!({"email": "ada@example.com", "code": "too long", "tier": "gold", "score": "42", "unheard": 1});
    vec![
        (
            "custom-fields, blank-text, one-field-one-key",
            identify(custom),
            own(),
        ),
        ("system-fields, own-id", naming(lead, system), own()),
        ("mapping-off", identify(raw), unmapped),
        ("preflight", identify(unfit), own()),
    ]
}

/// Records that the event names.
fn named(planted: &Planted) -> Vec<Named> {
    let contact = json!([{"type": "Salesforce-Contact", "id": planted.contact}]);
    let several = json!([
        {"type": "Salesforce-Contact", "id": planted.contact},
        {"type": "Salesforce-Case"},
    ]);
    let traits = json!({"LastName": "Lovelace", "Title": "Countess"});
    vec![
        ("other-objects", naming(contact, traits), own()),
        (
            "named-object, several",
            naming(several, json!({"Description": "hello"})),
            own(),
        ),
    ]
}

/// Records of a reverse-ETL sync.
fn synchronised(planted: &Planted) -> Vec<Named> {
    let title = || json!({"Title": "Countess"});
    let by = |id: &str, field: &str| json!({"id": id, "identifierType": field});
    vec![
        (
            "reverse-etl, by id",
            synced(by(&planted.contact, "Id"), title()),
            own(),
        ),
        (
            "reverse-etl, several",
            synced(by("o-2", "Other__c"), title()),
            own(),
        ),
        (
            "external-id",
            synced(by("k-1", "Key__c"), json!({"LastName": "King"})),
            own(),
        ),
    ]
}

/// Compares a text with the file that stores it.
fn assert_golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api/explain")
        .join(file);
    if env::var_os("WRITE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    let lines = stored.lines().zip(text.lines()).enumerate();
    for (number, (stored, now)) in lines {
        assert_eq!(now, stored, "{file}, line {}", number + 1);
    }
    assert_eq!(text.lines().count(), stored.lines().count(), "{file}");
}

/// The text without what differs from run to run.
fn settled(text: &str, salesforce: &str) -> String {
    let version = concat!("salesforce-transformer/", env!("CARGO_PKG_VERSION"));
    text.replace(salesforce, "https://acme.my.salesforce.com")
        .replace(version, "salesforce-transformer/VERSION")
}

#[tokio::test]
async fn twenty_events_are_explained_as_text_and_as_json() {
    let org = fitted_org();
    let events = events(&plant(&org));
    assert_eq!(events.as_array().unwrap().len(), 20);
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let json = service.post("/transform?explain", &events).await;
    assert_eq!(json.status, 200, "{}", json.text);
    assert_eq!(
        json.header("content-type"),
        "application/json; charset=utf-8"
    );
    let text = service
        .request("/transform?explain")
        .header("Accept", "text/plain");
    let text = crate::service::send(text.body(events.to_string())).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(!text.text.contains('\u{1b}'), "colours are for terminals");
    assert_golden("golden.json", &settled(&json.text, &salesforce));
    assert_golden("golden.txt", &settled(&text.text, &salesforce));
}

#[tokio::test]
async fn lookups_that_are_not_asked_are_shown_as_questions() {
    let org = fitted_org();
    let events = events(&plant(&org));
    let service = Service::of(&org).await;
    let before = org.calls();
    let text = service
        .request("/transform?explain&live=false")
        .header("Accept", "text/plain");
    let text = crate::service::send(text.body(events.to_string())).await;
    assert_eq!(org.calls(), before);
    assert_golden("golden_offline.txt", &settled(&text.text, "http://none"));
}

#[tokio::test]
async fn the_session_in_the_documentation_is_a_real_one() {
    let org = fitted_org();
    let converted = known_lead(&org, "twice@example.com");
    org.convert(&converted).unwrap();
    known_lead(&org, "twice@example.com");
    let traits = json!({"email": "twice@example.com", "plan": "free", "prefs": {"a": 1}});
    let mut event = identify(traits);
    event["messageId"] = json!("m-18");
    let event = json!({"message": event, "destination": destination("dst-1")});
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let request = service
        .request("/transform?explain")
        .header("Accept", "text/plain");
    let answer = crate::service::send(request.body(event.to_string())).await;
    let said = answer
        .text
        .replace(&salesforce, "https://acme.my.salesforce.com");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&said),
        "docs/explain.md does not contain:\n{said}"
    );
}

/// Each value of the member `rule`, at any depth.
fn rules(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(
                members
                    .get("rule")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members.values().for_each(|value| rules(value, found));
        }
        Value::Array(elements) => elements.iter().for_each(|value| rules(value, found)),
        _ => {}
    }
}

#[test]
fn rules_go_by_their_names_in_the_documentation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = fs::read_to_string(folder.join("tests/api/explain/golden.json")).unwrap();
    let mut found = BTreeSet::new();
    rules(&serde_json::from_str(&golden).unwrap(), &mut found);
    let page = fs::read_to_string(folder.join("docs/behaviour.md")).unwrap();
    let unknown = found
        .iter()
        .filter(|rule| !page.contains(&format!("\n| `{rule}` |")));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(found.len() >= 13, "{found:?}");
}
