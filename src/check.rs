//! `check`: tries the configured login against its org and says in plain words what works.
//!
//! It reads only: the versions of the API, the description of each object, the duplicate rules. Nothing is written. Last, the
//! service beside it is asked whether rudder-server uses it.

mod objects;
mod org;
mod report;
mod service;

use std::{ffi::OsString, process::ExitCode};

use clap::Args;

use self::report::{Finding, Report};
use crate::{
    Config,
    config::{Stranger, strangers},
    rudderstack::destination::OWN,
};

/// What is to be checked.
#[derive(Args, Debug)]
pub struct Options {
    /// Id of a destination whose own settings (`SALESFORCE_AUTH_<DESTINATION_ID>` and the like) are to be checked
    ///
    /// Only rudder-server knows whether the destination is a sandbox: for one that is, say `SALESFORCE_SANDBOX=true`, or the
    /// login host of production is tried.
    #[arg(long, default_value = OWN)]
    pub destination: String,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
    /// The settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// Checks, and prints what was found. Exits with 0 where everything works that events need, with 1 where something does
/// not.
pub async fn run(mut options: Options) -> ExitCode {
    let environment: Vec<_> = std::env::vars_os().collect();
    let report = match options.config.take(&environment) {
        Ok(()) => {
            let used = service::inspect(&options.config.serving).await;
            let strange = strange(&environment);
            let mut findings = org::inspect(options.config, &options.destination, strange).await;
            findings.push(used);
            Report::of(findings)
        }
        Err(error) => Report::of(vec![Finding::failed("settings", error.to_string())]),
    };
    if options.json {
        println!("{:#}", report.json());
    } else {
        report.print();
    }
    if report.works() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is to be said of variables that look like settings and are none.
fn strange(environment: &[(OsString, OsString)]) -> Option<Finding> {
    let strangers = strangers(environment);
    let said = strangers.iter().map(|Stranger { name, nearest }| {
        format!("{name} is not a setting of this service; the nearest name is {nearest}")
    });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| Finding::note("variables", said.join(". ")))
}
