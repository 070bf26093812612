//! Asks the service that runs here whether rudder-server uses it.

use std::time::Duration;

use serde_json::Value;

use super::report::Finding;
use crate::config::{Serving, from_within};

/// How long to wait for the service. It runs on the same machine.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the service that listens at the address in these settings.
pub(super) async fn inspect(serving: &Serving) -> Finding {
    const CHECK: &str = "rudder-server";
    let mut asked = Vec::new();
    for address in from_within(serving.host, serving.port) {
        let url = format!("http://{address}");
        match used(&url).await {
            Some(true) => {
                return Finding::works(CHECK, format!("it uses the service at {url}"));
            }
            Some(false) => {
                let says = format!(
                    "nothing has come from it to the service at {url} since that started: look whether its DEST_TRANSFORM_URL is \
                     this service, and whether a NetworkPolicy keeps it out"
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
            "no service answers at {asked}: run this beside the service to see whether rudder-server uses it"
        ),
    )
}

/// Whether rudder-server has asked the service at this address; `None` where no such service answers.
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
