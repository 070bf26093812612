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
    process::ExitCode,
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

/// The promises that have been broken so far, each of which is said when it is, while the benchmark goes on.
#[derive(Default)]
struct Promises {
    broken: usize,
}

impl Promises {
    fn hold(&mut self, holds: bool, promise: &str) {
        if !holds {
            println!("    A PROMISE IS BROKEN: {promise}");
            self.broken += 1;
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
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
    let mut promises = Promises::default();
    let (two, four) = ("inline, 2 processes", "inline, 4 processes");
    let runs = [
        ("inline", two, Way::Inline, 2),
        ("inline", four, Way::Inline, 4),
        ("proxy", "router, proxy, 2 processes", Way::Proxy, 2),
        (
            "processor",
            "processor path, proxy, 2 processes",
            Way::Processor,
            2,
        ),
    ];
    let runs = runs.into_iter().filter(|(part, ..)| wants(part));
    for (place, (_, name, way, processes)) in runs.enumerate() {
        if place == 0 {
            head(&plan);
        }
        run(&plan, name, way, processes, &mut promises).await;
    }
    if wants("calls") {
        calls::run(plan.is_alone, &mut promises).await;
    }
    if wants("cost") && !plan.is_alone {
        cost::run(plan.rounds, &mut promises).await;
    }
    if promises.broken > 0 && !plan.is_alone {
        println!("\n{} promises are broken", promises.broken);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
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
        "{:<36}{:>7}{:>9}{:>9}{:>9}{:>7}{:>10}{:>8}{:>8}{:>7}{:>9}{:>8}",
        "", "", "answered", "doubled", "doubled", "", "", "", "", "", "", ""
    );
    println!(
        "{:<36}{:>7}{:>9}{:>9}{:>9}{:>7}{:>10}{:>8}{:>8}{:>7}{:>9}{:>8}",
        "way",
        "lost",
        "once",
        "up",
        "away",
        "stale",
        "overtaken",
        "aborted",
        "again",
        "kills",
        "calls",
        "seconds"
    );
}

/// Has some processes deliver all events in one way while everything goes wrong that can.
async fn run(plan: &Plan, name: &str, way: Way, processes: usize, promises: &mut Promises) {
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
        "{name:<36}{:>7}{:>9}{doubled_up:>9}{doubled_away:>9}{:>7}{:>10}{:>8}{:>8}{:>7}{:>9}{seconds:>8.1}",
        verdict.lost,
        done.answered,
        verdict.stale,
        done.overtaken,
        done.aborted,
        done.again,
        kills.into_inner(),
        org.calls(),
    );
    promises.hold(verdict.lost == 0, "no event is lost");
    let events = plan.people.events();
    promises.hold(done.answered == events, "each job is answered once");
    promises.hold(verdict.stale == 0, "no older event overwrites a newer one");
    promises.hold(done.overtaken == 0, "a user's events keep their order");
    promises.hold(done.aborted == 0, "no event is aborted");
    promises.hold(
        doubled_up == 0,
        "nobody is doubled while the store is there",
    );
}
