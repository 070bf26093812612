//! Bursts of events of new people, delivered in each way: who is doubled, who is lost, and what it costs. Each promise is held:
//! one lead for each person, and no event aborted.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{Failure, Served};

/// How many events there are, and of how many people.
const EVENTS: usize = 10_000;
const PEOPLE: usize = 2_000;

/// How many callers route at once, and how many events each sends together.
pub(super) const CALLERS: usize = 16;
const BATCH: usize = 20;

/// How many deliveries are sent at once.
const DELIVERIES: usize = 64;

/// How long each call of the org takes.
pub(super) const LATENCY: Duration = Duration::from_millis(10);

/// How often a job comes again at most.
const MAX_ATTEMPTS: u64 = 50;

/// A way in which rudder-server delivers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Processor,
    Proxy,
    Own,
}

/// What has become of some jobs: those that come again, how many were aborted, and the ids of all that were answered.
#[derive(Default)]
pub(super) struct Done {
    pub(super) again: Vec<Value>,
    pub(super) aborted: usize,
    pub(super) answered: Vec<Value>,
}

impl Done {
    /// Whether all jobs have been written.
    pub(super) fn is_whole(&self) -> bool {
        self.again.is_empty() && self.aborted == 0
    }

    /// Holds that each job was answered once.
    fn answers(&self, jobs: &[Value]) -> Result<(), Failure> {
        let id = |job: &Value| job["metadata"]["jobId"].as_u64();
        let mut sent: Vec<_> = jobs.iter().map(id).collect();
        let mut answered: Vec<_> = self.answered.iter().map(Value::as_u64).collect();
        sent.sort_unstable();
        answered.sort_unstable();
        if sent != answered {
            return Err("a promise is broken: each job is answered once".into());
        }
        Ok(())
    }
}

/// Measures and prints; fails if a promise is broken.
pub(super) async fn run() -> Result<(), Failure> {
    println!("\n{EVENTS} events of {PEOPLE} new people in one burst\n");
    println!(
        "{:<46}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
        "way", "leads", "aborted", "again", "lookups", "writes", "seconds"
    );
    let ways = [
        ("processor path, proxy", Way::Processor),
        ("router, proxy, 16 callers", Way::Proxy),
        ("router, own delivery, 16 callers", Way::Own),
    ];
    for (name, way) in ways {
        let org = Simulator::builder().user("u", "p", "t");
        let org = org.daily_limit(1_000_000).latency(LATENCY).build();
        let served = Served::start(&org, &[]).await?;
        let began = Instant::now();
        let (again, aborted) = burst(&served, way).await?;
        let seconds = began.elapsed().as_secs_f64();
        let (leads, calls) = (org.records("Lead").len(), org.calls());
        let writes = calls.create + calls.update;
        let lookups = calls.total_api() - writes;
        println!("{name:<46}{leads:>8}{aborted:>8}{again:>8}{lookups:>8}{writes:>8}{seconds:>8.1}");
        if (leads, aborted) != (PEOPLE, 0) {
            return Err("a promise is broken: one lead for each person, and none aborted".into());
        }
    }
    Ok(())
}

/// Sends all events and delivers them until none comes again; how often one came again, and how many were aborted.
async fn burst(served: &Served, way: Way) -> Result<(usize, usize), Failure> {
    let mut jobs: Vec<Value> = (0..EVENTS).map(event).collect();
    let (mut again, mut aborted) = (0, 0);
    while !jobs.is_empty() {
        if jobs.iter().any(comes_for_ever) {
            return Err("a promise is broken: no job comes again for ever".into());
        }
        let batches = jobs.chunks(BATCH).map(|jobs| of_batch(served, way, jobs));
        // On the processor path everything is described before anything is delivered.
        let done: Vec<Done> = match way {
            Way::Processor => processor(served, &jobs).await?,
            Way::Proxy | Way::Own => {
                let batches = batches.collect::<Vec<_>>();
                let batches = stream::iter(batches).buffer_unordered(CALLERS);
                batches.try_collect().await?
            }
        };
        aborted += done.iter().map(|done| done.aborted).sum::<usize>();
        jobs = done.into_iter().flat_map(|done| done.again).collect();
        again += jobs.len();
    }
    Ok((again, aborted))
}

