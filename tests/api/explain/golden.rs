//! The explanations of 20 events, each rule once. With `WRITE_GOLDEN=true` they are written anew, to be read before they are
//! committed.

use std::{env, fs, path::Path};

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

/// Each event with its rule as its message id.
fn events(planted: &Planted) -> Value {
    let own = || destination("dst-1");
    let lead = |traits: Value| identify(traits);
    let contact = json!([{"type": "Salesforce-Contact", "id": planted.contact}]);
    let several = json!([
        {"type": "Salesforce-Contact", "id": planted.contact},
        {"type": "Salesforce-Case"},
    ]);
    let contacts = configured("dst-2", json!({"useContactId": true}));
    let unmapped = configured("dst-3", json!({"mapProperties": false}));
    let gated = json!({"type": "identify", "traits": {"email": "a@example.com"}, "integrations": {"All": true}});
    let no_object =
        json!({"type": "identify", "traits": ["x"], "integrations": {"Salesforce": true}});
    numbered([
        (
            "event-type",
            json!({"type": "track", "event": "Signed Up"}),
            own(),
        ),
        ("gate", gated, own()),
        ("traits", no_object, own()),
        (
            "lead-email",
            lead(json!({"email": " ", "name": "Ada"})),
            own(),
        ),
        (
            "lead-fields",
            lead(
                json!({"email": " new@example.com ", "name": "Ada King Lovelace", "company": {"name": "Acme"}}),
            ),
            own(),
        ),
        (
            "lead-found, open",
            lead(json!({"email": "twice@example.com", "plan": "free"})),
            own(),
        ),
        (
            "lead-found, last modified",
            lead(json!({"email": "same@example.com", "plan": "free"})),
            own(),
        ),
        (
            "lead-found, in the recycle bin",
            lead(json!({"email": "deleted@example.com"})),
            own(),
        ),
        (
            "converted-contact",
            lead(json!({"email": "converted@example.com", "plan": "free", "rating": "Hot"})),
            contacts,
        ),
        (
            "custom-fields, blank-text, one-field-one-key",
            lead(
                json!({"email": "ada@example.com", "plan": "free", "Plan": "pro", "score": 0, "note": " ", "prefs": {"a": 1}, "x y": 1}),
            ),
            own(),
        ),
        (
            "system-fields, own-id",
            naming(
                json!([{"type": "Salesforce-Lead", "id": planted.lead}]),
                json!({"createdAt": "2026-01-01", "id": planted.lead, "title": "Countess"}),
            ),
            own(),
        ),
        (
            "other-objects",
            naming(
                contact,
                json!({"LastName": "Lovelace", "Title": "Countess"}),
            ),
            own(),
        ),
        (
            "named-object, several",
            naming(several, json!({"Description": "hello"})),
            own(),
        ),
        (
            "named-object, refused",
            naming(json!([{"type": "Salesforce-Con tact"}]), json!({})),
            own(),
        ),
        (
            "mapping-off",
            lead(json!({"email": "raw@example.com", "LastName": "Raw", "Company": "Acme"})),
            unmapped,
        ),
        (
            "reverse-etl, by id",
            synced(
                json!({"id": planted.contact, "identifierType": "Id"}),
                json!({"Title": "Countess"}),
            ),
            own(),
        ),
        (
            "reverse-etl, several",
            synced(
                json!({"id": "o-2", "identifierType": "Other__c"}),
                json!({"Title": "Countess"}),
            ),
            own(),
        ),
        (
            "external-id",
            synced(
                json!({"id": "k-1", "identifierType": "Key__c"}),
                json!({"LastName": "King"}),
            ),
            own(),
        ),
        (
            "preflight",
            lead(
                json!({"email": "ada@example.com", "code": "too long", "tier": "gold", "score": "42", "unheard": 1}),
            ),
            own(),
        ),
        (
            "reverse-etl, incomplete",
            synced(json!({"id": "k-1"}), json!({})),
            own(),
        ),
    ])
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
