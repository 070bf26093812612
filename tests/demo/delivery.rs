//! What rudder-server does with a descriptor: it sends the request.

use reqwest::Method;
use serde_json::{Value, json};

use super::Trouble;

/// A request and Salesforce's answer.
pub(super) struct Delivered {
    pub(super) method: String,
    pub(super) endpoint: String,
    pub(super) body: Value,
    pub(super) status: u16,
    pub(super) answer: Value,
}

impl Delivered {
    /// Whether Salesforce has taken it.
    pub(super) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn json(&self) -> Value {
        json!({"method": self.method, "endpoint": self.endpoint, "body": self.body, "status": self.status, "answer": self.answer})
    }
}

/// Sends the request that a descriptor describes, as it stands there.
pub(super) async fn deliver(
    http: &reqwest::Client,
    descriptor: &Value,
) -> Result<Delivered, Trouble> {
    let text = |name: &str| descriptor[name].as_str().unwrap_or_default().to_owned();
    let (method, endpoint) = (text("method"), text("endpoint"));
    let body = descriptor["body"]["JSON"].clone();
    let mut request = http
        .request(Method::from_bytes(method.as_bytes())?, &endpoint)
        .body(body.to_string());
    for (name, value) in descriptor["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    // A 204 has no body, and a body that is no JSON is shown as none.
    let answer = serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null);
    Ok(Delivered {
        method,
        endpoint,
        body,
        status,
        answer,
    })
}
