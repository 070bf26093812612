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
//! - [`outcome`]: what became of each event
//! - [`rules`]: the two sets of rules
//! - [`error`]: the two kinds of failure
//! - [`http`], [`config`], [`metrics`], [`telemetry`], [`server`]: the service around it
//! - [`upstream`]: the transformer behind this one, for everything that is not Salesforce's
//! - [`simulator`], [`demo`]: a Salesforce in memory, and the whole job on one screen

pub mod config;
pub mod contract;
pub mod deliver;
pub mod demo;
pub mod descriptor;
pub mod error;
pub mod gate;
pub mod http;
pub mod map;
pub mod metrics;
pub mod orgs;
pub mod outcome;
pub mod pipeline;
pub mod plan;
pub mod rules;
pub mod salesforce;
pub mod server;
pub mod simulator;
pub mod target;
pub mod telemetry;
pub mod unchanged;
pub mod upstream;

use std::sync::Arc;

use axum::Router;

pub use config::Config;

use crate::{http::Readiness, salesforce::Salesforce, upstream::Upstream};

/// The whole service as a router. It is built inside a Tokio runtime, in which an upstream is listened to.
///
/// # Errors
/// Where the HTTP client cannot be built: no certificates, or a malformed proxy setting.
pub fn app(config: &Config, ready: Readiness) -> Result<Router, reqwest::Error> {
    let metrics = metrics::new();
    let salesforce = Arc::new(Salesforce::new(config, Arc::clone(&metrics))?);
    let upstream = Upstream::new(&config.upstream)?;
    Ok(http::router(config, salesforce, metrics, ready, upstream))
}
