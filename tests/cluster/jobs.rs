//! A job that comes to several replicas, or again after the first was killed, is written once and answered by each.

use futures_util::future::{join, join_all};
use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, org},
    redis::Redis,
    replicas::{Replica, process, service},
    service::{Service, serve},
};

/// Two services with a window that is as good as none, and their store.
pub(crate) async fn two(org: &Simulator, flags: &[&str]) -> ([Service; 2], Redis) {
    let redis = Redis::start();
    let salesforce = serve(org.router()).await;
    let inline = ["--delivery", "inline", "--delivery-window", "1ms"];
    // A busy machine is not a store that is away.
    let patient = ["--shared-state-timeout", "1s"];
    let flags = [&inline[..], &patient, flags].concat();
    let store = redis.url();
    let start = || service(&salesforce, &store, &flags);
    let (first, second) = join(start(), start()).await;
    ([first, second], redis)
}

/// Jobs that would each make another contact each time that they are written.
fn keyless(count: u64) -> Vec<Value> {
    let keyless = |id| {
        let lead = identify(json!({"LastName": "Gibbs"}));
        let mut job = job(id, lead, &destination("dst-1"));
        job["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Contact"}]});
        job["metadata"]["userId"] = json!(format!("user{id}"));
        job
    };
    (0..count).map(keyless).collect()
}

/// The status of each entry.
pub(crate) fn statuses(entries: &[Value]) -> Vec<u64> {
    let status = |entry: &Value| entry["statusCode"].as_u64().unwrap();
    entries.iter().map(status).collect()
}

fn contacts(org: &Simulator) -> usize {
    org.records("Contact").len()
}

/// The only entry of this kind.
fn only_entry(redis: &Redis, kind: &str) -> String {
    let names = redis.names().into_iter();
    let mut names = names.filter(|name| name.contains(&format!(":{kind}:")));
    let only = names.next().unwrap();
    assert!(names.next().is_none(), "there are several");
    only
}

#[tokio::test]
async fn jobs_that_come_to_two_replicas_at_once_are_written_once_and_answered_by_both() {
    let org = org().build();
    let (replicas, _redis) = two(&org, &[]).await;
    let jobs = keyless(50);
    let answers = replicas
        .iter()
        .chain(&replicas)
        .map(|replica| replica.routed(&jobs));
    for entries in join_all(answers).await {
        assert_eq!(statuses(&entries), [299; 50]);
    }
    assert_eq!(contacts(&org), 50);
}

#[tokio::test]
async fn a_job_that_one_replica_has_written_is_answered_by_another() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    let jobs = keyless(2);
    assert_eq!(statuses(&first.routed(&jobs).await), [299; 2]);
    let writes = org.calls().collections;
    assert_eq!(statuses(&second.routed(&jobs).await), [299; 2]);
    assert_eq!((org.calls().collections, contacts(&org)), (writes, 2));
    for name in redis.names().iter().filter(|name| name.contains(":job:")) {
        let left: u64 = redis.command(&["PTTL", name]).parse().unwrap();
        assert!((500_000..=600_000).contains(&left), "kept for {left} ms");
    }
}

#[tokio::test]
async fn a_job_that_has_failed_is_written_by_the_next_replica_at_once() {
    let org = org().build();
    let ([first, second], _redis) = two(&org, &[]).await;
    let jobs = keyless(3);
    org.fail_next(Call::Collections, Fault::ServerUnavailable, 1);
    let entries = first.routed(&jobs).await;
    assert!(statuses(&entries).iter().all(|status| *status >= 429));
    assert_eq!(statuses(&second.routed(&jobs).await), [299; 3]);
    assert_eq!(contacts(&org), 3);
}

#[tokio::test]
async fn a_replica_that_was_killed_after_its_write_has_left_the_result() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let inline = [("DELIVERY", "inline"), ("DELIVERY_WINDOW", "1ms")];
    let killed = process(&salesforce, &redis.url(), &inline).await;
    let jobs = keyless(3);
    assert_eq!(statuses(&killed.routed(&jobs).await), [299; 3]);
    drop(killed);
    let next = process(&salesforce, &redis.url(), &inline).await;
    assert_eq!(statuses(&next.routed(&jobs).await), [299; 3]);
    assert_eq!(contacts(&org), 3);
}

#[tokio::test]
async fn what_a_killed_replica_was_writing_is_taken_over_when_no_call_of_it_can_be_at_work() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let inline = [
        ("DELIVERY", "inline"),
        ("DELIVERY_WINDOW", "1ms"),
        ("SALESFORCE_TIMEOUT", "1s"),
    ];
    let jobs = keyless(3);
    let body = json!({"input": jobs, "destType": "salesforce"}).to_string();
    let killed = process(&salesforce, &redis.url(), &inline).await;
    org.fail_next(Call::Collections, Fault::Hang, 1);
    let asking = tokio::spawn(killed.request("/routerTransform", body).send());
    while org.calls().collections == 0 {
        tokio::task::yield_now().await;
    }
    drop(killed);
    assert!(asking.await.unwrap().is_err(), "the connection is gone");
    let next = process(&salesforce, &redis.url(), &inline).await;
    let claim = redis
        .names()
        .into_iter()
        .find(|name| name.contains(":job:"));
    let left: u64 = redis.command(&["PTTL", &claim.unwrap()]).parse().unwrap();
    assert!((5_000..=16_000).contains(&left), "it lasts for {left} ms");
    assert_eq!(statuses(&next.routed(&jobs).await), [299; 3]);
    assert_eq!(contacts(&org), 3);
}

