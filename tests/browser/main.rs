//! The page of the admin address in a real browser: a headless chromium, driven by chromedriver, shows the page of a real service
//! whose Salesforce is the simulator. docs/measuring.md says what has to be installed.
//!
//! | file | what it specifies |
//! |---|---|
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod browser;
mod chromedriver;
mod page;
#[path = "../api/service.rs"]
#[expect(dead_code, reason = "what the tests of the other addresses ask for")]
mod service;
mod smoke;

/// The login of the service's app, which `service` expects here.
mod planted {
    pub(crate) use salesforce_simulator::sample::{CLIENT_ID, CLIENT_SECRET};
}

/// What is logged is looked through by `tests/api`; here nobody reads it.
mod log {
    pub(crate) fn watch() {}
}
