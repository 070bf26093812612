//! `/faults` and `/orgs`: what goes wrong, and how the orgs are.

use std::{
    sync::Weak,
    time::{Duration, SystemTime},
};

use axum::{Json, extract::State};
use serde_json::{Value as JsonValue, json};
use tokio::time::MissedTickBehavior;

use super::AdminApp;
use crate::{
    events::FaultGroup,
    salesforce::{Salesforce, auth::RefusedLoginView},
    transform::remedy::Reason,
};

/// `GET /faults`: what goes wrong, the latest first.
pub(super) async fn faults(State(app): State<AdminApp>) -> Json<JsonValue> {
    let faults = app.events.faults();
    let faults: Vec<_> = faults.iter().map(FaultGroup::json).collect();
    Json(json!({ "faults": faults }))
}

/// `GET /orgs`: the orgs that this service has called, and the logins that were refused lately, whose org is not known.
pub(super) async fn orgs(State(app): State<AdminApp>) -> Json<JsonValue> {
    let refused = app.salesforce.refused_logins();
    let refused: Vec<_> = refused.iter().map(refused_login).collect();
    Json(json!({ "orgs": app.salesforce.org_views(), "refusedLogins": refused }))
}

fn refused_login(login: &RefusedLoginView) -> JsonValue {
    let reason = Reason::from(&*login.error);
    json!({
        "destination": login.destination,
        "flow": login.flow.name(),
        "reason": reason.label(),
        "remedy": reason.remedy(),
    })
}

/// Samples the API calls of the orgs from time to time, until the service is dropped.
pub(super) async fn sample(
    salesforce: Weak<Salesforce>,
    every: Duration,
    clock: fn() -> SystemTime,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(salesforce) = salesforce.upgrade() else {
            return;
        };
        salesforce.sample_orgs(clock());
    }
}
