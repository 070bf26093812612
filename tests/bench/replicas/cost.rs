//! What sharing costs: round trips and CPU time of the store, CPU time of the service, and how long a request takes, with a store and
//! without one. Measured in turns in the same run, because only that can be compared on a shared machine.

use std::{
    fs,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    Promises,
    org::Org,
    people::{destination, email},
    redis::Redis,
    replica::Replica,
};

/// Events in a request, requests in a round, and how many requests are sent at once.
const BATCH: usize = 100;
const REQUESTS: usize = 25;
const AT_ONCE: usize = 2;

/// How long each call to Salesforce takes here.
const LATENCY: Duration = Duration::from_millis(2);

/// Round trips a request that go on in the background: what is known of an org is exchanged every second.
const IN_BACKGROUND: f64 = 0.5;

/// Some requests of one kind.
struct Load {
    name: &'static str,
    is_inline: bool,
    /// Whether the people are new.
    is_new: bool,
    /// Round trips a request: what is told to create; inline, jobs are claimed and their results told, and creates have leases.
    most_trips: f64,
}

const LOADS: [Load; 4] = [
    Load {
        name: "router, people of the org",
        is_inline: false,
        is_new: false,
        most_trips: 0.0,
    },
    Load {
        name: "router, new people",
        is_inline: false,
        is_new: true,
        most_trips: 1.0,
    },
    Load {
        name: "inline, people of the org",
        is_inline: true,
        is_new: false,
        most_trips: 2.0,
    },
    Load {
        name: "inline, new people",
        is_inline: true,
        is_new: true,
        most_trips: 3.5,
    },
];

/// What a service has spent on a round.
struct Round {
    cpu: Duration,
    /// How long each request took.
    took: Vec<Duration>,
}

/// Measures and prints.
pub(super) async fn run(rounds: usize, promises: &mut Promises) {
    println!(
        "\nWhat sharing costs: requests of {BATCH} leads, a delivery window of 1 ms; CPU time of the quickest round\n"
    );
    println!(
        "{:<30}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}{:>9}{:>9}{:>9}",
        "load",
        "trips",
        "commands",
        "service",
        "service",
        "more",
        "store",
        "p50",
        "p50",
        "p99",
        "p99"
    );
    println!(
        "{:<30}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}{:>9}{:>9}{:>9}",
        "",
        "/batch",
        "/batch",
        "µs alone",
        "µs shared",
        "µs/event",
        "µs/event",
        "alone",
        "shared",
        "alone",
        "shared"
    );
    for load in &LOADS {
        measure(load, rounds, promises).await;
    }
}

async fn measure(load: &Load, rounds: usize, promises: &mut Promises) {
    let redis = Redis::start();
    let delivery = if load.is_inline {
        "inline"
    } else {
        "descriptor"
    };
    let settings = [
        ("DELIVERY", delivery),
        ("DELIVERY_WINDOW", "1ms"),
        ("LOG_LEVEL", "error"),
    ];
    let (mut alone, mut shared) = (Vec::new(), Vec::new());
    let (org_alone, org_shared) = (simulated(load).await, simulated(load).await);
    let without = Replica::start(&org_alone.url, None, &settings).await;
    let with = Replica::start(&org_shared.url, Some(&redis.url()), &settings).await;
    with.shares().await;
    // Sessions, descriptions and scripts are there from then on.
    round(load, &without, 0).await;
    round(load, &with, 0).await;
    let before = Spent::of(&redis);
    for number in 1..=rounds {
        alone.push(round(load, &without, number).await);
        shared.push(round(load, &with, number).await);
    }
    let spent = before.until(&Spent::of(&redis));
    let trips = print(load, &alone, &shared, &spent);
    promises.hold(
        trips <= load.most_trips + IN_BACKGROUND,
        "one round trip a batch on the router, and one more before and after a write",
    );
}

async fn simulated(of: &Load) -> Org {
    let org = Org::start().await;
    org.simulator().set_latency(LATENCY);
    if !of.is_new {
        for person in 0..REQUESTS * BATCH {
            let lead = json!({"LastName": "Doe", "Company": "Acme", "Email": email(person)});
            org.simulator().insert("Lead", lead).unwrap();
        }
    }
    org
}

/// Sends the requests of a round.
async fn round(load: &Load, replica: &Replica, round: usize) -> Round {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = |request: usize| {
        let first = (round * REQUESTS + request) * BATCH;
        let job = |number: usize| {
            let person = if load.is_new {
                number
            } else {
                number % (REQUESTS * BATCH)
            };
            job(number, person)
        };
        let jobs: Vec<Value> = (first..first + BATCH).map(job).collect();
        json!({"input": jobs, "destType": "salesforce"}).to_string()
    };
    let bodies: Vec<String> = (0..REQUESTS).map(body).collect();
    let before = replica.cpu();
    let sent = bodies.into_iter().map(|body| send(&http, replica, body));
    let sent = stream::iter(sent.collect::<Vec<_>>());
    let took = sent.buffer_unordered(AT_ONCE).collect().await;
    Round {
        cpu: replica.cpu().saturating_sub(before),
        took,
    }
}

