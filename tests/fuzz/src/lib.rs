//! The set-up of the targets that post a body to the whole service, which asks a simulated Salesforce over a real socket: what
//! each answer must be, whatever the body is.
//!
//! The first byte of an input says how the rest is posted: as the body itself, or as one event between two good ones.

mod service;

use salesforce_transformer::internals::json::Document;
use serde_json::{Value, json};

use self::service::Service;

/// A route that takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /v0/destinations/salesforce`
    Processor,
    /// `POST /routerTransform`
    Router,
    /// `POST /transform`
    Transform,
}

/// How an input is posted, by the bits of its first byte. A digit is a byte that a person can write.
mod flag {
    pub(super) const COMPACTED: u8 = 1;
    pub(super) const AMONG_OTHERS: u8 = 2;
    pub(super) const AS_ENTRY: u8 = 4;
}

/// The jobs of the two good events and of the one between them.
const FIRST: u64 = 9_000_001;
const BETWEEN: u64 = 9_000_002;
const LAST: u64 = 9_000_003;

thread_local! {
    static SERVICE: Service = Service::start().expect("the service starts");
}

/// Posts an input to a route, and holds the answer to what is promised.
pub fn post(route: Route, input: &[u8]) {
    let [flags, input @ ..] = input else { return };
    let is_compacted = flags & flag::COMPACTED != 0;
    if flags & flag::AMONG_OTHERS == 0 {
        alone(route, is_compacted, input);
    } else if let Ok(text) = std::str::from_utf8(input) {
        among_others(route, is_compacted, flags & flag::AS_ENTRY != 0, text);
    }
}

/// Any body has an answer that its caller can read; each of its events is answered.
fn alone(route: Route, is_compacted: bool, body: &[u8]) {
    let answer = SERVICE.with(|service| service.answer(route, is_compacted, body));
    if answer.status != 200 {
        return;
    }
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let answered: Value = match serde_json::from_str(&answer.text) {
        Ok(answered) => answered,
        // serde_json follows 128 levels, the service more.
        Err(error) => return assert!(error.to_string().contains("recursion"), "{error}"),
    };
    let events = ["input", "batch"]
        .iter()
        .find_map(|name| asked[name].as_array());
    let events = asked.as_array().or(events).map_or(1, Vec::len);
    match route {
        Route::Router => {
            let jobs = answered["output"].as_array().into_iter().flatten();
            let jobs = jobs
                .flat_map(|entry| entry["metadata"].as_array())
                .flatten();
            assert_eq!(jobs.count(), events, "{answered}");
        }
        Route::Processor | Route::Transform => {
            let elements = answered.as_array().map_or(0, Vec::len);
            assert!(elements >= events, "{elements} of {events}: {answered}");
        }
    }
}

/// Whatever stands between two good events, these become requests, and each of the three is answered for itself.
fn among_others(route: Route, is_compacted: bool, is_entry: bool, text: &str) {
    let Ok(document) = Document::read(text) else {
        return;
    };
    let entry = |job: u64, message: &str| {
        let metadata = json!({"jobId": job, "destinationId": "d1"});
        let destination = if is_compacted {
            String::new()
        } else {
            format!(r#","destination":{}"#, destination())
        };
        format!(r#"{{"message":{message},"metadata":{metadata}{destination}}}"#)
    };
    let good = good().map(|event| event.to_string());
    let between = if is_entry {
        text.to_owned()
    } else {
        entry(BETWEEN, document.root().json())
    };
    let entries = [entry(FIRST, &good[0]), between, entry(LAST, &good[1])].join(",");
    let destinations = format!(r#"{{"d1":{}}}"#, destination());
    let body = match (route, is_compacted) {
        (Route::Processor | Route::Transform, false) => format!("[{entries}]"),
        _ => format!(
            r#"{{"input":[{entries}],"destType":"salesforce","destinations":{destinations}}}"#
        ),
    };
    let answer = SERVICE.with(|service| service.answer(route, is_compacted, body.as_bytes()));
    if answer.status == 503 {
        assert_eq!(
            (route, answer.reason.as_str()),
            (Route::Processor, "not_now")
        );
        return;
    }
    assert_eq!(answer.status, 200, "{}", answer.text);
    let Ok(answered) = serde_json::from_str::<Value>(&answer.text) else {
        return;
    };
    // A compacted body brings `/transform` no destinations.
    if route == Route::Transform && is_compacted {
        return;
    }
    let answers = answers(route, &answered);
    for job in [FIRST, LAST] {
        assert_eq!(statuses(&answers, job), [200], "{job} in {answered}");
    }
    if !is_entry {
        let between = statuses(&answers, BETWEEN);
        let is_answered = match route {
            Route::Router => between.len() == 1,
            Route::Processor | Route::Transform => !between.is_empty(),
        };
        assert!(is_answered, "{answered}");
    }
}

/// The jobs of an answer, each with its status.
fn answers(route: Route, answered: &Value) -> Vec<(u64, u64)> {
    let entries = match route {
        Route::Router => &answered["output"],
        Route::Processor | Route::Transform => answered,
    };
    let mut answers = Vec::new();
    for entry in entries.as_array().into_iter().flatten() {
        let status = entry["statusCode"].as_u64().expect("a status");
        let is_request = entry
            .get("batchedRequest")
            .or(entry.get("output"))
            .is_some();
        assert_ne!(is_request, entry.get("error").is_some(), "{entry}");
        let jobs = match &entry["metadata"] {
            Value::Array(jobs) => jobs.iter().collect(),
            job => vec![job],
        };
        answers.extend(
            jobs.iter()
                .filter_map(|job| Some((job["jobId"].as_u64()?, status))),
        );
    }
    answers
}

fn statuses(answers: &[(u64, u64)], job: u64) -> Vec<u64> {
    let of_job = answers.iter().filter(|(known, _)| *known == job);
    of_job.map(|(_, status)| *status).collect()
}

/// A contact that is named and a lead that is known.
fn good() -> [Value; 2] {
    let contact =
        json!({"externalId": [{"type": "Salesforce-Contact", "id": "0035g00000GOOD1AAA"}]});
    let event = |traits: Value, context: Value| json!({"type": "identify", "traits": traits, "context": context, "integrations": {"Salesforce": true}});
    [
        event(json!({"LastName": "Gibbs"}), contact),
        event(json!({"email": "good.lead@example.com"}), json!({})),
    ]
}

fn destination() -> Value {
    json!({
        "ID": "d1",
        "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
        "Config": {"userName": "u", "password": "p", "initialAccessToken": "t"},
    })
}
