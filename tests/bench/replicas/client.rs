//! What rudder-server does: a user's jobs stay with one worker and in order, what fails for the moment comes again before the user's
//! later jobs, at whichever replica, and a request whose answer is lost is sent again as it was.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use fastrand::Rng;
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    people::{Event, People, User, destination},
    replica::Replica,
};

/// How many workers there are, and how many jobs each sends together at most.
const WORKERS: usize = 32;
const BATCH: usize = 20;

/// How many events the processor sends together, and how many it is ahead of the router at most.
const PROCESSOR_BATCH: usize = 100;
const AHEAD: usize = 10_000;

/// Which part of the service's answers is lost: half of them after they have come, half of them by giving up on them.
const LOST: f64 = 0.05;

/// How long a worker waits that is going to give up, at most.
const SHORT: Duration = Duration::from_millis(400);

/// How long a user's job waits before it comes again, by how often it has come, and at most.
const PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// How often a job comes again at most.
const MAX_ATTEMPTS: u32 = 300;

/// How long rudder-server waits for the proxy.
const PROXY_TIMEOUT: &str = "20000";

/// A way in which rudder-server delivers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Inline,
    Proxy,
    Processor,
}

/// What has become of the jobs.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcome {
    /// Jobs that were answered with a success, or aborted, once.
    pub(super) answered: usize,
    pub(super) aborted: usize,
    /// How often a job came again.
    pub(super) again: usize,
    /// Jobs that were done although an earlier one of their user in the same request was not.
    pub(super) overtaken: usize,
}

/// What an answer means for a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Done,
    Again,
    Aborted,
}

impl Status {
    fn of(code: u64) -> Self {
        match code {
            200 | 299 => Self::Done,
            408 | 429 | 500.. => Self::Again,
            _ => Self::Aborted,
        }
    }
}

/// A job, and how often it has been sent before.
#[derive(Clone, Copy)]
struct Job {
    event: Event,
    attempt: u32,
}

/// The jobs of a user whose first one has failed for the moment.
struct Held {
    jobs: VecDeque<Job>,
    due: Instant,
}

/// rudder-server, and the replicas that it asks.
pub(super) struct Client<'r> {
    way: Way,
    replicas: &'r [Replica],
    people: People,
    http: reqwest::Client,
    rng: Mutex<Rng>,
    outcome: Mutex<Outcome>,
    done: AtomicUsize,
    /// When the last event of a user was done.
    ended: Mutex<HashMap<User, Instant>>,
    /// The requests that the processor has stored, by the number of their event.
    described: Vec<OnceLock<String>>,
}

