//! How many calls 1,000 lead identifies cost that are spread over four replicas.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    Promises,
    org::Org,
    people::{destination, email},
    redis::Redis,
    replica::Replica,
};

const REPLICAS: usize = 4;
const REQUESTS: usize = 50;
const BATCH: usize = 20;

/// How many calls they may cost, descriptions aside.
const MAX_CALLS: u64 = 8;

/// Measures and prints.
pub(super) async fn run(is_alone: bool, promises: &mut Promises) {
    println!("\n1,000 lead identifies in {REQUESTS} requests over {REPLICAS} replicas, inline\n");
    println!(
        "{:<36}{:>8}{:>11}{:>8}",
        "who", "calls", "describes", "leads"
    );
    for (who, is_known) in [("people of the org", true), ("new people", false)] {
        let org = Org::start().await;
        let redis = (!is_alone).then(Redis::start);
        let store = redis.as_ref().map(Redis::url);
        if is_known {
            for person in 0..REQUESTS * BATCH {
                let lead = json!({"LastName": "Doe", "Company": "Acme", "Email": email(person)});
                org.simulator().insert("Lead", lead).unwrap();
            }
        }
        // Long enough for a busy machine to send all requests within it.
        let inline = [("DELIVERY", "inline"), ("DELIVERY_WINDOW", "1s")];
        let replicas = (0..REPLICAS).map(|_| Replica::start(&org.url, store.as_deref(), &inline));
        let replicas = join_all(replicas).await;
        join_all(replicas.iter().map(Replica::shares)).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let sent = (0..REQUESTS).map(|n| send(&http, &replicas[n % REPLICAS], n));
        join_all(sent).await;
        let calls = org.simulator().calls();
        let (describes, calls) = (calls.describe, calls.total_api() - calls.describe);
        let leads = org.simulator().records("Lead").len();
        println!("{who:<36}{calls:>8}{describes:>11}{leads:>8}");
        promises.hold(leads == REQUESTS * BATCH, "one lead for each person");
        promises.hold(calls <= MAX_CALLS, "at most two calls for each replica");
        promises.hold(describes <= 1, "one description for all replicas");
    }
}

/// Sends a request of some leads; each is written.
async fn send(http: &reqwest::Client, replica: &Replica, request: usize) {
    let jobs: Vec<Value> = (request * BATCH..(request + 1) * BATCH).map(job).collect();
    let body = json!({"input": jobs, "destType": "salesforce"});
    let posted = http
        .post(format!("{}/routerTransform", replica.url))
        .header("X-Feature-Filter-Code", "?1")
        .body(body.to_string());
    let answer = posted.send().await.unwrap().bytes().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    for entry in answer["output"].as_array().unwrap() {
        assert_eq!(entry["statusCode"], 299, "{entry}");
    }
}

/// The job of an event of a user's own for a person.
fn job(person: usize) -> Value {
    json!({
        "message": {
            "type": "identify",
            "userId": format!("user{person}"),
            "messageId": format!("m-{person}"),
            "traits": {"email": email(person), "lastName": "Doe", "company": "Acme", "city": "Paris"},
            "integrations": {"Salesforce": true},
        },
        "metadata": {"jobId": person, "userId": format!("user{person}"), "destinationId": "dst-1", "attemptNum": 0},
        "destination": destination(),
    })
}
