//! Composite: up to 25 requests in one counted call, at most five of them queries or Collections.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Call, Refusal,
    operation::{Operation, Request},
    org::Org,
    refusal::Answer,
};

const MAX_PARTS: usize = 25;
const MAX_HEAVY_PARTS: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    body: Value,
}

/// Carries the parts out in order and answers each under its reference.
pub(super) fn answer(org: &mut Org, body: &[u8]) -> Result<Answer, Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| Refusal::Json(error.to_string()))?;
    refuse_malformed(&body)?;
    org.composite_parts += body.composite_request.len() as u64;
    let answers = body.composite_request.iter().map(|part| {
        let answer = part.carry_out(org).unwrap_or_else(Answer::from);
        json!({
            "body": answer.body,
            "httpHeaders": {},
            "httpStatusCode": answer.status.as_u16(),
            "referenceId": part.reference_id,
        })
    });
    let answers: Vec<Value> = answers.collect();
    Ok(Answer::new(
        StatusCode::OK,
        json!({"compositeResponse": answers}),
    ))
}

fn refuse_malformed(body: &Body) -> Result<(), Refusal> {
    let parts = &body.composite_request;
    let refuse = |why: &str| Err(Refusal::Composite(why.into()));
    if body.all_or_none {
        return refuse("allOrNone is not simulated");
    }
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return refuse("The composite request must have 1 to 25 subrequests");
    }
    let references: HashSet<&str> = parts
        .iter()
        .map(|part| part.reference_id.as_str())
        .collect();
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if references.len() < parts.len() || !references.iter().all(|reference| is_name(reference)) {
        return refuse(
            "Each subrequest needs a referenceId of its own, of letters, digits and underscores",
        );
    }
    if parts.iter().filter(|part| part.is_heavy()).count() > MAX_HEAVY_PARTS {
        return refuse(
            "Limit exceeded: at most 5 subrequests may be queries or sObject Collections",
        );
    }
    Ok(())
}

impl Part {
    fn request<'a>(&'a self, body: &'a [u8]) -> Request<'a> {
        let (path, query) = self
            .url
            .split_once('?')
            .map_or((self.url.as_str(), None), |(path, query)| {
                (path, Some(query))
            });
        Request {
            method: &self.method,
            path,
            query,
            body,
        }
    }

    fn is_heavy(&self) -> bool {
        let call = Operation::of(&self.request(b"")).map(|operation| operation.call());
        matches!(call, Ok(Call::Query | Call::Collections))
    }

    fn carry_out(&self, org: &mut Org) -> Result<Answer, Refusal> {
        let body = if self.body.is_null() {
            Vec::new()
        } else {
            self.body.to_string().into_bytes()
        };
        let request = self.request(&body);
        let operation = Operation::of(&request)?;
        if operation.call() == Call::Composite {
            return Err(Refusal::Composite(
                "A composite cannot hold another one".into(),
            ));
        }
        operation.perform(org, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composite(parts: &Value) -> Result<Value, Refusal> {
        let body = json!({"compositeRequest": parts}).to_string();
        Ok(answer(&mut Org::new(), body.as_bytes())?.body.unwrap())
    }

    fn query(reference: &str, soql: &str) -> Value {
        let url = format!("/services/data/v50.0/query?q={}", soql.replace(' ', "+"));
        json!({"method": "GET", "url": url, "referenceId": reference})
    }

    #[test]
    fn each_part_is_answered_under_its_reference_and_fails_alone() {
        let answer = composite(&json!([
            query("a", "SELECT Id FROM Lead"),
            query("b", "SELECT Id FROM Nothing")
        ]))
        .unwrap();
        let parts = &answer["compositeResponse"];
        assert_eq!(
            (&parts[0]["referenceId"], &parts[0]["httpStatusCode"]),
            (&json!("a"), &json!(200))
        );
        assert_eq!(
            (
                &parts[1]["httpStatusCode"],
                &parts[1]["body"][0]["errorCode"]
            ),
            (&json!(400), &json!("INVALID_TYPE"))
        );
    }

    #[test]
    fn a_sixth_query_a_reference_twice_and_a_composite_inside_are_refused() {
        let six: Vec<Value> = (0..6)
            .map(|n| query(&format!("q{n}"), "SELECT Id FROM Lead"))
            .collect();
        assert!(
            composite(&json!(six))
                .unwrap_err()
                .to_string()
                .contains("at most 5")
        );
        let twice = json!([
            query("a", "SELECT Id FROM Lead"),
            query("a", "SELECT Id FROM Lead")
        ]);
        assert!(composite(&twice).is_err());
        let inner = json!([{"method": "POST", "url": "/services/data/v50.0/composite", "referenceId": "x", "body": {}}]);
        assert_eq!(
            composite(&inner).unwrap()["compositeResponse"][0]["httpStatusCode"],
            400
        );
    }
}
