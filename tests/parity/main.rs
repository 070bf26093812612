//! The stock rule set against recorded answers of the service that we replace.
//!
//! - `cases`: what was sent and what came back, one JSON object a line (`cases.jsonl` beside this file; a larger set is
//!   read from the file that `PARITY_CASES` names)
//! - `org`: the Salesforce of a case: a few records, and tokens that select a fault
//! - `requirement`: what must be answered: the recorded answer, or what a rule puts in its place
//! - `wire`: what rudder-server's decoder accepts

#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

mod cases;
mod org;
mod requirement;
mod wire;

use std::{collections::BTreeMap, sync::Arc};

use salesforce_simulator::flags_for;
use salesforce_transformer::{Config, app, lifecycle::Lifecycle, server::memory::InFlight};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{cases::Case, org::Org};

/// The service with the stock set, and the Salesforce that it talks to.
pub(crate) struct Pair {
    http: reqwest::Client,
    service: String,
    pub(crate) salesforce: String,
    pub(crate) org: Arc<Org>,
}

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) api_version: Option<String>,
    pub(crate) body: Value,
}

async fn serve(app: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

impl Pair {
    async fn start() -> Self {
        let org = Arc::new(Org::default());
        let salesforce = serve(org::router(Arc::clone(&org))).await;
        // Nobody listens on port 9, which two cases try.
        let hosts = format!("{salesforce},https://127.0.0.1:9");
        let flags = [
            "--compatibility",
            "stock",
            "--salesforce-allowed-hosts",
            &hosts,
        ];
        let flags = [&flags_for(&salesforce), &flags[..]].concat();
        let config = Config::from_flags(flags).unwrap();
        let service = serve(app(&config, Lifecycle::default(), InFlight::default()).unwrap()).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            http,
            service,
            salesforce,
            org,
        }
    }

    /// Sends a case's request, as it was or changed.
    pub(crate) async fn send(&self, case: &Case, body: &str) -> Answer {
        self.org.load(&case.org);
        let request = self
            .http
            .post(format!("{}{}", self.service, case.request.path))
            .header("Content-Type", "application/json");
        let headers = case
            .request
            .headers
            .iter()
            .map(|(name, value)| (name, self.localised(value)));
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let answer = request.body(self.localised(body)).send().await.unwrap();
        let api_version = answer
            .headers()
            .get("apiversion")
            .map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer {
            status,
            api_version,
            body,
        }
    }

    /// A text of a case with the addresses of this run.
    pub(crate) fn localised(&self, text: &str) -> String {
        text.replace("https://acme.my.salesforce.com", &self.salesforce)
            .replace("https://login.salesforce.com", &self.salesforce)
    }
}

#[tokio::test]
async fn the_stock_set_answers_as_recorded() {
    let pair = Pair::start().await;
    let mut families: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases::load() {
        let answer = pair.send(&case, &case.request.text()).await;
        let verdict = requirement::check(&pair, &case, &answer)
            .await
            .and_then(|()| wire::check(&case, &answer));
        let (passed, run) = families.entry(case.family.clone()).or_default();
        *run += 1;
        match verdict {
            Ok(()) => *passed += 1,
            Err(why) => failures.push(format!(
                "{} {}: {why}",
                case.id,
                case.rule.as_deref().unwrap_or("")
            )),
        }
    }
    let total = families.values().fold((0, 0), |total, family| {
        (total.0 + family.0, total.1 + family.1)
    });
    for (family, (passed, run)) in &families {
        println!("{family:<24} {passed:>5} of {run}");
    }
    println!("{:<24} {:>5} of {}", "all", total.0, total.1);
    assert!(total.1 > 100, "too few cases were found");
    assert!(
        failures.is_empty(),
        "{} failures, the first of them:\n{}",
        failures.len(),
        failures[..failures.len().min(40)]
            .iter()
            .map(|failure| failure.chars().take(700).collect::<String>())
            .collect::<Vec<_>>()
            .join("\n")
    );
}
