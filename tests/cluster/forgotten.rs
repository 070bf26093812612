//! What replicas do whose store has been emptied, or holds what another version has written.

use std::time::Duration;

use futures_util::future::join;
use salesforce_simulator::Simulator;
use serde_json::Value;

use crate::{
    fixtures::{lead_job, org},
    process::Process,
    redis::Redis,
    replicas::{Replica, processes},
    service::serve,
};

/// How long each call takes, so that two replicas overlap.
const LATENCY: Duration = Duration::from_millis(20);

async fn inline(redis: &Redis) -> (Simulator, [Process; 2]) {
    let org = org().latency(LATENCY).build();
    let salesforce = serve(org.router()).await;
    let settings = [("DELIVERY", "inline"), ("LOOKUP_CACHE_TTL", "1h")];
    let replicas = processes(&salesforce, &redis.url(), &settings).await;
    (org, replicas)
}

/// Sends an event for one person to both replicas at once: each is written.
async fn at_both(replicas: &[Process; 2], email: &str, ids: [u64; 2]) {
    let jobs = ids.map(|id| [lead_job(id, email)]);
    let both = join(replicas[0].routed(&jobs[0]), replicas[1].routed(&jobs[1]));
    let (first, second) = both.await;
    let status = |entries: &[Value]| entries[0]["statusCode"].as_u64();
    assert_eq!(
        (status(&first), status(&second)),
        (Some(299), Some(299)),
        "{first:?} {second:?}"
    );
}

#[tokio::test]
async fn a_store_that_is_emptied_is_filled_again_without_a_pause() {
    let redis = Redis::start();
    let (org, replicas) = inline(&redis).await;
    at_both(&replicas, "ada@example.com", [1, 2]).await;
    redis.flush();
    let sent = redis.calls("eval");
    at_both(&replicas, "grace@example.com", [3, 4]).await;
    // Nobody knows any more that these have been written: they are looked up.
    at_both(&replicas, "ada@example.com", [2, 1]).await;
    assert_eq!(org.records("Lead").len(), 2);
    for replica in &replicas {
        assert_eq!(replica.sharing().await, "up");
        assert!(
            !replica.log().contains("goes on alone"),
            "{}",
            replica.log()
        );
    }
    assert!(redis.calls("eval") > sent, "scripts are sent again");
}

#[tokio::test]
async fn what_another_version_has_written_is_as_if_it_were_not_there() {
    let redis = Redis::start();
    let (org, replicas) = inline(&redis).await;
    at_both(&replicas, "ada@example.com", [1, 2]).await;
    assert!(redis.rewrite_formats() > 0);
    at_both(&replicas, "ada@example.com", [3, 4]).await;
    at_both(&replicas, "grace@example.com", [5, 6]).await;
    assert_eq!(org.records("Lead").len(), 2);
    for replica in &replicas {
        assert_eq!(replica.sharing().await, "up");
    }
}
