//! Replicas that are one, in processes of their own, with a real `redis-server` between them: who is doubled or lost while faults strike,
//! answers are lost, processes are killed and the store is away, and what it costs. Each promise is held.
//!
//! `cargo bench --bench replicas`, or a part of it: `inline`, `proxy`, `processor`, `calls`, `cost`. With `-- --full`, there are 100,000
//! events of 20,000 people instead of 10,000 of 2,000. With `-- --alone` the same happens without a store, and nothing is promised.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

mod calls;
mod client;
mod cost;
mod org;
mod outages;
mod people;
#[path = "../../cluster/redis.rs"]
#[expect(dead_code, reason = "what tests want of a store")]
mod redis;
mod replica;

use std::{
    sync::atomic::AtomicUsize,
    time::{Duration, Instant},
};

use tokio::select;

use self::{
    client::{Client, Way},
    org::Org,
    people::People,
    redis::Redis,
    replica::Replica,
};

/// What of all this is run, and how much.
struct Plan {
    people: People,
    /// How often a process is killed.
    kill_every: Duration,
    /// How long the store is away, twice.
    away: Duration,
    /// How many rounds the cost is measured in.
    rounds: usize,
    /// Whether there is no store.
    is_alone: bool,
}

impl Plan {
    fn full() -> Self {
        Self {
            people: People::of(20_000),
            kill_every: Duration::from_secs(10),
            away: Duration::from_secs(5),
            rounds: 20,
            is_alone: false,
        }
    }

    fn scaled() -> Self {
        Self {
            people: People::of(2_000),
            kill_every: Duration::from_secs(4),
            away: Duration::from_secs(1),
            rounds: 4,
            is_alone: false,
        }
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let is_all = arguments.iter().all(|it| it.starts_with('-'));
    let wants = |part: &str| is_all || has(part);
    let mut plan = if has("--full") {
        Plan::full()
    } else {
        Plan::scaled()
    };
    plan.is_alone = has("--alone");
    if ["inline", "proxy", "processor"].into_iter().any(wants) {
        head(&plan);
    }
    if wants("inline") {
        run(&plan, "inline, 2 processes", Way::Inline, 2).await;
        run(&plan, "inline, 4 processes", Way::Inline, 4).await;
    }
    if wants("proxy") {
        run(&plan, "router, proxy, 2 processes", Way::Proxy, 2).await;
    }
    if wants("processor") {
        run(
            &plan,
            "processor path, proxy, 2 processes",
            Way::Processor,
            2,
        )
        .await;
    }
    if wants("calls") {
        calls::run(plan.is_alone).await;
    }
    if wants("cost") && !plan.is_alone {
        cost::run(plan.rounds).await;
    }
}

fn head(plan: &Plan) {
    let store = if plan.is_alone {
        "no store".to_owned()
    } else {
        format!("the store is away for {:?} twice", plan.away)
    };
    println!(
        "{} events of {} new people; random faults; 5 % of Salesforce's answers and of the service's are lost; every {:?} a process is \
         killed; {store}\n",
        plan.people.events(),
        plan.people.count,
        plan.kill_every,
    );
    println!(
        "{:<36}{:>7}{:>9}{:>7}{:>9}{:>9}{:>8}{:>8}{:>7}{:>8}{:>9}",
        "way",
        "lost",
        "answered",
        "stale",
        "doubled",
        "doubled",
        "aborted",
        "again",
        "kills",
        "calls",
        "seconds"
    );
    println!(
        "{:<36}{:>7}{:>9}{:>7}{:>9}{:>9}",
        "", "", "once", "", "up", "away"
    );
}

/// Has some processes deliver all events in one way while everything goes wrong that can; fails if a promise is broken.
async fn run(plan: &Plan, name: &str, way: Way, processes: usize) {
    let org = Org::start().await;
    let mut redis = (!plan.is_alone).then(Redis::start);
    let store = redis.as_ref().map(Redis::url);
    let flags: &[(&str, &str)] = match way {
        Way::Inline => &[("DELIVERY", "inline")],
        Way::Proxy | Way::Processor => &[],
    };
    let mut replicas = Vec::new();
    for _ in 0..processes {
        replicas.push(Replica::start(&org.url, store.as_deref(), flags).await);
    }
    let client = Client::new(way, &replicas, plan.people, 25);
    let (began, kills) = (Instant::now(), AtomicUsize::new(0));
    org.misbehave(true);
    let away = outages::outages(redis.as_mut(), &replicas, &org, &client, plan.away);
    let load = async { tokio::join!(client.deliver_all(), away) };
    let ((), doubled_away) = select! {
        done = load => done,
        () = outages::kills(&replicas, plan.kill_every, &kills) => unreachable!(),
    };
    let seconds = began.elapsed().as_secs_f64();
    let (verdict, done) = (org.verdict(plan.people), client.outcome());
    let doubled_up = verdict.doubled - doubled_away;
    println!(
        "{name:<36}{:>7}{:>9}{:>7}{doubled_up:>9}{doubled_away:>9}{:>8}{:>8}{:>7}{:>8}{seconds:>9.1}",
        verdict.lost,
        done.answered,
        verdict.stale + done.overtaken,
        done.aborted,
        done.again,
        kills.into_inner(),
        org.calls(),
    );
    if plan.is_alone {
        return;
    }
    assert_eq!(verdict.lost, 0, "a promise is broken: no event is lost");
    assert_eq!(
        done.answered,
        plan.people.events(),
        "a promise is broken: each job is answered once"
    );
    assert_eq!(
        verdict.stale + done.overtaken,
        0,
        "a promise is broken: a user's events keep their order"
    );
    assert_eq!(done.aborted, 0, "a promise is broken: no event is aborted");
    assert_eq!(
        doubled_up, 0,
        "a promise is broken: nobody is doubled while the store is there"
    );
}
