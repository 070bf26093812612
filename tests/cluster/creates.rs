//! A record that events at several replicas would create is created once, by each way of delivery.

use std::time::Duration;

use futures_util::future::{join, join_all};
use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, lead_job, org},
    jobs::{statuses, two},
    redis::Redis,
    replicas::{Replica, process, service},
    service::{Service, serve},
};

/// How long each call takes, so that replicas overlap.
const LATENCY: Duration = Duration::from_millis(20);

/// A job of a caller for one of its new people.
fn new_person(caller: u64, person: u64) -> Value {
    let lead =
        json!({"email": format!("p{person}@example.com"), "city": format!("Caller {caller}")});
    let mut job = job(
        caller * 1_000 + person,
        identify(lead),
        &destination("dst-1"),
    );
    job["metadata"]["userId"] = json!(format!("user{person}"));
    job
}

fn leads(org: &Simulator) -> usize {
    org.records("Lead").len()
}

/// Has the leases in the store end now.
fn let_leases_expire(redis: &Redis) {
    for name in redis.names().iter().filter(|it| it.contains(":create:")) {
        let text = redis.command(&["GET", name]);
        let mut words: Vec<&str> = text.split(' ').collect();
        if let [_, "H", ends, ..] = words.as_mut_slice() {
            *ends = "1";
            redis.command(&["SET", name, &words.join(" "), "KEEPTTL"]);
        }
    }
}

/// Two services without inline delivery, and their store.
async fn two_routers(org: &Simulator) -> ([Service; 2], Redis) {
    let redis = Redis::start();
    let salesforce = serve(org.router()).await;
    // A busy machine is not a store that is away.
    let patient = ["--shared-state-timeout", "1s"];
    let store = redis.url();
    let start = || service(&salesforce, &store, &patient);
    let (first, second) = join(start(), start()).await;
    ([first, second], redis)
}

#[tokio::test]
async fn inline_a_hundred_new_people_in_sixteen_requests_to_two_replicas_are_a_hundred_leads() {
    let org = org().latency(LATENCY).build();
    let (replicas, _redis) = two(&org, &[]).await;
    let callers: Vec<Vec<Value>> = (0..16)
        .map(|caller| (0..100).map(|person| new_person(caller, person)).collect())
        .collect();
    let requests = callers.iter().zip(replicas.iter().cycle());
    let answers = requests.map(|(jobs, replica)| replica.routed(jobs));
    for entries in join_all(answers).await {
        assert_eq!(statuses(&entries), [299; 100]);
    }
    assert_eq!(leads(&org), 100);
}

#[tokio::test]
async fn inline_it_is_so_without_a_window_too() {
    let org = org().latency(LATENCY).build();
    let (replicas, _redis) = two(&org, &["--create-window", "0s"]).await;
    let jobs = [0, 1]
        .map(|caller| -> Vec<Value> { (0..20).map(|person| new_person(caller, person)).collect() });
    let (first, second) = join(replicas[0].routed(&jobs[0]), replicas[1].routed(&jobs[1])).await;
    assert_eq!(
        (statuses(&first), statuses(&second)),
        (vec![299; 20], vec![299; 20])
    );
    assert_eq!(leads(&org), 20);
}