/// The events of a person come at the same time, in batches of different callers.
fn event(n: usize) -> Value {
    let mut event = super::job(n, false);
    let person = n / (BATCH * EVENTS / PEOPLE) * BATCH + n % BATCH;
    let email = format!("new{person}@example.com");
    event["message"]["traits"] = json!({"email": email, "title": format!("T{n}")});
    event["message"]["messageId"] = json!(format!("m-{n}"));
    event["metadata"]["destinationId"] = json!("dst-1");
    event["metadata"]["attemptNum"] = json!(0);
    event
}

/// Whether a job comes again more often than any should.
pub(super) fn comes_for_ever(job: &Value) -> bool {
    attempt(job) > MAX_ATTEMPTS
}

/// A job as it comes again.
pub(super) fn next_attempt(job: &Value) -> Value {
    let mut job = job.clone();
    job["metadata"]["attemptNum"] = json!(attempt(&job) + 1);
    job
}

fn attempt(job: &Value) -> u64 {
    job["metadata"]["attemptNum"].as_u64().unwrap_or_default()
}

/// Describes all events on the processor path, and then delivers them at the proxy.
async fn processor(served: &Served, jobs: &[Value]) -> Result<Vec<Done>, Failure> {
    let batches = jobs.chunks(EVENTS / CALLERS);
    let path = "/v0/destinations/salesforce";
    let answers = batches.map(async |jobs| served.call(path, &json!(jobs)).await);
    let answers = try_join_all(answers.collect::<Vec<_>>()).await?;
    let described = answers.iter().filter_map(Value::as_array).flatten();
    let deliveries = jobs.iter().zip(described).map(async |(job, described)| {
        let metadata = json!([{
            "jobId": job["metadata"]["jobId"],
            "destinationId": "dst-1",
            "attemptNum": job["metadata"]["attemptNum"],
        }]);
        let output = at_proxy(served, &described["output"], &metadata).await?;
        done(std::slice::from_ref(job), &output)
    });
    let deliveries = stream::iter(deliveries.collect::<Vec<_>>());
    deliveries.buffer_unordered(DELIVERIES).try_collect().await
}

/// Routes a batch, delivers what is described, and holds that each job is answered once.
pub(super) async fn of_batch(served: &Served, way: Way, jobs: &[Value]) -> Result<Done, Failure> {
    let answer = served.post(jobs).await?;
    let mut all = Done::default();
    for entry in answer["output"].as_array().ok_or("no output")? {
        let output = match (entry["statusCode"].as_u64(), way) {
            (Some(200), Way::Own) => {
                served.send(&entry["batchedRequest"][0]).await?;
                of_all(entry, 200)
            }
            (Some(200), _) => {
                at_proxy(served, &entry["batchedRequest"][0], &entry["metadata"]).await?
            }
            (status, _) => of_all(entry, status.ok_or("no status")?),
        };
        let done = done(jobs, &output)?;
        all.again.extend(done.again);
        all.aborted += done.aborted;
        all.answered.extend(done.answered);
    }
    all.answers(jobs)?;
    Ok(all)
}

/// One status for all jobs of an entry, in the form of the proxy.
fn of_all(entry: &Value, status: u64) -> Value {
    let metadata = entry["metadata"].as_array().into_iter().flatten();
    metadata
        .map(|metadata| json!({"metadata": metadata, "statusCode": status}))
        .collect()
}

/// Delivers a request at the proxy, in the version that answers for each job.
pub(super) async fn at_proxy(
    served: &Served,
    request: &Value,
    metadata: &Value,
) -> Result<Value, Failure> {
    let mut body = request.clone();
    body["metadata"] = metadata.clone();
    body["destinationConfig"] = super::job(0, false)["destination"]["Config"].take();
    let path = "/v1/destinations/salesforce/proxy";
    Ok(served.call(path, &body).await?["output"]["response"].take())
}

/// What the statuses of jobs say.
fn done(jobs: &[Value], output: &Value) -> Result<Done, Failure> {
    let mut done = Done::default();
    for of_job in output.as_array().ok_or("no statuses")? {
        let (metadata, status) = (&of_job["metadata"], of_job["statusCode"].as_u64());
        let is_this = |job: &&Value| job["metadata"]["jobId"] == metadata["jobId"];
        done.answered.push(metadata["jobId"].clone());
        match status.ok_or("no status")? {
            200..300 => {}
            429 | 500.. => {
                let mut job = next_attempt(jobs.iter().find(is_this).ok_or("an unknown job")?);
                job["metadata"]["dontBatch"] = metadata["dontBatch"].clone();
                done.again.push(job);
            }
            _ => done.aborted += 1,
        }
    }
    Ok(done)
}
