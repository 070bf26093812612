//! The admin address over HTTP: what it shows, and to whom.
//!
//! | file | what it specifies |
//! |---|---|
//! | `listed` | `/events`: what is kept of each event, and each filter |
//! | `delivered` | what is kept of deliveries, inline and through the proxy |
//! | `faults` | `/faults` and `/orgs` |
//! | `counted` | `/events/counts`, the age of faults, the history of orgs |
//! | `live` | `/events/live`: order, reconnects, slow watchers |
//! | `page` | `/`: the page for browsers, its policy, and who gets it |
//! | `protected` | each protection, and the token's file |
//! | `private` | no value of an event is shown |
//! | `remedies` | the documentation shows the registries of rules and remedies, and `/rules` does |
//! | `tailed` | the subcommand `tail` |

mod counted;
mod delivered;
mod faults;
mod listed;
mod live;
mod page;
mod private;
mod protected;
mod remedies;
mod tailed;

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use crate::{
    fixtures::identify,
    service::{Service, serve},
};

/// What turns the admin address on.
const ON: [&str; 2] = ["--admin-listen", "127.0.0.1:0"];

/// A service for an org, with its admin address on, and these flags.
async fn watched(org: &Simulator, flags: &[&str]) -> Service {
    let flags = [&ON, flags].concat();
    Service::start(&serve(org.router()).await, &flags).await
}

/// An identify with the id of its message.
fn message(id: &str, traits: Value) -> Value {
    let mut message = identify(traits);
    message["messageId"] = json!(id);
    message
}

/// The events that `/events` shows for a query, newest first.
async fn events(service: &Service, query: &str) -> Vec<Value> {
    let answer = service.admin(&format!("/events{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

/// The message ids of the events that `/events` shows for a query, newest first.
async fn messages(service: &Service, query: &str) -> Vec<String> {
    let events = events(service, query).await.into_iter();
    let text = |event: Value| event["message"].as_str().unwrap_or_default().to_owned();
    events.map(text).collect()
}
