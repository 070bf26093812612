//! What goes wrong besides Salesforce: processes are killed, and the store is away.

use std::{
    collections::HashSet,
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

/// When the store was away, and who became new meanwhile, or was doubled: replicas that do not know of each other's creates may create
/// these people again, also later.
#[derive(Default)]
pub(super) struct Away {
    people: HashSet<String>,
    times: Vec<(Instant, Instant)>,
}

impl Away {
    /// Whether the store was away at this moment, or writes still went on that had begun then.
    pub(super) fn covers(&self, moment: Instant) -> bool {
        let covers = |(from, to): &(Instant, Instant)| (*from..=*to).contains(&moment);
        self.times.iter().any(covers)
    }

    /// Whether this person became new, or was doubled, while the store was away.
    pub(super) fn knows(&self, email: &str) -> bool {
        self.people.contains(email)
    }
}

/// Has the store away twice, once a third of the events is done and once two thirds are. First it hangs. Then, if `is_emptied`, it is
/// killed and comes back with nothing in it.
pub(super) async fn outages(
    redis: Option<&mut Redis>,
    is_emptied: bool,
    replicas: &[Replica],
    org: &Org,
    client: &Client<'_>,
    away: Duration,
) -> Away {
    let mut all = Away::default();
    let Some(redis) = redis else { return all };
    for third in [1, 2] {
        client.until_done(third, 3).await;
        let (before, from) = (org.people(), Instant::now());
        if third == 2 && is_emptied {
            redis.without(sleep(away)).await;
        } else {
            redis.stop();
            sleep(away).await;
            redis.go_on();
        }
        for replica in replicas {
            replica.shares().await;
        }
        sleep(SETTLED).await;
        let changed = |(email, count): &(String, usize)| before.get(email) != Some(count);
        let people = org.people().into_iter().filter(changed);
        all.people.extend(people.map(|(email, _)| email));
        all.times.push((from, Instant::now()));
    }
    all
}