#[tokio::test]
async fn through_the_proxy_creates_at_two_replicas_take_turns() {
    let org = org().latency(LATENCY).build();
    let (replicas, _redis) = two_routers(&org).await;
    // The destination has come to the proxy of both, so the router holds no event up.
    for (id, replica) in (1..).zip(&replicas) {
        let entries = replica.routed(&[lead_job(id, "first@example.com")]).await;
        if entries[0]["statusCode"] == 200 {
            assert_eq!(replica.proxied(&entries[0]).await, [200]);
        }
    }
    let jobs = (0..16).map(|caller| [new_person(caller, 7)]);
    let jobs: Vec<_> = jobs.collect();
    let routed = jobs.iter().zip(replicas.iter().cycle());
    let routed = routed.map(|(jobs, replica)| replica.routed(jobs));
    let entries: Vec<Value> = join_all(routed).await.into_iter().flatten().collect();
    let creating: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["statusCode"] == 200)
        .collect();
    assert!(creating.len() > 1, "{entries:?}");
    // Each is delivered by the other replica.
    let delivered = creating.iter().zip(replicas.iter().rev().cycle());
    let delivered = delivered.map(|(entry, replica)| replica.proxied(entry));
    for statuses in join_all(delivered).await {
        assert_eq!(statuses, [200]);
    }
    let of_person = |lead: &Value| lead["Email"] == "p7@example.com";
    assert_eq!(
        org.records("Lead")
            .iter()
            .filter(|lead| of_person(lead))
            .count(),
        1
    );
}

#[tokio::test]
async fn of_the_events_at_two_routers_one_is_told_to_create_and_is_told_again_anywhere() {
    let org = org().latency(LATENCY).build();
    let (replicas, _redis) = two_routers(&org).await;
    let jobs = (0..8).map(|caller| [new_person(caller, 7)]);
    let jobs: Vec<_> = jobs.collect();
    let routed = jobs.iter().zip(replicas.iter().cycle());
    let routed = routed.map(|(jobs, replica)| replica.routed(jobs));
    let entries: Vec<Value> = join_all(routed).await.into_iter().flatten().collect();
    let told: Vec<usize> = (0..8)
        .filter(|place| entries[*place]["statusCode"] == 200)
        .collect();
    let [told] = told[..] else {
        panic!("{told:?} are told")
    };
    for (place, jobs) in jobs.iter().enumerate() {
        for replica in &replicas {
            let status = if place == told { 200 } else { 500 };
            assert_eq!(replica.routed(jobs).await[0]["statusCode"], status);
        }
    }
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_by_the_other_replica() {
    let org = org().latency(LATENCY).build();
    let ([first, second], _redis) = two(&org, &[]).await;
    org.fail_next(Call::Collections, Fault::Dropped, 1);
    let jobs = [0, 1].map(|caller| [new_person(caller, 7)]);
    let answers = join(first.routed(&jobs[0]), second.routed(&jobs[1])).await;
    let mut answers = [statuses(&answers.0), statuses(&answers.1)].concat();
    answers.sort_unstable();
    assert_eq!(answers, [299, 500]);
    assert_eq!(leads(&org), 1);
}

#[tokio::test]
async fn while_a_killed_replica_may_be_creating_a_record_the_others_are_written() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let inline = [
        ("DELIVERY", "inline"),
        ("DELIVERY_WINDOW", "1ms"),
        ("SHARED_STATE_TIMEOUT", "1s"),
    ];
    let killed = process(&salesforce, &redis.url(), &inline).await;
    let body = json!({"input": [new_person(0, 7)], "destType": "salesforce"});
    org.fail_next(Call::Collections, Fault::Hang, 1);
    let asking = tokio::spawn(killed.request("/routerTransform", body.to_string()).send());
    while org.calls().collections == 0 {
        tokio::task::yield_now().await;
    }
    drop(killed);
    assert!(asking.await.unwrap().is_err(), "the connection is gone");
    let next = process(&salesforce, &redis.url(), &inline).await;
    let queries = org.calls().query;
    let same_person = [new_person(1, 7)];
    let waiting = next.routed(&same_person);
    let others = async {
        let others = [new_person(1, 8)];
        assert_eq!(statuses(&next.routed(&others).await), [299]);
        assert_eq!(org.records("Lead")[0]["Email"], "p8@example.com");
        let_leases_expire(&redis);
    };
    let (waited, ()) = join(waiting, others).await;
    assert_eq!(statuses(&waited), [299]);
    assert_eq!(leads(&org), 2);
    // One for each window, and one after the lease has expired; nothing was looked up while it was waited for.
    assert!(org.calls().query - queries <= 3);
}
