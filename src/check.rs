//! `check`: logs in to an org with the configured credentials and reports what works.
//!
//! It changes nothing in the org: it reads the API versions, the descriptions of objects and the rules of the org. It looks at the store that
//! replicas share, and writes an entry there that expires at once. Last, it asks the service on this machine whether rudder-server uses it.

mod events;
mod objects;
mod org;
mod report;
mod rules;
mod service;
mod shared_state;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::Args;

use self::report::{Finding, Findings};
use crate::config::{Config, OWN_DESTINATION, ProcessLimits, UnknownVariable, unknown_variables};

/// The options of `check`.
#[derive(Args, Debug)]
pub struct CheckOptions {
    /// Id of the destination whose own settings, such as `SALESFORCE_AUTH_<DESTINATION_ID>`, are checked
    ///
    /// Only rudder-server knows whether the destination is a sandbox. Set `SALESFORCE_SANDBOX=true` to use the login host
    /// of sandboxes; otherwise that of production orgs is used.
    #[arg(long, default_value = OWN_DESTINATION)]
    pub destination: String,
    /// File of events, as `/transform` takes them or one on each line (`-` for standard input): the fields that they would lose
    /// in the org are listed
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
    /// The settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// Runs the checks and prints the findings. The exit code is 0 if events can be delivered, otherwise 1.
pub async fn run(mut options: CheckOptions) -> ExitCode {
    let environment: Vec<_> = std::env::vars_os().collect();
    let report = match options.config.take(&environment, ProcessLimits::read()) {
        Ok(()) => {
            let used = service::inspect(&options.config.serving).await;
            let shared = shared_state::inspect(&options.config.shared_state).await;
            let strange = strange(&environment);
            let checked = (options.destination.as_str(), options.events.as_deref());
            let mut findings = Box::pin(org::inspect(options.config, checked, strange)).await;
            findings.extend([shared, used]);
            Findings::of(findings)
        }
        Err(error) => Findings::of(vec![Finding::failed("settings", error.to_string())]),
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

/// A warning about environment variables that look like misspelled settings.
fn strange(environment: &[(OsString, OsString)]) -> Option<Finding> {
    let unknown_variables = unknown_variables(environment);
    let said = unknown_variables
        .iter()
        .map(|UnknownVariable { name, nearest }| {
            format!("{name} is not a setting of this service; the nearest name is {nearest}")
        });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| Finding::note("variables", said.join(". ")))
}
