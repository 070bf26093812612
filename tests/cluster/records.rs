//! The ids that one replica has found or created, and the matches of duplicate rules, are known to the others, until one of them
//! learns that a record is gone.

use salesforce_simulator::{DuplicateRule, Simulator};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep, timeout};

use crate::{
    fixtures::{destination, identify, job, known_lead, org},
    jobs::{statuses, two},
    redis::Redis,
    replicas::Replica,
};

const CACHED: [&str; 2] = ["--lookup-cache-ttl", "1h"];

fn ada(id: u64, city: &str) -> [Value; 1] {
    let traits = json!({"email": "ada@example.com", "phone": "555", "city": city});
    let mut job = job(id, identify(traits), &destination("dst-1"));
    job["metadata"]["userId"] = json!("ada");
    [job]
}

/// Waits until the store holds an entry of this kind: replicas tell it in the background.
async fn until_told(redis: &Redis, kind: &str) -> String {
    let kind = format!(":{kind}:");
    let told = async {
        loop {
            if let Some(name) = redis.names().into_iter().find(|name| name.contains(&kind)) {
                return name;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), told).await.unwrap()
}

fn cities(org: &Simulator) -> Vec<Value> {
    let leads = org.records("Lead").into_iter();
    leads.map(|lead| lead["City"].clone()).collect()
}

#[tokio::test]
async fn an_id_that_one_replica_has_found_is_known_to_the_other() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let ([first, second], redis) = two(&org, &CACHED).await;
    assert_eq!(statuses(&first.routed(&ada(1, "London")).await), [299]);
    until_told(&redis, "id").await;
    let queries = org.calls().query;
    assert_eq!(statuses(&second.routed(&ada(2, "Paris")).await), [299]);
    assert_eq!(
        (org.calls().query, cities(&org)),
        (queries, vec![json!("Paris")])
    );
}

#[tokio::test]
async fn an_id_that_one_replica_has_created_is_known_to_the_other() {
    let org = org().build();
    let ([first, second], redis) = two(&org, &CACHED).await;
    assert_eq!(statuses(&first.routed(&ada(1, "London")).await), [299]);
    until_told(&redis, "id").await;
    let queries = org.calls().query;
    assert_eq!(statuses(&second.routed(&ada(2, "Paris")).await), [299]);
    assert_eq!(
        (org.calls().query, cities(&org)),
        (queries, vec![json!("Paris")])
    );
}

#[tokio::test]
async fn a_record_that_is_gone_is_forgotten_by_the_other_replica() {
    let org = org().build();
    let gone = known_lead(&org, "ada@example.com");
    let ([first, second], redis) = two(&org, &CACHED).await;
    first.routed(&ada(1, "London")).await;
    let entry = until_told(&redis, "id").await;
    let known = redis.command(&["GET", &entry]);
    second.routed(&ada(2, "Paris")).await;
    org.delete("Lead", &gone).unwrap();
    assert_eq!(statuses(&first.routed(&ada(3, "Rome")).await), [299]);
    until_told(&redis, "gone").await;
    // As if a slower lookup of another replica had brought the old id back.
    redis.command(&["SET", &entry, &known, "PX", "60000"]);
    let refused = org.calls().refused_records;
    assert_eq!(statuses(&second.routed(&ada(4, "Oslo")).await), [299]);
    assert_eq!(
        org.calls().refused_records,
        refused,
        "the old id is not tried"
    );
    assert_eq!(cities(&org), ["Oslo"]);
}

#[tokio::test]
async fn while_the_store_is_away_a_replica_knows_what_it_has_found_itself() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let ([first, second], redis) = two(&org, &CACHED).await;
    first.routed(&ada(1, "London")).await;
    redis.stop();
    first.until_sharing("away").await;
    second.until_sharing("away").await;
    let queries = org.calls().query;
    first.routed(&ada(2, "Paris")).await;
    assert_eq!(org.calls().query, queries);
    second.routed(&ada(3, "Rome")).await;
    assert_eq!(
        (org.calls().query, cities(&org)),
        (queries + 1, vec![json!("Rome")])
    );
    redis.go_on();
}

