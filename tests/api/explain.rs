//! Explanations: `POST /transform?explain` and the command `explain`.
//!
//! | file | what it specifies |
//! |---|---|
//! | `golden` | the explanations of 20 events, each rule once, as text and as JSON |
//! | `request` | what an explanation asks and leaves alone, and what is wrong with an event |
//! | `command` | files, exit codes, stored explanations |
//! | `forecast` | the calls that are forecast are those that the org counts |
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its traits where it needs them: synced(json!({…}), json!({…}))"
)]

mod command;
mod forecast;
mod golden;
mod request;

use salesforce_simulator::{FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use crate::fixtures::{destination, identify, job, org};

/// An org with fields of its own: a unique external id, a short text, a picklist.
fn fitted_org() -> Simulator {
    let tier = FieldSpec::new("Tier__c", FieldType::Picklist)
        .values(&["Gold", "Silver"])
        .restricted();
    let fields = [
        FieldSpec::new("plan__c", FieldType::Text),
        FieldSpec::new("score__c", FieldType::Number).digits(6, 0),
        FieldSpec::new("code__c", FieldType::Text).length(4),
        tier,
    ];
    let org = fields
        .into_iter()
        .fold(org(), |org, field| org.field("Lead", field));
    let org = org.field("Contact", FieldSpec::new("plan__c", FieldType::Text));
    let org = org.external_id("Contact", "Key__c", true);
    org.field("Contact", FieldSpec::new("Other__c", FieldType::Text))
        .build()
}

/// A destination with these members of its configuration.
fn configured(id: &str, config: Value) -> Value {
    let mut destination = destination(id);
    let own = destination["Config"].as_object_mut().unwrap();
    own.extend(config.as_object().unwrap().clone());
    destination
}

/// An event of a reverse-ETL sync to contacts.
fn synced(identifier: Value, traits: Value) -> Value {
    let mut entry = json!({"type": "Salesforce-Contact"});
    let members = entry.as_object_mut().unwrap();
    members.extend(identifier.as_object().unwrap().clone());
    json!({
        "type": "identify", "userId": "u-sync", "traits": traits,
        "context": {"mappedToDestination": true, "externalId": [entry]},
    })
}

/// An event that names records.
fn naming(entries: Value, traits: Value) -> Value {
    let mut event = identify(traits);
    event["context"] = json!({"externalId": entries});
    event
}

/// Events with their destination, each with a message id.
fn numbered(events: impl IntoIterator<Item = (&'static str, Value, Value)>) -> Value {
    let jobs = (1..)
        .zip(events)
        .map(|(id, (name, mut event, destination))| {
            event["messageId"] = json!(name);
            job(id, event, &destination)
        });
    jobs.collect()
}
