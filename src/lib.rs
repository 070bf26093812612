//! `salesforce-transformer`: RudderStack events in, Salesforce requests out.
//!
//! "Read the batch, check each event, decide what must be asked of Salesforce, ask it once, map the fields, write the
//! request, answer." [`pipeline`] is this sentence. Data goes through it one way, and imports go one way too: a module
//! uses the modules below its own line, never those above or beside it (`tests/layers.rs`).
//!
//! | layer | what it is for |
//! |---|---|
//! | [`http`] | routes, handlers, middleware, the body extractor, answers to rejected requests |
//! | [`upstream`], [`check`], [`compare`] | the transformer behind this one; the work of the commands |
//! | [`pipeline`] | plan, look up once, resolve, describe or deliver, merge |
//! | [`reply`], [`delivery`] | what rudder-server gets back; writing to Salesforce ourselves |
//! | [`transform`] | gate, plan, resolve, mapping, descriptor, outcome, the failures of an event |
//! | [`salesforce`] | the org's API: client, auth, lookup, write, limits, faults |
//! | [`rudderstack`] | what rudder-server and its SDKs send: batch, event, destination, delivery request, dynamic config |
//! | [`server`] | listeners, memory in flight, process, telemetry |
//! | [`metrics`], [`config`] | the registry; every setting, and the types that settings choose |
//! | [`json`], [`lifecycle`], [`text`] | documents over one text; stop signals and writes under way; texts for people |

pub mod check;
pub mod compare;
pub mod config;
pub mod delivery;
pub mod http;
pub mod json;
pub mod lifecycle;
pub mod metrics;
pub mod pipeline;
pub mod reply;
pub mod rudderstack;
pub mod salesforce;
pub mod server;
pub mod text;
pub mod transform;
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
    config::SettingError,
    lifecycle::Lifecycle,
    salesforce::Salesforce,
    upstream::{Upstream, recorder::Recorder},
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
pub fn app(config: &Config, ready: Lifecycle) -> Result<Router, StartError> {
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
