//! Tests of what remains of shared lookups when they have finished.

use clap::{Args, Command, FromArgMatches};

use super::*;
use crate::{
    config::Config,
    salesforce::{AllowedHosts, Instance, Key, fault::Disposition},
    server::memory::InFlight,
    shared_state::SharedState,
};

fn ada() -> Wanted {
    Wanted {
        key: Key::lead("ada@example.com").unwrap(),
        fields: Vec::new(),
        needs_record: true,
    }
}

/// A service, and a session of an org that refuses connections.
fn nobody() -> (Arc<Salesforce>, Arc<Session>) {
    let command = Config::augment_args(Command::new("test").no_binary_name(true));
    let flags = ["--salesforce-allowed-hosts", "http://127.0.0.1:1"];
    let matches = command.try_get_matches_from(flags).unwrap();
    let config = Config::from_arg_matches(&matches).unwrap();
    let salesforce = Salesforce::new(
        &config.salesforce,
        SharedState::default(),
        Arc::default(),
        InFlight::default(),
    )
    .unwrap();
    let hosts: AllowedHosts = config.salesforce.allowed_hosts;
    let instance = Instance::new("http://127.0.0.1:1", &hosts).unwrap();
    (
        Arc::new(salesforce),
        Arc::new(Session::new(instance, "token")),
    )
}

#[tokio::test]
async fn nothing_is_kept_of_a_user_whom_nothing_is_asked_for() {
    let (salesforce, session) = nobody();
    let user = salesforce.session_user(&session);
    let lookups = &salesforce.lookups;
    lookups.find(&salesforce, &session, &user, &[], false).await;
    assert!(lookups.0.is_empty());
}

#[tokio::test]
async fn a_lookup_that_ends_without_an_answer_is_a_fault_to_be_retried() {
    let (salesforce, session) = nobody();
    let user = salesforce.session_user(&session);
    let joined = salesforce.lookups.join(&user, &[ada()], false);
    assert!(joined.needs_task);
    let batch = salesforce.lookups.0.next(&user).await;
    let (lookup, done) = batch.flatten().unwrap();
    drop(done);
    let found = salesforce
        .lookups
        .find(&salesforce, &session, &user, &[ada()], false)
        .await;
    let fault = found.rows(&ada().key).unwrap_err();
    assert_eq!(fault.disposition(), Disposition::Retry);
    salesforce.lookups.ended(&user, lookup.number);
    assert!(salesforce.lookups.0.is_empty());
}
