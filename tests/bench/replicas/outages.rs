//! What goes wrong besides Salesforce: processes are killed, and the store is away.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::{client::Client, org::Org, redis::Redis, replica::Replica};

/// How long after the store is there again a write may still go on that began while it was away.
const SETTLED: Duration = Duration::from_secs(3);

/// Kills one process after the other, and starts each again.
pub(super) async fn kills(replicas: &[Replica], every: Duration, count: &AtomicUsize) {
    for replica in replicas.iter().cycle() {
        sleep(every).await;
        replica.kill_and_restart().await;
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Has the store away twice, once a third of the events is done and once two thirds are: first it hangs, then it is killed and comes
/// back with nothing in it. How many records were doubled by that.
pub(super) async fn outages(
    redis: Option<&mut Redis>,
    replicas: &[Replica],
    org: &Org,
    client: &Client<'_>,
    away: Duration,
) -> usize {
    let Some(redis) = redis else { return 0 };
    let mut doubled = 0;
    for third in [1, 2] {
        client.until_done(third, 3).await;
        let before = org.doubled();
        if third == 1 {
            redis.stop();
            sleep(away).await;
            redis.go_on();
        } else {
            redis.without(sleep(away)).await;
        }
        for replica in replicas {
            replica.shares().await;
        }
        sleep(SETTLED).await;
        doubled += org.doubled() - before;
    }
    doubled
}
