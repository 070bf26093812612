//! A long random run: 3,000 events of 300 people from 8 workers, while answers are lost, sessions end, calls fail and leads are
//! merged. On the processor path an event is described once and delivered with that one descriptor until it is written; on
//! the router path each attempt describes it anew.
//!
//! A person's events follow one another, as rudder-server keeps the order of a user's events; each is a new attempt until its
//! delivery says 200. In the end each person has one lead, with the values of the last events.

use std::collections::{HashMap, VecDeque};

use fastrand::Rng;
use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};

use super::stored::asking;
use crate::{
    fixtures::{destination, identify, job, org},
    service::{Service, serve},
};

const EVENTS: u64 = 1_000;
const PEOPLE: u64 = 100;
const WORKERS: u64 = 8;
const FIELDS: [(&str, &str); 3] = [("city", "City"), ("phone", "Phone"), ("title", "Title")];

/// Faults of writes; each of the first six is written.
const OF_WRITES: [Fault; 11] = [
    Fault::Dropped,
    Fault::Dropped,
    Fault::CutOff,
    Fault::Says(204, ""),
    Fault::Says(201, "{}"),
    Fault::Says(200, "null"),
    Fault::ServerUnavailable,
    Fault::RowLocked,
    Fault::Html,
    Fault::SessionInvalid,
    Fault::LimitExceeded,
];
const OF_QUERIES: [Fault; 5] = [
    Fault::Dropped,
    Fault::Html,
    Fault::ServerUnavailable,
    Fault::SessionInvalid,
    Fault::CutOff,
];

/// What each person's lead is to hold in the end.
type Expected = HashMap<u64, HashMap<&'static str, String>>;

/// The events of each worker, each with its person.
fn events(rng: &mut Rng) -> (HashMap<u64, VecDeque<Value>>, Expected) {
    let mut expected = Expected::new();
    let mut queues: HashMap<u64, VecDeque<Value>> = HashMap::new();
    for id in 0..EVENTS {
        let person = rng.u64(0..PEOPLE);
        let mut traits = json!({"email": format!("person{person}@example.com")});
        let of_person = expected.entry(person).or_default();
        for (name, field) in FIELDS {
            if rng.bool() {
                let value = format!("{field} {id}");
                traits[name] = json!(value);
                of_person.insert(field, value);
            }
        }
        let event = job(id, identify(traits), &destination("dst-1"));
        queues.entry(person % WORKERS).or_default().push_back(event);
    }
    (queues, expected)
}

/// About every 20th call goes wrong.
fn misbehave(org: &Simulator, rng: &mut Rng) {
    match rng.u8(..) {
        0..=9 => org.fail_next(Call::Create, OF_WRITES[rng.usize(..OF_WRITES.len())], 1),
        10..=19 => org.fail_next(Call::Update, OF_WRITES[rng.usize(..OF_WRITES.len())], 1),
        20..=26 => org.fail_next(Call::Query, OF_QUERIES[rng.usize(..OF_QUERIES.len())], 1),
        27..=29 => org.expire_sessions(),
        _ => {}
    }
}

/// Describes an event, for which rudder-server waits as long as it is told to.
async fn described(service: &Service, event: &Value) -> Value {
    let path = "/v0/destinations/salesforce";
    loop {
        let answer = service.post(path, json!([event])).await;
        if answer.status == 503 {
            assert_eq!(answer.header("X-Rudder-Should-Retry"), "true");
            continue;
        }
        let described = answer.accepted()[0].take();
        assert_eq!(described["statusCode"], 200, "{described}");
        return described;
    }
}

/// A salesperson merges a person's lead into a new one, which has another id.
fn merge(org: &Simulator, event: &Value) {
    let email = &event["message"]["traits"]["email"];
    let leads = org.records("Lead");
    let Some(old) = leads.iter().find(|lead| lead["Email"] == *email) else {
        return;
    };
    let fields = ["LastName", "Company", "Email", "City", "Phone", "Title"];
    let fields = fields.map(|field| (field.to_owned(), old[field].clone()));
    org.insert("Lead", Value::Object(fields.into_iter().collect()))
        .unwrap();
    org.delete("Lead", old["Id"].as_str().unwrap()).unwrap();
}

