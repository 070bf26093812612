//! What goes wrong besides Salesforce: processes are killed, and the store is away.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
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

/// When the store was away, and what came of it.
#[derive(Default)]
pub(super) struct Away {
    /// Records besides one for each person.
    pub(super) doubled: usize,
    times: Vec<(Instant, Instant)>,
}

impl Away {
    /// Whether the store was away at this moment, or writes still went on that had begun then.
    pub(super) fn covers(&self, moment: Instant) -> bool {
        let covers = |(from, to): &(Instant, Instant)| (*from..=*to).contains(&moment);
        self.times.iter().any(covers)
    }
}

/// Has the store away twice, once a third of the events is done and once two thirds are: first it hangs, then it is killed and comes
/// back with nothing in it.
pub(super) async fn outages(
    redis: Option<&mut Redis>,
    replicas: &[Replica],
    org: &Org,
    client: &Client<'_>,
    away: Duration,
) -> Away {
    let mut all = Away::default();
    let Some(redis) = redis else { return all };
    for third in [1, 2] {
        client.until_done(third, 3).await;
        let (before, from) = (org.doubled(), Instant::now());
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
        all.doubled += org.doubled() - before;
        all.times.push((from, Instant::now()));
    }
    all
}
