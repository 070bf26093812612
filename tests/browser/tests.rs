//! The page of the admin address in a real browser: a headless chromium, driven by chromedriver, shows the page of a real service
//! whose Salesforce is the simulator. docs/measuring.md says what has to be installed.
//!
//! | file | what it specifies |
//! |---|---|
//! | `explained` | the view Explain: verdict, steps, traits, the request as curl; broken and large events |
//! | `watched` | the view Events: live events, filters, the chart, one event opened |
//! | `orgs` | the view Orgs: calls, sessions, faults with remedies |
//! | `hostile` | what visitors send is shown as text and runs nothing |
//! | `rate` | a thousand events a second |
//! | `looks` | both themes; no view is wider than its window |
//! | `keyboard` | everything without a mouse |
//! | `accessible` | axe-core finds nothing serious |
//! | `protected` | a page that asks for a token; a page without HTTPS |
//! | `outages` | the service goes away and comes back |
//! | `figures` | first paint and weight, to read |
//! | `pictures` | the pictures of `docs/explain.md` |
//!
//! Each test has a browser and a service of its own: `page` opens both, `scene` is a service with all that a page can show,
//! `browser` drives the browser, `chromedriver` ends it, `service` is that of `tests/api`.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod accessible;
mod browser;
mod chromedriver;
mod explained;
mod figures;
mod hostile;
mod keyboard;
mod looks;
mod orgs;
mod outages;
mod page;
mod pictures;
mod protected;
mod rate;
mod scene;
#[path = "../api/service.rs"]
#[expect(dead_code, reason = "what the tests of the other addresses ask for")]
mod service;
mod watched;

/// The login of the service's app, which `service` expects here.
mod planted {
    pub(crate) use salesforce_simulator::sample::{CLIENT_ID, CLIENT_SECRET};
}

/// What is logged is looked through by `tests/api`; here nobody reads it.
mod log {
    pub(crate) fn watch() {}
}
