//! Records of a sync by a unique external id: what they cost, and that two processes of the service write each of them once
//! while answers are lost. Each promise is held.

use std::{
    collections::HashMap,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::{self, Next},
    response::Response,
};
use fastrand::Rng;
use futures_util::{StreamExt, TryStreamExt, stream};
use salesforce_simulator::{Builder, Call, Fault, Simulator, flags_for};
use serde_json::{Value, json};

use super::{
    EVENTS, Failure, Served,
    bursts::{self, CALLERS, LATENCY, Way},
};

/// How many records two processes create, and how many if the benchmark is run with `--full`.
const CREATES: usize = 10_000;
const ALL_CREATES: usize = 100_000;

/// How many jobs a caller sends together.
const BATCH: usize = 20;

/// Which part of the answers is lost: those of Salesforce, and those of the service.
const LOST: f64 = 0.05;

/// How often a process is asked whether it is ready, every 20 ms.
const MAX_ASKED: usize = 500;

/// Measures and prints; fails if a promise is broken.
pub(super) async fn run(is_full: bool) -> Result<(), Failure> {
    println!("\n{EVENTS} records of a sync by a unique external id\n");
    println!(
        "{:<46}{:>10}{:>8}{:>8}",
        "way", "describes", "lookups", "writes"
    );
    descriptors().await?;
    inline(1).await?;
    inline(50).await?;
    let creates = if is_full { ALL_CREATES } else { CREATES };
    println!("\n{creates} creates by external id, two processes, 5 % of the answers lost\n");
    println!(
        "{:<46}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
        "way", "records", "doubles", "aborted", "lost", "again", "calls", "seconds"
    );
    two_processes("inline", &["--delivery", "inline"], creates).await?;
    two_processes("router, proxy", &[], creates).await
}

fn org() -> Builder {
    let org = Simulator::builder().user("u", "p", "t");
    let org = org.external_id("Contact", "Key__c", true);
    org.daily_limit(10_000_000)
}

/// A job of a sync for the contact with this key.
fn record(n: usize) -> Value {
    let mut record = super::job(n, false);
    let identifier =
        json!({"type": "Salesforce-Contact", "id": key(n), "identifierType": "Key__c"});
    record["message"]["context"] =
        json!({"mappedToDestination": "true", "externalId": [identifier]});
    record["message"]["traits"] = json!({"LastName": last_name(n)});
    record["message"]["messageId"] = json!(format!("m-{n}"));
    record["metadata"]["destinationId"] = json!("dst-1");
    record["metadata"]["attemptNum"] = json!(0);
    record
}

fn key(n: usize) -> String {
    format!("key-{n}")
}

fn last_name(n: usize) -> String {
    format!("Doe {n}")
}

/// Describes the requests for the records of a sync, and delivers them as rudder-server does.
async fn descriptors() -> Result<(), Failure> {
    let org = org().build();
    let served = Served::start(&org, &[]).await?;
    let jobs: Vec<Value> = (0..EVENTS).map(record).collect();
    let answer = served.post(&jobs).await?;
    for entry in answer["output"].as_array().ok_or("no output")? {
        served.send(&entry["batchedRequest"][0]).await?;
    }
    let calls = org.calls();
    let lookups = calls.total_api() - calls.describe - calls.upsert;
    print("descriptor", calls.describe, lookups, calls.upsert);
    if (lookups, calls.upsert) != (0, EVENTS as u64) {
        return Err("a promise is broken: no lookup, and one write for each record".into());
    }
    holds(&org, EVENTS).map(drop)
}

/// Has the service write the records of a sync that come in so many requests at once.
async fn inline(requests: usize) -> Result<(), Failure> {
    let org = org().build();
    let served = Served::start(&org, &["--delivery", "inline"]).await?;
    let jobs: Vec<Value> = (0..EVENTS).map(record).collect();
    let batches = jobs
        .chunks(EVENTS / requests)
        .map(|jobs| bursts::of_batch(&served, Way::Proxy, jobs));
    let batches = stream::iter(batches.collect::<Vec<_>>()).buffer_unordered(requests);
    let done: Vec<_> = batches.try_collect().await?;
    if done.iter().any(|done| !done.is_whole()) {
        return Err("a promise is broken: each record is written".into());
    }
    let calls = org.calls();
    let writes = calls.composite + calls.collections;
    let lookups = calls.total_api() - calls.describe - writes;
    let name = format!("inline, {requests} × {}", EVENTS / requests);
    print(&name, calls.describe, lookups, writes);
    if lookups > 0 || (requests == 1 && writes > 1) || writes > 10 {
        return Err("a promise is broken: no lookup, and 1 call for 1,000 records".into());
    }
    holds(&org, EVENTS).map(drop)
}

fn print(name: &str, describes: u64, lookups: u64, writes: u64) {
    println!("{name:<46}{describes:>10}{lookups:>8}{writes:>8}");
}

