//! Replicas that are one: processes of the service, or several services in this process, that share a real `redis-server`.
//! docs/measuring.md says what has to be installed.
//!
//! | file | what it specifies |
//! |---|---|
//! | `budget` | that the reserve of API calls holds for the sum of the replicas |
//! | `connected` | that replicas find the store, lose it and find it again, in each form that a store has |
//! | `creates` | that a record which events at several replicas would create is created once |
//! | `forgotten` | what replicas do whose store has been emptied, or holds what another version has written |
//! | `jobs` | that a job which comes to several replicas, or again, is written once |
//! | `learnt` | that what one replica has learnt about an org, all know |
//! | `private` | that the store holds nothing of a person and no secret, and nothing for ever |
//! | `records` | that ids and matches are shared, and forgotten together |
//!
//! `redis` is the store under a test's control, `replicas` are the services that share it.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod budget;
mod connected;
mod creates;
mod forgotten;
mod jobs;
mod learnt;
mod private;
mod records;
mod redis;
mod replicas;

#[path = "../api/fixtures.rs"]
#[expect(dead_code, reason = "what the tests of one service start from")]
mod fixtures;
#[path = "../api/keys.rs"]
#[expect(dead_code, reason = "the keys of an app that nobody uses here")]
mod keys;
#[path = "../api/log.rs"]
#[expect(dead_code, reason = "what the tests of one service read")]
mod log;
#[path = "../api/planted.rs"]
#[expect(dead_code, reason = "what the tests of one service plant")]
mod planted;
#[path = "../api/process.rs"]
#[expect(dead_code, reason = "what the tests of one process ask for")]
mod process;
#[path = "../api/service.rs"]
#[expect(dead_code, reason = "what the tests of one service ask for")]
mod service;
