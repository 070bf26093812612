//! A long random run: 3,000 events of 150 people from 16 workers, with faults of every kind, lost connections and resends.
//!
//! The workers do what rudder-server's router does: a user's jobs stay with one worker and in order, what fails for the
//! moment comes again before the user's later jobs, and a request whose connection is lost is sent again as it was.

use std::collections::{HashMap, HashSet, VecDeque};

use fastrand::Rng;
use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};

use super::{inline, statuses};
use crate::{
    fixtures::{destination, identify, job, org},
    service::{Service, send},
};

const EVENTS: u64 = 3_000;
const PEOPLE: u64 = 150;
const WORKERS: u64 = 16;
const FIELDS: [(&str, &str); 4] = [
    ("city", "City"),
    ("phone", "Phone"),
    ("state", "State"),
    ("title", "Title"),
];
const FAULTS: [Fault; 8] = [
    Fault::ServerUnavailable,
    Fault::RowLocked,
    Fault::Html,
    Fault::Dropped,
    Fault::CutOff,
    Fault::Short,
    Fault::SessionInvalid,
    Fault::LimitExceeded,
];

/// A job, and whose it is.
#[derive(Clone)]
struct Pending {
    person: u64,
    job: Value,
}

/// The events, and what each person's lead is to hold in the end.
fn events(rng: &mut Rng) -> (Vec<Pending>, HashMap<u64, HashMap<&'static str, String>>) {
    let mut expected: HashMap<u64, HashMap<&'static str, String>> = HashMap::new();
    let event = |id: u64| {
        let person = rng.u64(0..PEOPLE);
        let mut traits = json!({"email": format!("person{person}@example.com")});
        for (name, field) in FIELDS {
            if rng.bool() {
                traits[name] = json!(format!("{field} {id}"));
                expected
                    .entry(person)
                    .or_default()
                    .insert(field, format!("{field} {id}"));
            }
        }
        let mut job = job(id, identify(traits), &destination("dst-1"));
        job["metadata"]["userId"] = json!(format!("user{person}"));
        Pending { person, job }
    };
    let events = (0..EVENTS).map(event).collect();
    (events, expected)
}

/// Sends what a worker has, in batches of up to 20, until all of it has been delivered.
async fn work(
    service: &Service,
    org: &Simulator,
    mut queue: VecDeque<Pending>,
    mut rng: Rng,
) -> Vec<u64> {
    let mut delivered = Vec::new();
    while !queue.is_empty() {
        let size = rng.usize(1..=20).min(queue.len());
        let batch: Vec<Pending> = queue.drain(..size).collect();
        misbehave(org, &mut rng);
        let entries = sent(service, &batch, &mut rng).await;
        let statuses = statuses(&entries);
        assert_eq!(
            statuses.len(),
            batch.len(),
            "each job is answered exactly once"
        );
        let mut held = HashSet::new();
        let mut again = Vec::new();
        for ((pending, status), entry) in batch.into_iter().zip(statuses).zip(&entries) {
            match status {
                299 => {
                    assert!(
                        !held.contains(&pending.person),
                        "a later job has overtaken an earlier one: {}",
                        told(&entries)
                    );
                    delivered.push(pending.job["metadata"]["jobId"].as_u64().unwrap());
                }
                429 | 500 => {
                    held.insert(pending.person);
                    again.push(pending);
                }
                _ => panic!("a good event was refused: {}", entry["error"]),
            }
        }
        for pending in again.into_iter().rev() {
            queue.push_front(pending);
        }
    }
    delivered
}

/// What became of each job of a batch.
fn told(entries: &[Value]) -> String {
    let told = |entry: &Value| {
        format!(
            "{} {} {} {}",
            entry["metadata"][0]["jobId"],
            entry["metadata"][0]["userId"],
            entry["statusCode"],
            entry["error"]
        )
    };
    entries.iter().map(told).collect::<Vec<_>>().join("\n")
}

/// Now and then something is about to go wrong.
fn misbehave(org: &Simulator, rng: &mut Rng) {
    if rng.u8(..) < 60 {
        let call = [Call::Query, Call::Composite, Call::Collections][rng.usize(..3)];
        org.fail_next(call, FAULTS[rng.usize(..FAULTS.len())], 1);
    }
    if rng.u8(..) < 30 {
        org.lock_rows(rng.usize(..8));
    }
}

/// Sends a batch; now and then the connection is lost, and the same is sent again.
async fn sent(service: &Service, batch: &[Pending], rng: &mut Rng) -> Vec<Value> {
    let jobs: Vec<&Value> = batch.iter().map(|pending| &pending.job).collect();
    let body = json!({"input": jobs, "destType": "salesforce"}).to_string();
    let request = || {
        service
            .request("/routerTransform")
            .header("X-Feature-Filter-Code", "?1")
            .body(body.clone())
    };
    while rng.u8(..) < 20 {
        let lost = tokio::spawn(request().send());
        for _ in 0..rng.u8(..) {
            tokio::task::yield_now().await;
        }
        lost.abort();
    }
    let mut answer = send(request()).await.accepted();
    let Value::Array(mut entries) = answer["output"].take() else {
        panic!("no entries: {answer}");
    };
    let place = |entry: &Value| {
        jobs.iter()
            .position(|job| job["metadata"]["jobId"] == entry["metadata"][0]["jobId"])
    };
    entries.sort_by_key(place);
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_end_the_org_holds_what_sequential_processing_would_give() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let org = org().daily_limit(u64::MAX).build();
    let service = inline(
        &org,
        &["--delivery-window", "2ms", "--refused-login-ttl", "0s"],
    )
    .await;
    let (events, expected) = events(&mut rng);
    let mut queues: HashMap<u64, VecDeque<Pending>> = HashMap::new();
    for pending in events {
        queues
            .entry(pending.person % WORKERS)
            .or_default()
            .push_back(pending);
    }
    let workers = queues
        .into_values()
        .map(|queue| work(&service, &org, queue, rng.fork()));
    let mut delivered: Vec<u64> = join_all(workers).await.into_iter().flatten().collect();
    delivered.sort_unstable();
    assert_eq!(delivered, (0..EVENTS).collect::<Vec<_>>());

    let leads = org.records("Lead");
    let of_person = |person: u64| {
        let email = format!("person{person}@example.com");
        let leads: Vec<&Value> = leads
            .iter()
            .filter(|lead| lead["Email"] == email.as_str())
            .collect();
        assert_eq!(leads.len(), 1, "{email} has one lead");
        leads[0]
    };
    for (person, fields) in expected {
        for (field, value) in fields {
            assert_eq!(
                of_person(person)[field],
                value.as_str(),
                "person {person}, seed {seed}"
            );
        }
    }
}
