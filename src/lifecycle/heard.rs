//! Tracks whether rudder-server has reached this service, so that an operator can tell whether a switch has worked.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time;

/// Whether rudder-server has sent a request since the start.
#[derive(Debug, Default)]
pub(crate) struct Heard(AtomicBool);

impl Heard {
    pub(crate) fn is_heard(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Records a request. The first request that only rudder-server can have sent is logged.
    pub(crate) fn notice(&self, path: &str) {
        if self.is_heard() {
            return;
        }
        let Some(asked) = asked_by_rudder_server(path) else {
            return;
        };
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::info!(
                asked,
                "rudder-server has asked for the first time: this service is its transformer"
            );
        }
    }

    /// Waits for `patience`. If rudder-server has not sent a request by then, logs what to check.
    pub(crate) async fn remind(&self, patience: Duration) {
        time::sleep(patience).await;
        if !self.is_heard() {
            tracing::warn!(
                ?patience,
                "nothing has come from rudder-server since the start. Where it should have: look whether its DEST_TRANSFORM_URL is \
                 this service (of several in its environment the last one counts, and RudderStack's Helm chart writes its own \
                 behind backend.extraEnvVars), and whether a NetworkPolicy keeps it out"
            );
        }
    }
}

/// The first segment of the path, if only rudder-server requests it. Paths that people and probes also request prove
/// nothing.
fn asked_by_rudder_server(path: &str) -> Option<&'static str> {
    let first = path.split('/').find(|segment| !segment.is_empty())?;
    [
        "features",
        "routerTransform",
        "batch",
        "v0",
        "v1",
        "customTransform",
        "deleteUsers",
    ]
    .into_iter()
    .find(|known| *known == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_and_probes_ask_for_is_not_rudder_server() {
        let heard = Heard::default();
        for path in [
            "/",
            "/health",
            "/ready",
            "/metrics",
            "/transform",
            "/v0x",
            "/favicon.ico",
        ] {
            heard.notice(path);
            assert!(!heard.is_heard(), "{path}");
        }
        for path in [
            "/features",
            "//v0/destinations/salesforce",
            "/routerTransform",
        ] {
            let heard = Heard::default();
            heard.notice(path);
            assert!(heard.is_heard(), "{path}");
        }
    }
}
