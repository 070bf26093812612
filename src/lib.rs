//! `salesforce-transformer`: RudderStack events in, Salesforce requests out.
//!
//! Read the batch, check each event, decide what must be asked of Salesforce, ask it once, map the fields, write the
//! request, answer. Each verb is a room, [`pipeline`] is the sentence, and data goes through it one way:
//!
//! ```text
//! bytes ─http→ Batch ─contract→ Event ─gate→ Admitted ─plan→ Plan ─salesforce→ Found ─target→ Target ┐
//!                                               └──────────────── map → Fields ──────────────────────┤
//!                                     answer ←reply─ Outcome ←descriptor─┘  (or ←deliver─, in inline delivery)
//! ```
//!
//! - [`contract`]: what rudder-server sends and expects
//! - [`gate`]: is the event meant for Salesforce?
//! - [`plan`]: which records does it write, and what must be known first?
//! - [`orgs`]: the orgs of a batch, each asked once
//! - [`salesforce`]: the only room that calls Salesforce
//! - [`target`]: which record is it, after all?
//! - [`map`]: traits → fields
//! - [`descriptor`]: the request
//! - [`unchanged`]: what need not be written again
//! - [`deliver`]: writes to Salesforce itself, where rudder-server lets it
//! - [`proxy`]: delivers for rudder-server what a descriptor describes
//! - [`outcome`]: what became of each event
//! - [`rules`]: the two sets of rules
//! - [`error`]: the two kinds of failure
//! - [`http`], [`config`], [`metrics`], [`telemetry`], [`server`]: the service around it
//! - [`in_flight`], [`process`]: the memory of requests, and what the process may use
//! - [`upstream`]: the transformer behind this one, for everything that is not Salesforce's
//! - [`record`], [`compare`]: real traffic, and where two transformers answer it differently
//! - [`check`]: what the configured login may do in its org

pub mod check;
pub mod compare;
pub mod config;
pub mod contract;
pub mod deliver;
pub mod descriptor;
pub mod error;
pub mod gate;
pub mod http;
pub mod in_flight;
pub mod map;
pub mod metrics;
pub mod orgs;
pub mod outcome;
pub mod pipeline;
pub mod plan;
pub mod process;
pub mod proxy;
pub mod record;
pub mod rules;
pub mod salesforce;
pub mod server;
pub mod target;
pub mod telemetry;
pub mod unchanged;
pub mod upstream;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Weak},
};

use axum::Router;
use thiserror::Error;
use tokio::sync::watch;

pub use config::Config;

use crate::{
    config::SettingError, http::Readiness, record::Recorder, salesforce::Salesforce,
    upstream::Upstream,
};

/// Why the service cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings of logins are not what they have to be.
    #[error("{0}")]
    Setting(#[from] SettingError),
    /// No certificates, or a malformed proxy setting.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// The file cannot be written.
    #[error("RECORD: {file} cannot be opened: {error}", file = .file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The whole service as a router. It is built inside a Tokio runtime, in which an upstream is listened to.
///
/// # Errors
/// [`StartError`].
pub fn app(config: &Config, ready: Readiness) -> Result<Router, StartError> {
    let metrics = metrics::new();
    let salesforce = Arc::new(Salesforce::new(
        config,
        Arc::clone(&metrics),
        ready.in_flight().clone(),
    )?);
    tokio::spawn(reread(ready.rereads(), Arc::downgrade(&salesforce)));
    let upstream = Upstream::new(&config.upstream)?;
    let record = config.upstream.record.as_deref();
    let recorder = record
        .map(|file| {
            let opened = Recorder::open(file, &ready);
            opened.map_err(|error| StartError::Record {
                file: file.to_owned(),
                error,
            })
        })
        .transpose()?;
    Ok(http::router(
        config, salesforce, metrics, ready, upstream, recorder,
    ))
}

/// Reads the files of settings again each time that this is asked for, as long as the service is there.
async fn reread(mut rereads: watch::Receiver<u64>, salesforce: Weak<Salesforce>) {
    while rereads.changed().await.is_ok() {
        let Some(salesforce) = salesforce.upgrade() else {
            return;
        };
        salesforce.reread();
    }
}