impl<'r> Client<'r> {
    pub(super) fn new(way: Way, replicas: &'r [Replica], people: People, seed: u64) -> Self {
        let described = if way == Way::Processor {
            people.events()
        } else {
            0
        };
        Self {
            way,
            replicas,
            people,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            rng: Mutex::new(Rng::with_seed(seed)),
            outcome: Mutex::default(),
            done: AtomicUsize::new(0),
            ended: Mutex::default(),
            described: (0..described).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What has become of the jobs so far.
    pub(super) fn outcome(&self) -> Outcome {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the last event of a user was done.
    pub(super) fn ended(&self, user: User) -> Instant {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)[&user]
    }

    /// Waits until this part of the jobs is done.
    pub(super) async fn until_done(&self, part: usize, of: usize) {
        while self.done.load(Ordering::Relaxed) * of < self.people.events() * part {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Delivers all events.
    pub(super) async fn deliver_all(&self) {
        let events: Vec<Event> = (0..self.people.events()).map(People::event).collect();
        let waves = match self.way {
            Way::Inline | Way::Proxy => events.len(),
            Way::Processor => AHEAD,
        };
        for wave in events.chunks(waves) {
            if self.way == Way::Processor {
                self.describe_all(wave).await;
            }
            let mut queues = vec![VecDeque::new(); WORKERS];
            for event in wave {
                let worker = (event.user.person + event.user.user * 7) % WORKERS;
                queues[worker].push_back(Job {
                    event: *event,
                    attempt: 0,
                });
            }
            join_all(queues.into_iter().map(|queue| self.work(queue))).await;
        }
    }

    /// One worker: sends what it has until all of it is done.
    async fn work(&self, mut queue: VecDeque<Job>) {
        let mut held: HashMap<User, Held> = HashMap::new();
        while !queue.is_empty() || !held.is_empty() {
            let batch = next_batch(&mut queue, &mut held);
            if batch.is_empty() {
                sleep(Duration::from_millis(20)).await;
                continue;
            }
            let statuses = self.delivered(&batch).await;
            self.note(&batch, &statuses, &mut held);
        }
    }

    /// Notes what has become of a batch, and holds back the users whose jobs come again.
    fn note(&self, batch: &[Job], statuses: &[Status], held: &mut HashMap<User, Held>) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed: HashSet<User> = HashSet::new();
        for (job, status) in batch.iter().zip(statuses) {
            let user = job.event.user;
            if *status == Status::Again {
                outcome.again += 1;
                failed.insert(user);
                hold(held, *job);
                continue;
            }
            outcome.overtaken += usize::from(failed.contains(&user));
            outcome.answered += 1;
            outcome.aborted += usize::from(*status == Status::Aborted);
            ended.insert(user, Instant::now());
            self.done.fetch_add(1, Ordering::Relaxed);
            if let Some(of_user) = held.get_mut(&user) {
                of_user
                    .jobs
                    .retain(|held| held.event.number != job.event.number);
                if of_user.jobs.is_empty() {
                    held.remove(&user);
                }
            }
        }
    }

    /// Sends a batch; the status of each job. Of what is lost, each job comes again.
    async fn delivered(&self, batch: &[Job]) -> Vec<Status> {
        match self.way {
            Way::Inline => self.routed(batch).await,
            Way::Proxy => self.routed_and_proxied(batch).await,
            Way::Processor => {
                let request = |job: &Job| self.described[job.event.number].get().unwrap().clone();
                self.proxied(batch, batch.iter().map(|job| Some(request(job))).collect())
                    .await
            }
        }
    }

    /// Has a batch delivered inline.
    async fn routed(&self, batch: &[Job]) -> Vec<Status> {
        let Some(entries) = self.entries(batch).await else {
            return vec![Status::Again; batch.len()];
        };
        let status = |entry: &Value| Status::of(entry["statusCode"].as_u64().unwrap());
        entries.iter().map(status).collect()
    }

    /// Has a batch described, and delivers each request at the proxy of any replica.
    async fn routed_and_proxied(&self, batch: &[Job]) -> Vec<Status> {
        let Some(entries) = self.entries(batch).await else {
            return vec![Status::Again; batch.len()];
        };
        let request = |entry: &Value| {
            (entry["statusCode"] == 200).then(|| entry["batchedRequest"][0].to_string())
        };
        let requests = entries.iter().map(request).collect();
        let delivered = self.proxied(batch, requests).await;
        // A job without a request has the status of its entry.
        let statuses = entries.iter().zip(delivered);
        let status = |(entry, delivered): (&Value, Status)| {
            let code = entry["statusCode"].as_u64().unwrap();
            if code == 200 {
                delivered
            } else {
                Status::of(code)
            }
        };
        statuses.map(status).collect()
    }

    /// The entry of each job of a batch, in the batch's order; `None` if the answer is lost or none.
    async fn entries(&self, batch: &[Job]) -> Option<Vec<Value>> {
        let jobs: Vec<Value> = batch.iter().map(|job| job.event.job(job.attempt)).collect();
        let body = json!({"input": jobs, "destType": "salesforce"}).to_string();
        let answer = self.asked("/routerTransform", body).await?;
        let mut entries: HashMap<usize, &Value> = HashMap::new();
        for entry in answer["output"].as_array().unwrap() {
            for metadata in entry["metadata"].as_array().unwrap() {
                let number = usize::try_from(metadata["jobId"].as_u64().unwrap()).unwrap();
                let other = entries.insert(number, entry);
                assert!(
                    other.is_none(),
                    "a promise is broken: each job is answered once"
                );
            }
        }
        assert_eq!(
            entries.len(),
            batch.len(),
            "a promise is broken: each job is answered"
        );
        let of_job = |job: &Job| entries[&job.event.number].clone();
        Some(batch.iter().map(of_job).collect())
    }

    /// Delivers requests one after the other. Where an earlier job of its user has failed, a job waits.
    async fn proxied(&self, batch: &[Job], requests: Vec<Option<String>>) -> Vec<Status> {
        let mut failed: HashSet<User> = HashSet::new();
        let mut statuses = Vec::with_capacity(batch.len());
        for (job, request) in batch.iter().zip(requests) {
            let user = job.event.user;
            let status = match request {
                Some(request) if !failed.contains(&user) => self.at_proxy(job, &request).await,
                _ => Status::Again,
            };
            if status == Status::Again {
                failed.insert(user);
            }
            statuses.push(status);
        }
        statuses
    }

    /// Delivers a request at the proxy of any replica.
    async fn at_proxy(&self, job: &Job, request: &str) -> Status {
        let mut body: Value = serde_json::from_str(request).unwrap();
        body["metadata"] = json!([job.event.metadata(job.attempt)]);
        body["destinationConfig"] = destination()["Config"].take();
        let path = "/v1/destinations/salesforce/proxy";
        let Some(answer) = self.asked(path, body.to_string()).await else {
            return Status::Again;
        };
        let of_job = answer["output"]["response"].as_array().unwrap();
        assert_eq!(
            of_job.len(),
            1,
            "a promise is broken: each job is answered once"
        );
        Status::of(of_job[0]["statusCode"].as_u64().unwrap())
    }

    /// Has events described on the processor path and stored. A request that is not answered is repeated, as rudder-server repeats it.
    async fn describe_all(&self, events: &[Event]) {
        let batches = events.chunks(PROCESSOR_BATCH);
        let batches = batches.map(|events| self.describe(events));
        let batches = stream::iter(batches.collect::<Vec<_>>());
        batches.buffer_unordered(WORKERS).collect::<Vec<()>>().await;
    }

    async fn describe(&self, events: &[Event]) {
        let jobs: Vec<Value> = events.iter().map(|event| event.job(0)).collect();
        let body = json!(jobs).to_string();
        let answer = loop {
            match self
                .asked("/v0/destinations/salesforce", body.clone())
                .await
            {
                Some(answer) => break answer,
                None => sleep(PAUSE).await,
            }
        };
        for entry in answer.as_array().unwrap() {
            assert_eq!(
                entry["statusCode"], 200,
                "a promise is broken: an event was dropped: {entry}"
            );
            let number = entry["metadata"]["jobId"].as_u64().unwrap();
            let stored = &self.described[usize::try_from(number).unwrap()];
            let is_new = stored.set(entry["output"].to_string()).is_ok();
            assert!(is_new, "a promise is broken: each event is answered once");
        }
    }

    /// Posts a body to any replica. `None` if the answer is lost, or is none that rudder-server would read.
    async fn asked(&self, path: &str, body: String) -> Option<Value> {
        let (replica, fate) = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            (rng.usize(..self.replicas.len()), rng.f64())
        };
        let request = self
            .http
            .post(format!("{}{path}", self.replicas[replica].url))
            .header("Content-Type", "application/json")
            .header("X-Feature-Filter-Code", "?1")
            .header("RdProxy-Timeout", PROXY_TIMEOUT)
            .body(body);
        let answered = async {
            let answer = request.send().await.ok()?;
            let is_read = answer.status() == 200;
            let text = answer.bytes().await.ok()?;
            is_read.then(|| serde_json::from_slice(&text).unwrap())
        };
        if fate < LOST / 2.0 {
            let given_up = SHORT.mul_f64(fate / (LOST / 2.0));
            // What comes in time is lost as well.
            let _ = timeout(given_up, answered).await;
            return None;
        }
        let answer: Option<Value> = answered.await;
        answer.filter(|_| fate >= LOST)
    }
}

/// The jobs that a worker sends next: those that come again, and new ones whose users are not held back.
fn next_batch(queue: &mut VecDeque<Job>, held: &mut HashMap<User, Held>) -> Vec<Job> {
    let now = Instant::now();
    let due = held.values().filter(|held| held.due <= now);
    let mut batch: Vec<Job> = due.filter_map(|held| held.jobs.front().copied()).collect();
    batch.truncate(BATCH);
    while batch.len() < BATCH {
        let Some(job) = queue.pop_front() else { break };
        match held.get_mut(&job.event.user) {
            Some(held) => held.jobs.push_back(job),
            None => batch.push(job),
        }
    }
    batch
}

/// Holds a user back whose job has failed for the moment.
fn hold(held: &mut HashMap<User, Held>, job: Job) {
    let job = Job {
        attempt: job.attempt + 1,
        ..job
    };
    assert!(
        job.attempt < MAX_ATTEMPTS,
        "a promise is broken: no job comes again for ever"
    );
    let due = Instant::now() + (PAUSE * job.attempt).min(MAX_PAUSE);
    let of_user = held.entry(job.event.user).or_insert_with(|| Held {
        jobs: VecDeque::new(),
        due,
    });
    let is_first = |first: &Job| first.event.number == job.event.number;
    if of_user.jobs.front().is_some_and(is_first) {
        of_user.jobs[0] = job;
        of_user.due = due;
    } else {
        of_user.jobs.push_back(job);
    }
}
