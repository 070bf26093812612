//! The service over HTTP, as its callers meet it: the real server on a free port, asked with a real client. Salesforce is
//! the embedded simulator wherever it behaves, and wiremock where it must not.
//!
//! | file | what it specifies |
//! |---|---|
//! | `documented` | the examples of RudderStack's documentation, at every route, delivered and found in the org |
//! | `calls` | how few calls to Salesforce a request takes |
//! | `lookups` | what concurrent requests share, what is remembered, and what is learnt about fields |
//! | `creates` | a record that several events would create is created once |
//! | `external_ids` | records of a sync that are upserted by an external id: no lookup, what is looked up all the same, and describes |
//! | `preflight` | fields that are fitted to the org: each row of the rule's table, and a corpus of dirty events |
//! | `unchanged` | events that change nothing cost no write |
//! | `inline` | writing to Salesforce here: results, faults, order, resends, and a long random run |
//! | `auth` | password logins: what is sent where, what a refusal says, how a session is renewed |
//! | `flows` | client credentials and JWT bearer: what is sent, who uses which, when a token is renewed |
//! | `assertions` | what the simulated org checks in an assertion |
//! | `refusals` | each refusal of a login: its text and its status |
//! | `rotation` | secrets and keys that are replaced while events flow |
//! | `check` | the subcommand `check`: what works, what does not, and what it says |
//! | `explain` | why events become what they become: golden explanations, the command, the forecast |
//! | `compose` | the destination of the Compose stack can log in |
//! | `oauth` | OAuth secrets: used, handed back byte for byte, never renewed here |
//! | `faults` | what a failed lookup does to an event: retried, throttled or aborted, never a second record |
//! | `hostile` | a Salesforce that hangs, drips, breaks off, lies about its name: every call ends in time, no neighbour notices |
//! | `limits` | the reserve of API calls: what is held back before Salesforce refuses it, and the ledger |
//! | `bad_requests` | requests that cannot be served, and what a person or rudder-server is to do about them |
//! | `bad_events` | events that cannot become a request, each failing alone |
//! | `router_batch` | what the events of a router batch share, and that no job is lost |
//! | `fault_table` | the tables of `docs/faults.md`: each fault of Salesforce on each route |
//! | `delivery` | the delivery proxy: what is sent, what comes back, the fault table |
//! | `differences` | each rule of `docs/behaviour.md` under both sets |
//! | `fields` | the fields of a lead: what is written, what is left out, and what is said of that |
//! | `injection` | ids, names, tokens and headers that are made to break out of their place |
//! | `salvage` | records that Salesforce refuses because of single fields are sent again without them |
//! | `secrets` | what is never in a log, a metric or an error text |
//! | `leaks` | a secret in the log of any test fails the suite |
//! | `isolation` | a bad event changes nothing for the good ones beside it |
//! | `wire` | what rudder-server decodes: shapes, echoes, job ids, tags |
//! | `http` | what holds for every route: the version header, slashes, compression |
//! | `polled` | features, health, readiness, version and metrics |
//! | `admin` | the admin address: what it shows of events, faults and orgs, to whom, and the subcommand `tail` |
//! | `metrics` | what `/metrics` counts, and that documentation, alerts and dashboard speak of just that |
//! | `logged` | the line of each request in the log |
//! | `transform` | `/transform` for people: every form of input, and what was left out |
//! | `upstream` | in front of a stock transformer: what passes through, and what happens without it |
//! | `lifecycle` | how the service stops |
//! | `operator` | what an operator may forget or get wrong: an unread log, a hang-up, a full disk, settings that do not fit |
//! | `restart` | restarts under load, with real processes and signals |
//! | `growth` | what callers send that is made into more: the process stays within twice its limit |
//! | `overload` | how much is in flight at most, and what becomes of the rest |
//!
//! `service` is the service under test, `process` the service in a process of its own, with the real binary,
//! `tls` a Salesforce behind TLS and `slow` one that takes its time, `fixtures` are the events and destinations that most
//! tests start from, `keys` are an app's key and certificate, `log` is what is logged, `planted` are the secrets that are
//! sought in all of it.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod admin;
mod assertions;
mod assignment;
mod auth;
mod bad_events;
mod bad_requests;
mod calls;
mod check;
mod compose;
mod creates;
mod delivery;
mod differences;
mod documented;
mod duplicates;
mod explain;
mod external_ids;
mod fault_table;
mod faults;
mod fields;
mod fixtures;
mod flows;
mod growth;
mod hostile;
mod http;
mod injection;
mod inline;
mod isolation;
mod keys;
mod leaks;
mod lifecycle;
mod limits;
mod log;
mod logged;
mod lookups;
mod metrics;
mod oauth;
mod operator;
mod overload;
mod planted;
mod polled;
mod preflight;
mod process;
mod refusals;
mod restart;
mod rotation;
mod router_batch;
mod salvage;
mod secrets;
mod service;
mod slow;
mod tls;
mod transform;
mod unchanged;
mod upstream;
mod wire;
