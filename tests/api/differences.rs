//! The differences between the two sets of rules (`docs/behaviour.md`): for each rule the documented and the stock answer, side
//! by side. Both services ask one org, and each event goes to both of rudder-server's routes, which must agree.
//!
//! | file | rules |
//! |---|---|
//! | `events` | `event-type`, `gate`, `traits`, `lead-email` |
//! | `records` | `named-object`, `lead-found`, `reverse-etl` |
//! | `fields` | `lead-fields`, `custom-fields`, `system-fields`, `other-objects`, `mapping-off` |
//! | `saved` | what is done so that a person is saved: `lead-email`, `lead-found`, `blank-text`, `own-id` and others |
//! | `requests` | `request`, `one-create`, `dynamic-config` |

mod events;
mod fields;
mod records;
mod requests;
mod saved;

use std::slice;

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job},
    service::{Service, serve},
};

/// The answers of the two sets to one event.
#[derive(Debug, PartialEq)]
struct Answers {
    documented: Answer,
    stock: Answer,
}

/// What an answer says to its event.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: u64,
    /// The error's `statTags`, such as `dataValidation/instrumentation`; empty where there are none.
    class: String,
    /// The requests in order: method and path, and the JSON that is written.
    requests: Vec<(String, Value)>,
}

/// An event that either set refuses for what is in it.
const INVALID: &str = "dataValidation/instrumentation";

/// An event that either set refuses for what Salesforce holds.
const LOOKUP_REFUSED: &str = "network/aborted/instrumentation";

fn filtered() -> Answer {
    answer(298, "", [])
}

fn refused(class: &str) -> Answer {
    answer(400, class, [])
}

/// Several requests, such as `("PATCH /services/data/v50.0/sobjects/Lead/00Q…", fields)`.
fn sent<const N: usize>(requests: [(&str, Value); N]) -> Answer {
    answer(200, "", requests)
}

/// A request that creates a record of `object`.
fn create(object: &str, fields: Value) -> Answer {
    sent([(&format!("POST {SOBJECTS}/{object}"), fields)])
}

/// A request that updates a record, such as `Lead/00Q…`, as the documented set writes it (rule `request`).
fn patch(record: &str, fields: Value) -> Answer {
    sent([(&format!("PATCH {SOBJECTS}/{record}"), fields)])
}

/// A request that updates a record as the stock set writes it (rule `request`).
fn post_patch(record: &str, fields: Value) -> Answer {
    let line = format!("POST {SOBJECTS}/{record}?_HttpMethod=PATCH");
    sent([(&line, fields)])
}

const SOBJECTS: &str = "/services/data/v50.0/sobjects";

fn answer<const N: usize>(status: u64, class: &str, requests: [(&str, Value); N]) -> Answer {
    let owned = |(line, fields): (&str, Value)| (line.to_owned(), fields);
    Answer {
        status,
        class: class.to_owned(),
        requests: requests.map(owned).into(),
    }
}

/// One answer that both sets give.
fn same(answer: Answer) -> Answers {
    Answers {
        documented: answer.clone(),
        stock: answer,
    }
}

/// One update in both sets, each in its own words (rule `request`).
fn same_update(record: &str, fields: Value) -> Answers {
    Answers {
        documented: patch(record, fields.clone()),
        stock: post_patch(record, fields),
    }
}

/// An identify for the lead `ada@example.com`.
fn ada() -> Value {
    identify(json!({"email": "ada@example.com"}))
}

/// What is written for [`ada`].
fn ada_fields() -> Value {
    json!({"Email": "ada@example.com", "LastName": "n/a", "Company": "n/a"})
}

/// A service under each set of rules, with one Salesforce.
struct Both {
    documented: Service,
    stock: Service,
    salesforce: String,
}

impl Both {
    async fn of(org: &Simulator) -> Self {
        Self::start(serve(org.router()).await, &[]).await
    }

    async fn start(salesforce: String, flags: &[&str]) -> Self {
        let start = async |set| {
            let flags = [&["--compatibility", set, "--preflight", "off"], flags].concat();
            Service::start(&salesforce, &flags).await
        };
        Self {
            documented: start("documented").await,
            stock: start("stock").await,
            salesforce,
        }
    }

    /// The answers to an event for the destination `dst-1`.
    async fn answers(&self, event: Value) -> Answers {
        self.answers_at(&destination("dst-1"), event).await
    }

    async fn answers_at(&self, destination: &Value, event: Value) -> Answers {
        self.answers_to(job(1, event, destination)).await
    }

    async fn answers_to(&self, job: Value) -> Answers {
        Answers {
            documented: self.answer(&self.documented, &job).await,
            stock: self.answer(&self.stock, &job).await,
        }
    }

    /// What both routes say to a job.
    async fn answer(&self, service: &Service, job: &Value) -> Answer {
        let entries = service.router([job]).await;
        let [entry] = entries.as_array().unwrap().as_slice() else {
            panic!("not one entry: {entries}")
        };
        let answer = self.read(entry);
        let elements = service.processor([job]).await;
        let elements = elements.as_array().unwrap().iter();
        let elements: Vec<Answer> = elements.map(|element| self.read(element)).collect();
        let whole = Answer {
            requests: elements
                .iter()
                .flat_map(|element| element.requests.clone())
                .collect(),
            ..elements[0].clone()
        };
        assert_eq!(answer, whole, "the routes do not agree on {job}");
        answer
    }

    /// What an entry of the router or an element of the processor says.
    fn read(&self, entry: &Value) -> Answer {
        let tags = ["errorCategory", "errorType", "meta"];
        let tags = tags
            .iter()
            .filter_map(|tag| entry["statTags"][tag].as_str());
        let batched = entry.get("batchedRequest").and_then(Value::as_array);
        let requests = batched.map_or(
            entry.get("output").map_or(&[][..], slice::from_ref),
            Vec::as_slice,
        );
        Answer {
            status: entry["statusCode"].as_u64().unwrap(),
            class: tags.collect::<Vec<_>>().join("/"),
            requests: requests.iter().map(|request| self.line(request)).collect(),
        }
    }

    fn line(&self, request: &Value) -> (String, Value) {
        let endpoint = request["endpoint"].as_str().unwrap();
        let path = endpoint.strip_prefix(&self.salesforce).unwrap();
        let method = request["method"].as_str().unwrap();
        (format!("{method} {path}"), request["body"]["JSON"].clone())
    }
}
