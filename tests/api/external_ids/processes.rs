//! Two processes of the service at one org, and what an operator's signal does.

use std::{collections::HashSet, time::Duration};

use futures_util::future::{join, join_all};
use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};

use super::{doe, keyed_org, lead};
use crate::{
    delivery::asking,
    process::{Process, Settings, for_org},
    service::serve,
};

/// How long each call takes, so that the two overlap.
const LATENCY: Duration = Duration::from_millis(20);

const RECORDS: u64 = 200;
const BATCH: usize = 20;

/// How often jobs are sent at most.
const ATTEMPTS: usize = 20;

/// A service in a process of its own, under which an upsert may serve leads.
async fn process(salesforce: &str, settings: &Settings<'_>) -> Process {
    let upserts = [("ASSIGNMENT_RULES", "always"), ("LOG_LEVEL", "info")];
    Process::start(&for_org(salesforce, &[&upserts, settings].concat())).await
}

fn jobs() -> Vec<Value> {
    (0..RECORDS)
        .map(|n| lead(n, &format!("k{n}"), doe()))
        .collect()
}

/// Posts jobs to the router; its entries.
async fn routed(service: &Process, jobs: &[Value]) -> Vec<Value> {
    let body = json!({"input": jobs, "destType": "salesforce"});
    let answer = service.post("/routerTransform", body.to_string()).await;
    let entries = answer.accepted()["output"].take();
    entries.as_array().unwrap().clone()
}

/// What each job of an entry is answered once its request, if it has one, has been delivered through the proxy.
async fn delivered(service: &Process, entry: Value) -> Vec<(Value, u64)> {
    if entry["statusCode"] != 200 {
        let jobs = entry["metadata"].as_array().unwrap().iter();
        return jobs
            .map(|job| answered(job, &entry["statusCode"]))
            .collect();
    }
    let body = asking(&entry["batchedRequest"][0], &entry["metadata"]);
    let path = "/v1/destinations/salesforce/proxy";
    let answer = service.post(path, body.to_string()).await.accepted();
    let jobs = answer["output"]["response"].as_array().unwrap().iter();
    jobs.map(|job| answered(&job["metadata"], &job["statusCode"]))
        .collect()
}

fn answered(metadata: &Value, status: &Value) -> (Value, u64) {
    (metadata["jobId"].clone(), status.as_u64().unwrap())
}

/// Sends jobs until none comes again; holds that each is answered once each time, and never aborted.
async fn deliver(service: &Process, mut jobs: Vec<Value>) {
    for _ in 0..ATTEMPTS {
        if jobs.is_empty() {
            return;
        }
        let batches = jobs.chunks(BATCH).map(async |jobs| {
            let entries = routed(service, jobs).await;
            let entries = entries.into_iter().map(|entry| delivered(service, entry));
            let answers = join_all(entries).await.concat();
            assert_eq!(answers.len(), jobs.len(), "each job is answered once");
            answers
        });
        let answers = join_all(batches).await.concat();
        let is_known = |(_, status): &&(Value, u64)| matches!(status, 200 | 299 | 500);
        assert_eq!(answers.iter().find(|answer| !is_known(answer)), None);
        jobs.retain(|job| answers.contains(&(job["metadata"]["jobId"].clone(), 500)));
    }
    panic!("{} jobs come again and again", jobs.len());
}

fn assert_one_record_each(org: &Simulator) {
    let leads = org.records("Lead");
    let keys: HashSet<_> = leads.iter().map(|lead| lead["Key__c"].as_str()).collect();
    assert_eq!((leads.len(), keys.len()), (200, 200));
}

#[tokio::test]
async fn two_processes_that_write_the_same_records_at_once_double_nobody() {
    for (settings, call) in [
        (&[("DELIVERY", "inline")][..], Call::Collections),
        (&[], Call::Upsert),
    ] {
        let org = keyed_org().latency(LATENCY).build();
        let salesforce = serve(org.router()).await;
        let (first, second) = join(
            process(&salesforce, settings),
            process(&salesforce, settings),
        )
        .await;
        org.fail_next(call, Fault::Dropped, 2);
        join(deliver(&first, jobs()), deliver(&second, jobs())).await;
        assert_one_record_each(&org);
        let calls = org.calls();
        assert_eq!((calls.describe, calls.query), (2, 0), "{settings:?}");
    }
}

#[tokio::test]
async fn a_hangup_of_the_process_has_objects_described_anew() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let service = process(&salesforce, &[]).await;
    routed(&service, &jobs()[..1]).await;
    assert_eq!(org.calls().describe, 1);
    service.signal("HUP");
    // The signal arrives at some time, and the first request after it has the object described.
    while org.calls().describe < 2 {
        routed(&service, &jobs()[..1]).await;
    }
    let log = org.log();
    let described = log.iter().filter(|call| call.path.ends_with("describe"));
    let statuses: Vec<_> = described.map(|call| call.status).collect();
    assert_eq!(statuses, [Some(200); 2], "without a condition");
}
