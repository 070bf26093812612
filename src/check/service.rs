//! Asks the service on this machine whether rudder-server uses it.

use std::time::Duration;

use serde_json::Value;

use super::report::Finding;
use crate::config::{Serving, from_within};

/// The timeout for the service, which runs on the same machine.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the service that listens at the configured address.
pub(super) async fn inspect(serving: &Serving) -> Finding {
    const CHECK: &str = "rudder-server";
    let mut asked = Vec::new();
    for address in from_within(serving.host, serving.port) {
        let url = format!("http://{address}");
        match used(&url).await {
            Some(true) => {
                return Finding::works(CHECK, format!("rudder-server uses the service at {url}"));
            }
            Some(false) => {
                let says = format!(
                    "the service at {url} has received no request from rudder-server since it started: check that DEST_TRANSFORM_URL \
                    of rudder-server is the address of this service, and that no NetworkPolicy blocks it"
                );
                return Finding::note(CHECK, says);
            }
            None => asked.push(url),
        }
    }
    let asked = asked.join(" or ");
    Finding::note(
        CHECK,
        format!(
            "no service answers at {asked}: run check on the machine of the service to see whether rudder-server uses it"
        ),
    )
}

/// Whether the service at this address has received requests from rudder-server; `None` if no service answers there.
async fn used(url: &str) -> Option<bool> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .build()
        .ok()?;
    let answer = client.get(format!("{url}/ready")).send().await.ok()?;
    let ready: Value = answer.json().await.ok()?;
    Some(ready.get("rudderServer")? == "heard")
}
