//! The recorded cases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One request with the stock service's answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) family: String,
    pub(crate) request: Request,
    /// The records that Salesforce holds, by object.
    #[serde(default)]
    pub(crate) org: Value,
    pub(crate) answer: Recorded,
    /// Why the required answer differs from the recorded one.
    pub(crate) rule: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    /// A text to send as it is.
    pub(crate) raw: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recorded {
    pub(crate) status: u16,
    pub(crate) api_version: Option<String>,
    #[serde(default)]
    pub(crate) body: Value,
}

impl Request {
    /// The body to send.
    pub(crate) fn text(&self) -> String {
        match (&self.raw, &self.body) {
            (Some(raw), _) => raw.clone(),
            (None, body) => body.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The events of the body.
    pub(crate) fn events(&self) -> Vec<Value> {
        let body = self.body.clone().unwrap_or_default();
        let events = body.as_array().or_else(|| body["input"].as_array());
        events.cloned().unwrap_or_default()
    }
}

/// The cases beside this file, or those of the file that `PARITY_CASES` names.
pub(crate) fn load() -> Vec<Case> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a larger set is named by whoever runs the test, not by a setting of the service"
    )]
    let path = std::env::var("PARITY_CASES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/cases.jsonl").to_owned()
    });
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