/// Delivers a request by one version of the proxy; the status of its job.
async fn sent(service: &Service, mut body: Value, version: &str) -> (u64, Value) {
    if version == "v1" {
        body["metadata"] = json!([body["metadata"]]);
    }
    let path = format!("/{version}/destinations/salesforce/proxy");
    let answer = service.post(&path, body).await;
    let output = answer.json()["output"].take();
    let status = match version {
        "v0" => u64::from(answer.status),
        _ => output["response"][0]["statusCode"].as_u64().unwrap(),
    };
    (status, output)
}

/// Takes an event down the processor path, attempt after attempt, until it is written.
async fn by_processor(service: &Service, org: &Simulator, event: &Value, rng: &mut Rng) {
    let described = described(service, event).await;
    let config = event["destination"]["Config"].clone();
    let version = if rng.bool() { "v0" } else { "v1" };
    for attempt in 0.. {
        misbehave(org, rng);
        if rng.u8(..) < 16 {
            merge(org, event);
        }
        let (status, output) = sent(service, asking(&described, &config, attempt), version).await;
        match status {
            200 => return,
            429 | 500 => {}
            _ => panic!("a good event was refused: {output}"),
        }
    }
}

/// Takes an event down the router path, where each attempt transforms it anew, until it is written.
async fn by_router(service: &Service, org: &Simulator, event: &Value, rng: &mut Rng) {
    let version = if rng.bool() { "v0" } else { "v1" };
    for attempt in 0.. {
        misbehave(org, rng);
        let mut event = event.clone();
        event["metadata"]["attemptNum"] = json!(attempt);
        let entry = service.router([&event]).await[0].take();
        match entry["statusCode"].as_u64().unwrap() {
            200 => {}
            429 | 500 => continue,
            _ => panic!("a good event was refused: {entry}"),
        }
        if rng.u8(..) < 16 {
            merge(org, &event);
        }
        let mut body = super::asking(&entry["batchedRequest"][0], &entry["metadata"][0]);
        body["destinationConfig"] = event["destination"]["Config"].clone();
        let (status, output) = sent(service, body, version).await;
        match status {
            200 => return,
            429 | 500 => {}
            _ => panic!("a good event was refused: {output}"),
        }
    }
}

async fn work(service: &Service, org: &Simulator, queue: VecDeque<Value>, mut rng: Rng) {
    for event in queue {
        misbehave(org, &mut rng);
        if rng.bool() {
            by_processor(service, org, &event, &mut rng).await;
        } else {
            by_router(service, org, &event, &mut rng).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_end_each_person_has_one_lead_with_what_was_said_last() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let org = org().daily_limit(u64::MAX).build();
    // Ids are remembered, and so may be stale.
    let flags = [
        ["--lookup-window", "1ms"],
        ["--lookup-cache-ttl", "1h"],
        ["--refused-login-ttl", "0s"],
    ];
    let flags = flags.as_flattened();
    let service = Service::start(&serve(org.router()).await, flags).await;
    let (queues, expected) = events(&mut rng);
    let workers = queues
        .into_values()
        .map(|queue| work(&service, &org, queue, rng.fork()));
    join_all(workers).await;

    let leads = org.records("Lead");
    assert_eq!(leads.len(), expected.len(), "seed {seed}");
    for (person, fields) in expected {
        let email = format!("person{person}@example.com");
        let mut of_person = leads.iter().filter(|lead| lead["Email"] == email.as_str());
        let lead = of_person.next().unwrap();
        for (field, value) in fields {
            assert_eq!(lead[field], value.as_str(), "person {person}, seed {seed}");
        }
    }
}