/// Has two processes create records while answers are lost; jobs come again at either process until they are done.
async fn two_processes(name: &str, flags: &[&str], creates: usize) -> Result<(), Failure> {
    let org = org().latency(LATENCY).build();
    let salesforce = super::serve(losing(&org)).await?;
    let processes = [
        Process::start(&salesforce, flags).await?,
        Process::start(&salesforce, flags).await?,
    ];
    let began = Instant::now();
    let mut load = Load {
        processes: &processes,
        rng: Mutex::new(Rng::with_seed(21)),
        lost: AtomicUsize::new(0),
        again: 0,
        aborted: 0,
    };
    load.deliver((0..creates).map(record).collect()).await?;
    let seconds = began.elapsed().as_secs_f64();
    let doubles = holds(&org, creates)?;
    println!(
        "{name:<46}{:>8}{doubles:>8}{:>8}{:>8}{:>8}{:>8}{seconds:>8.1}",
        creates,
        load.aborted,
        load.lost.into_inner(),
        load.again,
        org.calls().total_api()
    );
    if load.aborted > 0 {
        return Err("a promise is broken: no event is aborted".into());
    }
    Ok(())
}

/// The org's API, which loses the answers of a part of the calls that it has carried out.
fn losing(org: &Simulator) -> Router {
    let rng = Arc::new(Mutex::new(Rng::with_seed(5)));
    let lose = middleware::from_fn_with_state((org.clone(), rng), lose);
    org.router().layer(lose)
}

async fn lose(
    State((org, rng)): State<(Simulator, Arc<Mutex<Rng>>)>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(call) = written_by(&request).filter(|_| strikes(&rng)) {
        org.fail_next(call, Fault::Dropped, 1);
    }
    next.run(request).await
}

/// The kind of a call that writes.
fn written_by(request: &Request) -> Option<Call> {
    let path = request.uri().path();
    if path.ends_with("/composite") {
        Some(Call::Composite)
    } else if path.contains("/composite/sobjects") {
        Some(Call::Collections)
    } else {
        (request.method() == Method::PATCH).then_some(Call::Upsert)
    }
}

fn strikes(rng: &Mutex<Rng>) -> bool {
    rng.lock().unwrap_or_else(PoisonError::into_inner).f64() < LOST
}

/// Two processes, and what became of the jobs that they were sent.
struct Load<'p> {
    processes: &'p [Process; 2],
    rng: Mutex<Rng>,
    /// How many answers of the service were lost.
    lost: AtomicUsize,
    again: usize,
    aborted: usize,
}

impl Load<'_> {
    /// Sends jobs until none comes again.
    async fn deliver(&mut self, mut jobs: Vec<Value>) -> Result<(), Failure> {
        while !jobs.is_empty() {
            if jobs.iter().any(bursts::comes_for_ever) {
                return Err("a promise is broken: no job comes again for ever".into());
            }
            let batches = jobs.chunks(BATCH).map(|jobs| self.of_batch(jobs));
            let batches = stream::iter(batches.collect::<Vec<_>>()).buffer_unordered(CALLERS);
            let done: Vec<bursts::Done> = batches.try_collect().await?;
            self.aborted += done.iter().map(|done| done.aborted).sum::<usize>();
            jobs = done.into_iter().flat_map(|done| done.again).collect();
            self.again += jobs.len();
        }
        Ok(())
    }

    /// Sends a batch to one of the processes. If its answer is lost, all of its jobs come again.
    async fn of_batch(&self, jobs: &[Value]) -> Result<bursts::Done, Failure> {
        let is_first = self.either();
        let served = &self.processes[usize::from(is_first)].served;
        let done = bursts::of_batch(served, Way::Proxy, jobs).await?;
        if !strikes(&self.rng) {
            return Ok(done);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        Ok(bursts::Done {
            again: jobs.iter().map(bursts::next_attempt).collect(),
            ..bursts::Done::default()
        })
    }

    fn either(&self) -> bool {
        self.rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bool()
    }
}

/// Holds that each key has a record with its fields; how many records there are besides.
fn holds(org: &Simulator, keys: usize) -> Result<usize, Failure> {
    let records = org.records("Contact");
    let mut names: HashMap<&str, Vec<&Value>> = HashMap::new();
    for record in &records {
        let key = record["Key__c"]
            .as_str()
            .ok_or("a record without its key")?;
        names.entry(key).or_default().push(&record["LastName"]);
    }
    for n in 0..keys {
        let names = names.get(&*key(n)).map_or(&[][..], Vec::as_slice);
        if names.len() != 1 || *names[0] != last_name(n) {
            return Err(format!(
                "a promise is broken: one record for {}, not {names:?}",
                key(n)
            )
            .into());
        }
    }
    match records.len() - keys {
        0 => Ok(0),
        doubles => Err(format!("a promise is broken: {doubles} records too many").into()),
    }
}

/// The service in a process of its own, which ends with this.
struct Process {
    child: Child,
    served: Served,
}

impl Process {
    /// Starts the service for an org, and waits until it listens.
    async fn start(salesforce: &str, flags: &[&str]) -> Result<Self, Failure> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"))
            .args(flags_for(salesforce))
            .args(flags)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .env_clear()
            .env("LOG_LEVEL", "error")
            .stdin(Stdio::null())
            .spawn()?;
        let served = Served {
            url: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::builder().no_proxy().build()?,
        };
        let process = Self { child, served };
        process.listens().await?;
        Ok(process)
    }

    async fn listens(&self) -> Result<(), Failure> {
        let url = format!("{}/ready", self.served.url);
        for _ in 0..MAX_ASKED {
            let answer = self.served.client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the service does not get ready".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
