//! The calls of an org: the reserve holds for the sum of the replicas.

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::Simulator;
use serde_json::Value;
use tokio::{task::yield_now, time::timeout};

use crate::{
    fixtures::{known_lead, lead_job, org},
    redis::Redis,
    replicas::{PATIENCE, Replica, service, service_with},
    service::{Service, serve, verdict},
};

type Verdict = (u64, &'static str, &'static str);

const WRITTEN: Verdict = (200, "", "");
const THROTTLED: Verdict = (429, "network", "throttled");

/// Flags of a replica that keeps this reserve. Each lookup is a call of its own.
fn reserving(reserve: &str) -> [&str; 6] {
    let window = ["--lookup-window", "0s"];
    let [lookups, none] = window;
    [
        "--api-reserve",
        reserve,
        "--preflight",
        "off",
        lookups,
        none,
    ]
}

/// Has a lead looked up that nobody else looks up.
async fn look_up(service: &Service, lead: u64) -> Value {
    let email = format!("person{lead}@example.com");
    service.router([lead_job(lead, &email)]).await[0].take()
}

/// The figures of the only org.
async fn figures(service: &Service) -> Value {
    service.get("/limits").await.json()[0].take()
}

/// Has something done again and again until it succeeds.
async fn until(mut is_done: impl AsyncFnMut() -> bool) {
    let done = async {
        while !is_done().await {
            yield_now().await;
        }
    };
    timeout(PATIENCE, done).await.unwrap();
}

/// A replica whose only call, made now, has spent what the org can spare.
async fn that_has_spent_all(org: &Simulator, salesforce: &str, redis: &Redis) -> Service {
    let service = service(salesforce, &redis.url(), &reserving("9")).await;
    look_up(&service, 1).await;
    assert_eq!(org.calls().query, 1);
    service
}

