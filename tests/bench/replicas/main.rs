//! Replicas that are one, in processes of their own, with a real `redis-server` between them: who is doubled or lost while faults strike,
//! answers are lost, processes are killed and the store is away, and what it costs. Each promise is held.
//!
//! `cargo bench --bench replicas`, or a part of it: `inline`, `proxy`, `processor`, `calls`, `cost`. With `-- --full`, there are 100,000
//! events of 20,000 people instead of 10,000 of 2,000. With `-- --alone` the same happens without a store, and nothing is promised. `--no-outages` and `--no-kills` leave the store and the
//! processes alone.
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
    people::{People, User},
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
    /// Whether the store goes away.
    has_outages: bool,
}

impl Plan {
    fn full() -> Self {
        Self {
            people: People::of(20_000),
            kill_every: Duration::from_secs(10),
            away: Duration::from_secs(5),
            rounds: 20,
            is_alone: false,
            has_outages: true,
        }
    }

    fn scaled() -> Self {
        Self {
            people: People::of(2_000),
            kill_every: Duration::from_secs(4),
            away: Duration::from_secs(3),
            rounds: 4,
            is_alone: false,
            has_outages: true,
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
    plan.has_outages = !plan.is_alone && !has("--no-outages");
    if has("--no-kills") {
        plan.kill_every = Duration::from_secs(100_000);
    }
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
    for names in [
        [
            "", "", "answered", "doubled", "doubled", "stale", "stale", "", "", "", "", "", "", "",
        ],
        [
            "way",
            "lost",
            "once",
            "up",
            "away",
            "up",
            "away",
            "overtaken",
            "aborted",
            "again",
            "kills",
            "alone",
            "calls",
            "seconds",
        ],
    ] {
        print!("{:<36}", names[0]);
        for name in &names[1..] {
            print!("{name:>10}");
        }
        println!();
    }
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
    let away = outages::outages(
        redis.as_mut().filter(|_| plan.has_outages),
        // What is described and not yet written when the store is emptied may be created twice: there is no end to it on the
        // processor path.
        way == Way::Inline,
        &replicas,
        &org,
        &client,
        plan.away,
    );
    let load = async { tokio::join!(client.deliver_all(), away).1 };
    let away = select! {
        away = load => away,
        () = outages::kills(&replicas, plan.kill_every, &kills) => unreachable!(),
    };
    let seconds = began.elapsed().as_secs_f64();
    let (verdict, done) = (org.verdict(plan.people), client.outcome());
    let doubled = verdict.doubled.iter();
    let (by_outages, up): (Vec<_>, Vec<_>) = doubled.partition(|(email, _)| away.knows(email));
    let [doubled_away, doubled_up] = [by_outages, up].map(|them| them.iter().map(|it| it.1).sum());
    let is_away = |user: &&User| away.covers(client.ended(**user));
    let stale_away = verdict.stale.iter().filter(is_away).count();
    let stale_up = verdict.stale.len() - stale_away;
    print!("{name:<36}");
    for figure in [
        verdict.lost,
        done.answered,
        doubled_up,
        doubled_away,
        stale_up,
        stale_away,
        done.overtaken,
        done.aborted,
        done.again,
        kills.into_inner(),
        replicas.iter().map(Replica::times_alone).sum(),
        usize::try_from(org.calls()).unwrap(),
    ] {
        print!("{figure:>10}");
    }
    println!("{seconds:>10.1}");
    promises.hold(verdict.lost == 0, "no event is lost");
    let events = plan.people.events();
    promises.hold(done.answered == events, "each job is answered once");
    promises.hold(
        stale_up == 0,
        "no older event overwrites a newer one while the store is there",
    );
    promises.hold(done.overtaken == 0, "a user's events keep their order");
    promises.hold(done.aborted == 0, "no event is aborted");
    promises.hold(
        doubled_up == 0,
        "nobody is doubled while the store is there",
    );
}