#[tokio::test]
async fn a_claim_lasts_for_as_long_as_its_replica_is_at_work() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let shared = |window| {
        let inline = [
            ("DELIVERY", "inline"),
            ("DELIVERY_WINDOW", window),
            ("SALESFORCE_TIMEOUT", "1s"),
        ];
        let store = redis.url();
        let salesforce = &salesforce;
        async move { process(salesforce, &store, &inline).await }
    };
    // Longer than a claim that is not extended.
    let (slow, fast) = join(shared("20s"), shared("1ms")).await;
    let jobs = keyless(3);
    let claimed = async {
        while redis.names().len() < 3 {
            tokio::task::yield_now().await;
        }
        fast.routed(&jobs).await
    };
    let (first, second) = join(slow.routed(&jobs), claimed).await;
    assert_eq!(
        (statuses(&first), statuses(&second)),
        (vec![299; 3], vec![299; 3])
    );
    assert_eq!(contacts(&org), 3);
}

#[tokio::test]
async fn what_was_written_while_the_store_was_away_is_told_when_it_is_back() {
    let org = org().build();
    let ([first, second], mut redis) = two(&org, &[]).await;
    let jobs = keyless(2);
    let written = async {
        first.until_sharing("away").await;
        assert_eq!(statuses(&first.routed(&jobs).await), [299; 2]);
    };
    redis.without(written).await;
    second.until_sharing("up").await;
    let is_told = || {
        let names = redis.names();
        names.iter().filter(|name| name.contains(":job:")).count() == 2
    };
    while !is_told() {
        tokio::task::yield_now().await;
    }
    assert_eq!(statuses(&second.routed(&jobs).await), [299; 2]);
    assert_eq!(contacts(&org), 2);
}

#[tokio::test]
async fn later_events_of_a_user_wait_for_the_one_that_another_replica_is_writing() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    let named = |id: u64, city: &str| {
        let mut job = job(
            id,
            identify(json!({"email": "ada@example.com", "city": city})),
            &destination("dst-1"),
        );
        job["metadata"]["userId"] = json!("ada");
        job
    };
    let (early, late) = (named(1, "London"), named(2, "Paris"));
    first.routed(std::slice::from_ref(&early)).await;
    // As if another replica were still at it.
    let entry = only_entry(&redis, "job");
    redis.command(&["SET", &entry, "1cother:1", "PX", "1000"]);
    let entries = second.routed(&[early, late]).await;
    assert_eq!(statuses(&entries), [299; 2]);
    assert_eq!(org.records("Lead")[0]["City"], "Paris");
}

#[tokio::test]
async fn a_job_that_another_replica_does_not_finish_in_time_is_retried() {
    let org = org().build();
    let flags = ["--delivery-timeout", "1s", "--salesforce-timeout", "500ms"];
    let ([first, second], redis) = two(&org, &flags).await;
    let jobs = keyless(1);
    first.routed(&jobs).await;
    let entry = only_entry(&redis, "job");
    redis.command(&["SET", &entry, "1cother:1", "PX", "60000"]);
    let entries = second.routed(&jobs).await;
    assert_eq!(statuses(&entries), [500], "{entries:?}");
    assert_eq!(contacts(&org), 1);
    assert_eq!(redis.command(&["GET", &entry]), "1cother:1");
}

#[tokio::test]
async fn what_a_newer_version_has_written_is_not_written_again() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    first.routed(&keyless(1)).await;
    let entry = only_entry(&redis, "job");
    redis.command(&["SET", &entry, "9w of a newer format", "PX", "60000"]);
    assert_eq!(statuses(&second.routed(&keyless(1)).await), [299]);
    assert_eq!(contacts(&org), 1);
}

#[tokio::test]
async fn what_a_newer_version_claims_is_waited_for_until_it_expires() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    first.routed(&keyless(1)).await;
    let entry = only_entry(&redis, "job");
    redis.command(&["DEL", &entry]);
    redis.command(&["RPUSH", &entry, "a claim", "of a newer format"]);
    redis.command(&["PEXPIRE", &entry, "500"]);
    assert_eq!(statuses(&second.routed(&keyless(1)).await), [299]);
    assert_eq!(redis.command(&["GET", &entry]), "1w");
    assert_eq!(contacts(&org), 2, "nobody has said that it was written");
}

#[tokio::test]
async fn while_the_store_is_away_each_replica_writes_alone_and_then_they_are_one_again() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    redis.stop();
    let alone = keyless(2);
    assert_eq!(statuses(&first.routed(&alone).await), [299; 2]);
    assert_eq!(statuses(&first.routed(&alone).await), [299; 2]);
    assert_eq!(contacts(&org), 2);
    second.until_sharing("away").await;
    redis.go_on();
    join(first.until_sharing("up"), second.until_sharing("up")).await;
    let jobs: Vec<Value> = keyless(4).split_off(2);
    let (here, there) = join(first.routed(&jobs), second.routed(&jobs)).await;
    assert_eq!(
        (statuses(&here), statuses(&there)),
        (vec![299; 2], vec![299; 2])
    );
    assert_eq!(contacts(&org), 4);
}

#[tokio::test]
async fn a_store_that_has_forgotten_everything_is_used_as_before() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &[]).await;
    first.routed(&keyless(1)).await;
    redis.flush();
    assert_eq!(statuses(&first.routed(&keyless(2)).await), [299; 2]);
    assert_eq!(contacts(&org), 2, "the first has not forgotten its own");
    assert_eq!(statuses(&second.routed(&keyless(2)).await)[1], 299);
    assert_eq!(contacts(&org), 3);
}
