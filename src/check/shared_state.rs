//! Checks the store that replicas share.

use super::report::Finding;
use crate::{
    config::SharedStateSettings,
    shared_state::{MIN_VERSION, StoreFacts},
};

const CHECK: &str = "shared state";

/// Connects to the store, if one is set, and says what it means.
pub(super) async fn inspect(settings: &SharedStateSettings) -> Finding {
    if !settings.is_set() {
        return Finding::works(
            CHECK,
            "SHARED_STATE_URL is not set: run one replica for a destination, or set it",
        );
    }
    match StoreFacts::ask(settings).await {
        Ok(facts) => judge(&facts, settings.has_key()),
        Err(failure) => Finding::failed(
            CHECK,
            format!(
                "the store cannot be used, so each replica would go on alone, and two may create one person twice: {failure}"
            ),
        ),
    }
}

/// What the facts mean.
fn judge(facts: &StoreFacts, has_key: bool) -> Finding {
    let (product, version) = (facts.product, facts.version.as_deref().unwrap_or_default());
    if facts.is_new_enough() == Some(false) {
        let (major, minor) = MIN_VERSION;
        return Finding::failed(
            CHECK,
            format!("{product} {version} is too old: {major}.{minor} or later is needed"),
        );
    }
    let reached = format!(
        "{product} {version}{}",
        if facts.is_encrypted { " over TLS" } else { "" }
    );
    let mut notes = Vec::new();
    if facts.may_evict_leases() == Some(true) {
        let policy = facts.eviction.as_deref().unwrap_or_default();
        notes.push(format!(
            "its eviction policy is {policy}: once its memory is full, it may forget who is creating a record, and the record is \
             created twice; set maxmemory-policy to noeviction or a volatile-… one"
        ));
    }
    if !facts.is_encrypted {
        notes.push(
            "the connection is not encrypted: use rediss:// unless the network is trusted"
                .to_owned(),
        );
    }
    if !has_key {
        notes.push(
            "SHARED_STATE_KEY is not set: whoever can read the store can test guesses of e-mails"
                .to_owned(),
        );
    }
    if notes.is_empty() {
        return Finding::works(CHECK, format!("{reached} is shared by the replicas"));
    }
    Finding::note(
        CHECK,
        format!("{reached} can be used; {}", notes.join("; ")),
    )
}