#[tokio::test]
async fn two_replicas_near_the_reserve_leave_it_alone_and_use_the_rest() {
    let (org, redis) = (org().daily_limit(300).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replica = async || service(&salesforce, &redis.url(), &reserving("200")).await;
    let replicas = [replica().await, replica().await];
    let lookups = |replica: usize, lane: u64| {
        let service = &replicas[replica];
        async move {
            let lead = |n: u64| replica as u64 * 10_000 + lane * 100 + n;
            for n in 0..100 {
                look_up(service, lead(n)).await;
            }
        }
    };
    let lanes = (0..2).flat_map(|lane| [lookups(0, lane), lookups(1, lane)]);
    join_all(lanes).await;
    let calls = org.calls();
    // A call whose answer comes while others are under way may count twice, so that the last few may remain.
    assert!((95..=100).contains(&calls.query), "{calls:?}");
    assert_eq!(calls.refused, 0);
}

#[tokio::test]
async fn what_one_replica_has_spent_another_one_does_not_spend() {
    let (org, redis) = (org().daily_limit(10).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    that_has_spent_all(&org, &salesforce, &redis).await;
    let other = service(&salesforce, &redis.url(), &reserving("9")).await;
    assert_eq!(verdict(&look_up(&other, 2).await), THROTTLED);
    assert_eq!(org.calls().query, 1);
    let figures = figures(&other).await;
    assert_eq!(
        (&figures["used"], &figures["throttling"]),
        (&1.into(), &true.into())
    );
}

#[tokio::test]
async fn past_the_reserve_one_call_of_all_replicas_finds_out_whether_the_org_has_recovered() {
    let (org, redis) = (org().daily_limit(10).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let (url, flags) = (redis.url(), reserving("9"));
    let replica = |_| {
        service_with(&salesforce, &url, &flags, |config| {
            config.salesforce.probe_after = Duration::from_secs(2);
        })
    };
    let replicas = join_all((0..4).map(replica)).await;
    look_up(&replicas[0], 1).await;
    let mut lead = 0;
    until(async || {
        lead += 4;
        let round = replicas.iter().zip(lead..);
        let entries = join_all(round.map(|(replica, lead)| look_up(replica, lead))).await;
        assert!(entries.iter().all(|entry| verdict(entry) == THROTTLED));
        org.calls().query > 1
    })
    .await;
    assert_eq!(org.calls().query, 2);
}

#[tokio::test]
async fn a_replica_hears_of_a_throttle_without_a_call_of_its_own() {
    let (org, redis) = (org().daily_limit(100_000).build(), Redis::start());
    known_lead(&org, "person1@example.com");
    let salesforce = serve(org.router()).await;
    let caching = [&reserving("10%")[..], &["--lookup-cache-ttl", "1h"]].concat();
    let replica = async || service(&salesforce, &redis.url(), &caching).await;
    let (one, other) = (replica().await, replica().await);
    for replica in [&one, &other] {
        assert_eq!(verdict(&look_up(replica, 1).await), WRITTEN);
    }
    org.set_daily_limit(org.calls().total_api() + 1);
    look_up(&one, 2).await;
    let calls = org.calls();
    // It knows the record, so that it calls nobody.
    until(async || verdict(&look_up(&other, 1).await) == THROTTLED).await;
    assert_eq!(org.calls(), calls);
}

#[tokio::test]
async fn a_store_that_has_lost_everything_is_told_again() {
    let (org, redis) = (org().daily_limit(10).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let one = that_has_spent_all(&org, &salesforce, &redis).await;
    redis.flush();
    let is_told = || redis.names().iter().any(|name| name.contains(":budget:"));
    until(async || {
        assert_eq!(verdict(&look_up(&one, 2).await), THROTTLED);
        is_told()
    })
    .await;
    let other = service(&salesforce, &redis.url(), &reserving("9")).await;
    assert_eq!(verdict(&look_up(&other, 3).await), THROTTLED);
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn without_the_store_each_replica_keeps_the_reserve_by_itself_and_together_again_with_it() {
    let (org, redis) = (org().daily_limit(300).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replica = async || service(&salesforce, &redis.url(), &reserving("200")).await;
    let replicas = [replica().await, replica().await];
    redis.stop();
    join_all(replicas.each_ref().map(|it| it.until_sharing("away"))).await;
    for lead in 0..40 {
        let entry = look_up(&replicas[0], lead).await;
        assert_eq!(verdict(&entry), WRITTEN, "{lead}");
    }
    redis.go_on();
    join_all(replicas.each_ref().map(|it| it.until_sharing("up"))).await;
    assert_eq!(verdict(&look_up(&replicas[0], 100).await), WRITTEN);
    assert_eq!(verdict(&look_up(&replicas[1], 200).await), WRITTEN);
    assert_eq!(figures(&replicas[1]).await["used"], 42);
    for lead in 300..360 {
        join_all(replicas.each_ref().map(|it| look_up(it, lead))).await;
    }
    let calls = org.calls();
    assert_eq!((calls.query, calls.refused), (100, 0));
}

#[tokio::test]
async fn figures_of_another_version_are_left_alone() {
    let (org, redis) = (org().daily_limit(10).build(), Redis::start());
    let salesforce = serve(org.router()).await;
    that_has_spent_all(&org, &salesforce, &redis).await;
    let names = redis.names();
    let budget = names.iter().find(|name| name.contains(":budget:")).unwrap();
    redis.command(&["HSET", budget, "version", "2"]);
    let other = service(&salesforce, &redis.url(), &reserving("9")).await;
    for lead in [2, 3] {
        assert_eq!(verdict(&look_up(&other, lead).await), THROTTLED);
    }
    assert_eq!(org.calls().query, 2, "it finds out by itself");
    assert_eq!(redis.command(&["HGET", budget, "version"]), "2");
    assert_eq!(redis.command(&["HGET", budget, "used"]), "1");
    assert_eq!(other.sharing().await, "up");
}

#[tokio::test]
async fn an_idle_org_costs_no_round_trip() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replica = service(&salesforce, &redis.url(), &reserving("10%")).await;
    look_up(&replica, 1).await;
    let budget = |redis: &Redis| redis.names().iter().any(|name| name.contains(":budget:"));
    until(async || budget(&redis)).await;
    // The exchange that follows the use of an org, and then no other: the entry is no longer touched.
    let names = redis.names();
    let name = names.iter().find(|name| name.contains(":budget:")).unwrap();
    let idle = || {
        redis
            .command(&["OBJECT", "IDLETIME", name])
            .parse::<u64>()
            .unwrap()
    };
    until(async || idle() >= 3).await;
}
