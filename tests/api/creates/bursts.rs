//! Bursts of events of new people: 16 callers at once, or the processor path. The test plays rudder-server: a job that is
//! answered 500 comes again.

use futures_util::{StreamExt, future::join_all, stream};
use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{LATENCY, deliver_directly};
use crate::{
    delivery::{deliver, stored::asking},
    fixtures::{destination, identify, job, org},
    service::{Service, verdict},
};

const CALLERS: u64 = 16;
const PEOPLE: u64 = 20;

/// A burst and what has become of it.
struct Burst {
    org: Simulator,
    service: Service,
    aborted: Vec<Value>,
}

/// A job of a caller for one of the people, told by its event's `messageId` too.
fn event(caller: u64, person: u64) -> Value {
    let lead = json!({"email": format!("p{person}@example.com"), "city": format!("C{caller}")});
    let mut event = job(
        caller * PEOPLE + person,
        identify(lead),
        &destination("dst-1"),
    );
    event["message"]["messageId"] = json!(format!("m-{caller}-{person}"));
    event
}

impl Burst {
    async fn new() -> Self {
        let org = org().latency(LATENCY).build();
        let service = Service::of(&org).await;
        Self {
            org,
            service,
            aborted: Vec::new(),
        }
    }

    /// Routes the jobs of each caller at the same time, delivers them, and has them come again until none is left.
    async fn run(&mut self, through_the_proxy: bool) {
        let batch = |caller| (0..PEOPLE).map(|person| event(caller, person)).collect();
        let mut batches: Vec<Vec<Value>> = (0..CALLERS).map(batch).collect();
        for _ in 0..100 {
            if batches.is_empty() {
                return;
            }
            let rounds = batches
                .iter()
                .map(|jobs| self.round(jobs, through_the_proxy));
            let rounds = join_all(rounds).await;
            batches.clear();
            for (again, aborted) in rounds {
                self.aborted.extend(aborted);
                batches.extend((!again.is_empty()).then_some(again));
            }
        }
        panic!("{} batches come again and again", batches.len());
    }

    /// Routes a batch and delivers what it says; the jobs that come again, and those that are aborted.
    async fn round(&self, jobs: &[Value], through_the_proxy: bool) -> (Vec<Value>, Vec<Value>) {
        let entries = self.service.router(jobs).await;
        let deliveries = entries.as_array().unwrap().iter().map(async |entry| {
            match (verdict(entry).0, through_the_proxy) {
                (200, true) => deliver(&self.service, entry).await["response"].take(),
                (200, false) => of_all(entry, deliver_directly(&self.service, entry).await),
                (status, _) => of_all(entry, u16::try_from(status).unwrap()),
            }
        });
        let (mut again, mut aborted) = (Vec::new(), Vec::new());
        for of_job in join_all(deliveries)
            .await
            .iter()
            .flat_map(|of_jobs| of_jobs.as_array().unwrap())
        {
            let (id, status) = (
                &of_job["metadata"]["jobId"],
                of_job["statusCode"].as_u64().unwrap(),
            );
            let mut job = jobs
                .iter()
                .find(|job| job["metadata"]["jobId"] == *id)
                .unwrap()
                .clone();
            match status {
                200..300 => {}
                500.. => {
                    job["metadata"]["attemptNum"] =
                        json!(job["metadata"]["attemptNum"].as_u64().unwrap_or_default() + 1);
                    job["metadata"]["dontBatch"] = of_job["metadata"]["dontBatch"].clone();
                    again.push(job);
                }
                _ => aborted.push(of_job.clone()),
            }
        }
        (again, aborted)
    }

    fn assert_one_lead_each(&self) {
        assert_eq!(self.aborted, Vec::<Value>::new());
        assert_eq!(self.org.records("Lead").len() as u64, PEOPLE);
    }
}

/// One status for all jobs of an entry, as rudder-server's own delivery gives it.
fn of_all(entry: &Value, status: u16) -> Value {
    let jobs = entry["metadata"].as_array().unwrap().iter();
    jobs.map(|metadata| json!({"metadata": metadata, "statusCode": status}))
        .collect()
}

#[tokio::test]
async fn by_rudder_servers_own_delivery_each_person_becomes_one_lead() {
    let mut burst = Burst::new().await;
    burst.run(false).await;
    burst.assert_one_lead_each();
}

#[tokio::test]
async fn through_the_proxy_each_person_becomes_one_lead() {
    let mut burst = Burst::new().await;
    burst.run(true).await;
    burst.assert_one_lead_each();
}

#[tokio::test]
async fn on_the_processor_path_through_the_proxy_each_person_becomes_one_lead() {
    let burst = Burst::new().await;
    let callers = (0..CALLERS).map(async |caller| {
        let jobs: Vec<_> = (0..PEOPLE).map(|person| event(caller, person)).collect();
        burst.service.processor(jobs).await
    });
    let described = join_all(callers).await;
    let described = described
        .iter()
        .flat_map(|of_caller| of_caller.as_array().unwrap());
    let config = &destination("dst-1")["Config"];
    let deliveries = described.map(async |described| {
        let mut body = asking(described, config, 0);
        body["metadata"] = json!([body["metadata"]]);
        let answer = burst
            .service
            .post("/v1/destinations/salesforce/proxy", body)
            .await;
        answer.accepted()["output"]["status"].clone()
    });
    let deliveries: Vec<_> = deliveries.collect();
    let statuses: Vec<_> = stream::iter(deliveries)
        .buffer_unordered(64)
        .collect()
        .await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    burst.assert_one_lead_each();
}
