//! The fields of a lead, in the documented set: what is written of an event, what is left out of it, and what is said of that.
//!
//! | file | what it specifies |
//! |---|---|
//! | `email` | the e-mail is written as it was looked up |
//! | `blank` | blank text is absent |
//! | `names` | what a custom field can be called |
//! | `one_field` | which names are one field |
//! | `own_id` | a record's own id is left out |
//! | `leads` | which of several leads is meant, and what a converted one becomes |
//! | `left_out` | everything that is left out is named and counted |
//! | `refused` | what a refusal says |
//! | `random` | what must be true of any traits |

mod blank;
mod email;
mod leads;
mod left_out;
mod names;
mod one_field;
mod own_id;
mod random;
mod refused;

use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job},
    service::Service,
};

/// A request that is described: method and path from the object on, such as `POST Lead`; its fields; what is said of it.
#[derive(Debug, PartialEq)]
struct Described {
    line: String,
    fields: Value,
    explanation: Vec<String>,
}

impl Described {
    /// Whether something is said that holds both texts.
    fn says(&self, name: &str, why: &str) -> bool {
        let mut lines = self.explanation.iter();
        lines.any(|line| line.contains(name) && line.contains(why))
    }
}

/// The one request that an event becomes at `/transform`.
async fn described(service: &Service, event: &Value) -> Described {
    described_at(service, &destination("dst-1"), event).await
}

async fn described_at(service: &Service, destination: &Value, event: &Value) -> Described {
    described_text(service, &job(1, event.clone(), destination).to_string()).await
}

/// The one request that a job becomes whose members are in the order of its text.
async fn described_text(service: &Service, event: &str) -> Described {
    let answer = service.post("/transform", format!("[{event}]")).await;
    let answer = answer.accepted();
    let [element] = answer.as_array().unwrap().as_slice() else {
        panic!("not one element: {answer}");
    };
    let request = &element["output"];
    assert_eq!(element["statusCode"], 200, "{event}: {element}");
    let endpoint = request["endpoint"].as_str().unwrap();
    let (_, path) = endpoint.split_once("/sobjects/").unwrap();
    let lines = element["explanation"].as_array().into_iter().flatten();
    Described {
        line: format!("{} {path}", request["method"].as_str().unwrap()),
        fields: request["body"]["JSON"].clone(),
        explanation: lines
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect(),
    }
}

/// An identify for the lead `ada@example.com`, with further traits.
pub(crate) fn ada(traits: Value) -> Value {
    identify(with(json!({"email": "ada@example.com"}), traits))
}

/// What is written for a lead besides `fields`, where it has neither a name nor a company.
fn lead(fields: Value) -> Value {
    let nobody = json!({"Email": "ada@example.com", "LastName": "n/a", "Company": "n/a"});
    with(nobody, fields)
}

/// An object with the members of another.
fn with(mut object: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("no object: {members}");
    };
    object.as_object_mut().unwrap().extend(members);
    object
}

/// The text of a job of the destination `dst-1` whose traits, which are `null` in the event, have this order.
fn in_order(id: u64, event: Value, traits: &str) -> String {
    let job = job(id, event, &destination("dst-1")).to_string();
    job.replacen(r#""traits":null"#, &format!(r#""traits":{traits}"#), 1)
}

/// An identify for a record that it names.
fn named(object: &str, id: &Value, traits: Value) -> Value {
    let mut event = identify(traits);
    event["context"] = json!({"externalId": [{"type": format!("Salesforce-{object}"), "id": id}]});
    event
}

/// A reverse-ETL event for the record of `object` whose `field` is `id`.
fn sync(object: &str, field: &str, id: &Value, traits: Value) -> Value {
    let mut event = named(object, id, traits);
    event["context"]["mappedToDestination"] = json!(true);
    event["context"]["externalId"][0]["identifierType"] = json!(field);
    event
}