#[tokio::test]
async fn ids_in_another_format_are_not_read() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let ([first, second], redis) = two(&org, &CACHED).await;
    first.routed(&ada(1, "London")).await;
    let entry = until_told(&redis, "id").await;
    redis.command(&["SET", &entry, "2 00Q000000000099AAA", "PX", "60000"]);
    let queries = org.calls().query;
    assert_eq!(statuses(&second.routed(&ada(2, "Paris")).await), [299]);
    assert_eq!(
        (org.calls().query, cities(&org)),
        (queries + 1, vec![json!("Paris")])
    );
    redis.command(&["DEL", &entry]);
    redis.command(&["RPUSH", &entry, "another format"]);
    assert_eq!(statuses(&second.routed(&ada(3, "Rome")).await), [299]);
    assert_eq!(
        (org.calls().query, cities(&org)),
        (queries + 2, vec![json!("Rome")])
    );
    second.until_sharing("up").await;
}

#[tokio::test]
async fn no_trip_is_made_for_ids_that_are_not_remembered() {
    let org = org().build();
    let ([first, _], redis) = two(&org, &[]).await;
    first.routed(&ada(1, "London")).await;
    let names = redis.names();
    let is_of_records = |name: &&String| {
        [":id:", ":gone:", ":match:"]
            .iter()
            .any(|kind| name.contains(kind))
    };
    assert_eq!(names.iter().find(is_of_records), None);
}

#[tokio::test]
async fn a_match_of_a_duplicate_rule_is_known_to_the_other_replica() {
    let rule = DuplicateRule::new("Lead", "Same_Phone", &["Phone"]);
    let org = org().matching(rule).build();
    let lead =
        json!({"LastName": "King", "Company": "Acme", "Email": "king@example.com", "Phone": "555"});
    let known = org.insert("Lead", lead).unwrap();
    let ([first, second], redis) = two(&org, &["--duplicates", "update"]).await;
    assert_eq!(statuses(&first.routed(&ada(1, "London")).await), [299]);
    until_told(&redis, "match").await;
    let refused = org.calls().refused_records;
    assert_eq!(statuses(&second.routed(&ada(2, "Paris")).await), [299]);
    assert_eq!(
        (org.calls().refused_records, cities(&org)),
        (refused, vec![json!("Paris")]),
        "it is updated at once"
    );
    org.delete("Lead", &known).unwrap();
    assert_eq!(statuses(&second.routed(&ada(3, "Rome")).await), [299]);
    assert_eq!(cities(&org), ["Rome"], "it is gone, and created");
    until_told(&redis, "gone").await;
    assert_eq!(statuses(&first.routed(&ada(4, "Oslo")).await), [299]);
    assert_eq!(cities(&org), ["Oslo"]);
}

#[tokio::test]
async fn the_store_holds_no_email_no_name_and_no_token() {
    let org = org().build();
    let ([first, _], redis) = two(&org, &CACHED).await;
    first.routed(&ada(1, "London")).await;
    until_told(&redis, "id").await;
    let token = org.session();
    for name in redis.names() {
        let value = match redis.command(&["TYPE", &name]).as_str() {
            "string" => redis.command(&["GET", &name]),
            "zset" => redis.command(&["ZRANGE", &name, "0", "-1"]),
            "hash" => redis.command(&["HGETALL", &name]),
            other => panic!("{name} is a {other}"),
        };
        // None of these can be a part of a digest.
        for planted in ["ada@", "example", "London", "crm@", &token] {
            assert!(!name.contains(planted), "{name}");
            assert!(!value.contains(planted), "{name}: {value}");
        }
        let left: i64 = redis.command(&["PTTL", &name]).parse().unwrap();
        assert!(left > 0, "{name} does not expire");
    }
}
