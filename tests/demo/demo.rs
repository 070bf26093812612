//! The whole job on one screen: a Salesforce in memory, the service in front of it, a real batch over HTTP.
//! `cargo run --example demo` shows it.
//!
//! Nothing is staged: the verdicts come from the service's answer, the records from what its requests did to the org.

mod batch;
mod delivery;
mod screen;
mod setup;

use std::{fmt, process::ExitCode};

use clap::Parser;
use salesforce_simulator::Calls;
use salesforce_transformer::server;
use serde_json::Value;

use self::{
    batch::Step,
    delivery::{Delivered, deliver},
    setup::Setup,
};

/// Shows the whole job on one screen, with a Salesforce in memory
#[derive(Parser, Clone, Copy, Debug)]
#[command(max_term_width = 120)]
struct Options {
    /// Keep both running afterwards, and print the curl line to try next
    #[arg(long)]
    serve: bool,
    /// Print one JSON document instead of text
    #[arg(long, conflicts_with = "serve")]
    json: bool,
}

/// Why the demo could not be shown.
#[derive(Debug)]
struct Trouble(String);

impl<E: fmt::Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What has happened, to be shown.
struct Report {
    steps: Vec<Shown>,
    records: Vec<(&'static str, Vec<Value>)>,
    calls: Calls,
    checks: Vec<Check>,
}

/// One event with its verdict and what its requests did.
struct Shown {
    step: Step,
    answers: Vec<Value>,
    delivered: Vec<Delivered>,
}

/// Something that must be true at the end.
struct Check {
    what: String,
    holds: bool,
}

/// Exits with 0 where every check holds, with 1 where one does not or the demo could not run.
#[tokio::main]
async fn main() -> ExitCode {
    match show(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Trouble(why)) => {
            eprintln!("error: the demo could not run: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn show(options: Options) -> Result<bool, Trouble> {
    let setup = Setup::start(options.serve).await?;
    let report = act(&setup).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report.json())?);
    } else {
        screen::print(&setup, &report);
    }
    if options.serve {
        screen::invite(&setup);
        server::signals()?.recv().await;
    }
    Ok(report.checks.iter().all(|check| check.holds))
}

/// Posts the batch, delivers each request of the answer, and looks at the org.
async fn act(setup: &Setup) -> Result<Report, Trouble> {
    let mut steps = Vec::new();
    let batch = batch::steps(setup);
    let answers = setup.post("/transform", &batch::body(&batch)).await?;
    for (job, step) in (1..).zip(batch) {
        let answers: Vec<Value> = answers
            .iter()
            .filter(|answer| answer["metadata"]["jobId"] == job)
            .cloned()
            .collect();
        let mut delivered = Vec::new();
        for answer in answers.iter().filter(|answer| answer["statusCode"] == 200) {
            delivered.push(deliver(&setup.http, &answer["output"]).await?);
        }
        steps.push(Shown {
            step,
            answers,
            delivered,
        });
    }
    let records =
        ["Lead", "Contact", "Individual"].map(|object| (object, setup.org.records(object)));
    let calls = setup.org.calls();
    let checks = checks(setup, &steps, calls);
    Ok(Report {
        steps,
        records: records.into(),
        calls,
        checks,
    })
}

fn checks(setup: &Setup, steps: &[Shown], calls: Calls) -> Vec<Check> {
    let statuses = steps.iter().all(|shown| {
        let statuses: Vec<_> = shown
            .answers
            .iter()
            .map(|answer| answer["statusCode"].as_u64())
            .collect();
        statuses == vec![Some(shown.step.status); shown.step.requests.max(1)]
    });
    let accepted = steps
        .iter()
        .flat_map(|shown| &shown.delivered)
        .all(Delivered::is_accepted);
    let is = |record: &Value, expected: &Value| {
        expected
            .as_object()
            .is_some_and(|fields| fields.iter().all(|(name, value)| record[name] == *value))
    };
    let stands = |object: &str, expected: &Value| {
        setup
            .org
            .records(object)
            .iter()
            .filter(|record| is(record, expected))
            .count()
            == 1
    };
    let expected = batch::expected_records(setup);
    [
        (
            "every event got the verdict that it should get".to_owned(),
            statuses,
        ),
        ("Salesforce accepted every request".to_owned(), accepted),
        (
            "one query found the leads of the whole batch".to_owned(),
            (calls.token, calls.query) == (1, 1),
        ),
    ]
    .into_iter()
    .chain(
        expected
            .iter()
            .map(|(object, what, fields)| ((*what).to_owned(), stands(object, fields))),
    )
    .map(|(what, holds)| Check { what, holds })
    .collect()
}

impl Report {
    fn json(&self) -> Value {
        let step = |shown: &Shown| {
            let delivered: Vec<Value> = shown.delivered.iter().map(Delivered::json).collect();
            serde_json::json!({"event": shown.step.title, "message": shown.step.message, "answers": shown.answers, "delivered": delivered})
        };
        let steps: Vec<Value> = self.steps.iter().map(step).collect();
        let records: serde_json::Map<_, _> = self
            .records
            .iter()
            .map(|(object, records)| ((*object).to_owned(), records.clone().into()))
            .collect();
        let checks: serde_json::Map<_, _> = self
            .checks
            .iter()
            .map(|check| (check.what.clone(), check.holds.into()))
            .collect();
        serde_json::json!({"steps": steps, "records": records, "api_calls": self.calls.total_api(), "checks": checks})
    }
}