async fn send(http: &reqwest::Client, replica: &Replica, body: String) -> Duration {
    let began = Instant::now();
    let posted = http
        .post(format!("{}/routerTransform", replica.url))
        .header("X-Feature-Filter-Code", "?1")
        .body(body);
    let answer = posted.send().await.unwrap().bytes().await.unwrap();
    let took = began.elapsed();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    for entry in answer["output"].as_array().unwrap() {
        let is_done = [200, 299].contains(&entry["statusCode"].as_u64().unwrap());
        assert!(is_done, "{entry}");
    }
    took
}

/// The job of an event for a person.
fn job(number: usize, person: usize) -> Value {
    json!({
        "message": {
            "type": "identify",
            "userId": format!("user{person}"),
            "messageId": format!("m-{number}"),
            "traits": {"email": email(person), "lastName": "Doe", "company": "Acme", "city": format!("City {number}")},
            "integrations": {"Salesforce": true},
        },
        "metadata": {"jobId": number, "userId": format!("user{person}"), "destinationId": "dst-1", "attemptNum": 0},
        "destination": destination(),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
fn print(load: &Load, alone: &[Round], shared: &[Round], store: &Spent) -> f64 {
    let batches = (alone.len() * REQUESTS) as f64;
    let events = batches * BATCH as f64;
    let of_round = (REQUESTS * BATCH) as f64;
    let least = |rounds: &[Round]| {
        let least = rounds.iter().map(|round| round.cpu).min();
        least.unwrap_or_default().as_secs_f64() * 1e6 / of_round
    };
    let (cpu_alone, cpu_shared) = (least(alone), least(shared));
    let (trips, commands) = (store.reads as f64 / batches, store.scripts as f64 / batches);
    let of_store = store.cpu * 1e6 / events;
    println!(
        "{:<30}{trips:>9.2}{commands:>10.2}{cpu_alone:>10.2}{cpu_shared:>10.2}{:>10.2}{of_store:>10.2}{:>9.1?}{:>9.1?}{:>9.1?}{:>9.1?}",
        load.name,
        cpu_shared - cpu_alone,
        slowest_of(alone, 50),
        slowest_of(shared, 50),
        slowest_of(alone, 99),
        slowest_of(shared, 99),
    );
    println!(
        "{:<30} one core of the store carries {:.0} such events a second, each of which takes {:.0} bytes of it",
        "",
        1e6 / of_store,
        store.memory / events
    );
    trips
}

/// How long this part of the requests took at most, in percent.
fn slowest_of(rounds: &[Round], percent: usize) -> Duration {
    let mut took: Vec<Duration> = rounds.iter().flat_map(|round| round.took.clone()).collect();
    took.sort_unstable();
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

/// What the store has done, as it counts itself.
struct Spent {
    /// How often it read from a connection: once for each round trip.
    reads: u64,
    scripts: u64,
    /// Seconds of CPU time.
    cpu: f64,
    /// Bytes.
    memory: f64,
}

impl Spent {
    fn of(redis: &Redis) -> Self {
        let figure = |section: &str, name: &str| -> f64 {
            let info = redis.command(&["INFO", section]);
            let figures = info.lines().filter_map(|line| line.split_once(':'));
            let mut figures = figures.filter(|(found, _)| *found == name);
            figures.next().unwrap().1.trim().parse().unwrap()
        };
        let seconds = |name| figure("cpu", name);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "Redis counts with whole numbers"
        )]
        let reads = figure("stats", "total_reads_processed") as u64;
        Self {
            reads,
            scripts: redis.calls("evalsha"),
            cpu: seconds("used_cpu_user_main_thread") + seconds("used_cpu_sys_main_thread"),
            memory: figure("memory", "used_memory"),
        }
    }

    fn until(&self, later: &Self) -> Self {
        Self {
            reads: later.reads - self.reads,
            scripts: later.scripts - self.scripts,
            cpu: later.cpu - self.cpu,
            memory: later.memory - self.memory,
        }
    }
}

/// How long the threads of a process have run so far.
pub(super) fn cpu_of(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let ran = threads.map(|thread| {
        let figures = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        let nanoseconds = figures.split(' ').next().unwrap();
        nanoseconds.parse::<u64>().unwrap()
    });
    Duration::from_nanos(ran.sum())
}
