//! A bad event harms nobody: whatever stands beside a good event in its batch, the good one gets the answer that it gets
//! alone. Batches are generated: good jobs of every kind, and the same jobs with junk somewhere in them.

mod jobs;

use std::slice;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use self::jobs::{Kind, Slot, bad, good};
use crate::{
    fixtures::{known_lead, org},
    service::{Service, serve},
};

const ROUTER: &str = "/routerTransform";
const PROCESSOR: &str = "/v0/destinations/salesforce";

#[test]
fn on_the_router_a_good_event_is_answered_as_if_alone() {
    assert_isolated(ROUTER, "documented");
}

#[test]
fn on_the_router_a_good_event_is_answered_as_if_alone_under_the_stock_rules() {
    assert_isolated(ROUTER, "stock");
}

#[test]
fn on_the_processor_a_good_event_is_answered_as_if_alone() {
    assert_isolated(PROCESSOR, "documented");
}

#[test]
fn on_the_processor_a_good_event_is_answered_as_if_alone_under_the_stock_rules() {
    assert_isolated(PROCESSOR, "stock");
}

/// Runs the property at one route of one service.
#[track_caller]
fn assert_isolated(route: &'static str, compatibility: &str) {
    let setup = Setup::open(route, compatibility);
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    let batches = vec(prop_oneof![3 => good(), 4 => bad()], 1..10);
    if let Err(failure) = runner.run(&batches, |batch| setup.check(&batch)) {
        panic!("{failure}");
    }
}

/// A service at one of its routes.
struct Setup {
    runtime: Runtime,
    service: Service,
    route: &'static str,
}

impl Setup {
    fn open(route: &'static str, compatibility: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let org = org().daily_limit(u64::MAX).build();
        known_lead(&org, "known@example.com");
        let contact = json!({"LastName": "planted", "Email": "known@example.com"});
        org.insert("Contact", contact).unwrap();
        let service = runtime.block_on(async {
            let salesforce = serve(org.router()).await;
            // The same people are new in each batch.
            let flags = ["--compatibility", compatibility, "--create-window", "0s"];
            Service::start(&salesforce, &flags).await
        });
        Self {
            runtime,
            service,
            route,
        }
    }

    /// Sends a batch, then each good job of it alone, and compares the entries of the job.
    fn check(&self, batch: &[Slot]) -> TestCaseResult {
        let jobs: Vec<String> = (1..).zip(batch).map(|(id, slot)| slot.text(id)).collect();
        let together = self.entries(&jobs)?;
        for ((id, slot), job) in (1..).zip(batch).zip(&jobs) {
            let of_job: Vec<&Value> = together.iter().filter(|entry| is_of(entry, id)).collect();
            let most = self.entries_of(slot.kind);
            let is_answered = (1..=most).contains(&of_job.len());
            prop_assert!(
                is_answered || slot.has_lost_its_id(),
                "job {}: {:?}",
                id,
                of_job
            );
            if slot.junk.is_some() {
                continue;
            }
            let alone = self.entries(&[job])?;
            let is_good = |entry: &Value| entry["statusCode"] == 200;
            prop_assert!(
                alone.len() == most && alone.iter().all(is_good),
                "{:?}",
                alone
            );
            prop_assert_eq!(of_job, alone.iter().collect::<Vec<_>>(), "job {}", id);
        }
        Ok(())
    }

    /// How many entries answer a job: one, but on the processor one for each of its requests.
    fn entries_of(&self, kind: Kind) -> usize {
        match kind {
            Kind::NamedRecords if self.route == PROCESSOR => 2,
            _ => 1,
        }
    }

    /// Posts jobs and reads the entries of the answer, which is 200 whatever is in them.
    fn entries(&self, jobs: &[impl AsRef<str>]) -> Result<Vec<Value>, TestCaseError> {
        let jobs: Vec<&str> = jobs.iter().map(AsRef::as_ref).collect();
        let jobs = format!("[{}]", jobs.join(","));
        let body = match self.route {
            ROUTER => format!(r#"{{"input":{jobs},"destType":"salesforce"}}"#),
            _ => jobs,
        };
        let answer = self.runtime.block_on(self.service.post(self.route, body));
        prop_assert_eq!(answer.status, 200, "{}", answer.text);
        let mut answer: Value = serde_json::from_str(&answer.text)
            .map_err(|error| TestCaseError::fail(format!("{error} in {}", answer.text)))?;
        let entries = match self.route {
            ROUTER => &mut answer["output"],
            _ => &mut answer,
        };
        Ok(entries
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .map(Value::take)
            .collect())
    }
}

/// Whether an entry answers this job, perhaps among others.
fn is_of(entry: &Value, id: u64) -> bool {
    let metadata = &entry["metadata"];
    let jobs = metadata
        .as_array()
        .map_or(slice::from_ref(metadata), Vec::as_slice);
    jobs.iter().any(|job| job["jobId"] == id)
}
