//! Composite: up to 25 requests in one counted call, at most five of them queries or Collections.

use std::collections::{HashMap, HashSet};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Call, Refusal,
    log::LoggedCall,
    operation::{Operation, Request},
    org::Org,
    refusal::Answer,
};

const MAX_PARTS: usize = 25;
const MAX_HEAVY_PARTS: usize = 5;
/// The headers that a part has from the request and may not name itself.
const INHERITED: [HeaderName; 3] = [header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE];

/// Whose headers count for a part of a Composite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PartHeaders {
    /// Those that the part itself names in `httpHeaders`. Documented for any resource; that Collections heed theirs as a
    /// part is unverified without an org.
    #[default]
    OfThePart,
    /// For Collections those of the request, for anything else those of the part.
    OfTheRequestForCollections,
    /// Those of the request.
    OfTheRequest,
}

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
    http_headers: HashMap<String, String>,
    #[serde(default)]
    body: Value,
}

/// Carries the parts out in order and answers each under its reference.
pub(super) fn answer(org: &mut Org, user: &str, request: &Request<'_>) -> Result<Answer, Refusal> {
    let body: Body =
        serde_json::from_slice(request.body).map_err(|error| Refusal::Json(error.to_string()))?;
    refuse_malformed(&body)?;
    let parts = body.composite_request.iter();
    let headers: Vec<HeaderMap> = parts.map(Part::headers).collect::<Result<_, _>>()?;
    org.composite_parts += headers.len() as u64;
    let mut answers = Vec::new();
    for (part, headers) in body.composite_request.iter().zip(headers) {
        let carried_out = part.carry_out(org, user, &headers, request.headers);
        let answer = carried_out.unwrap_or_else(Answer::from);
        let call = LoggedCall::of(&part.request(&headers, b""), Some(user));
        org.logged_parts.push(call.answered(answer.status));
        answers.push(part.shown(&answer));
    }
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
    /// The headers that the part names.
    fn headers(&self) -> Result<HeaderMap, Refusal> {
        let refuse = |name: &str| {
            Refusal::Composite(format!("Header {name} cannot be specified in a subrequest"))
        };
        let headers = self.http_headers.iter().map(|(name, value)| {
            let header = HeaderName::try_from(name).map_err(|_| refuse(name))?;
            if INHERITED.contains(&header) {
                return Err(refuse(name));
            }
            let value = HeaderValue::try_from(value).map_err(|_| refuse(name))?;
            Ok((header, value))
        });
        headers.collect()
    }

    fn request<'a>(&'a self, headers: &'a HeaderMap, body: &'a [u8]) -> Request<'a> {
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
            headers,
            body,
        }
    }

    fn is_heavy(&self) -> bool {
        let call =
            Operation::of(&self.request(&HeaderMap::new(), b"")).map(|operation| operation.call());
        matches!(call, Ok(Call::Query | Call::Collections))
    }

    /// Carries the part out; `own` are its own headers, `outer` those of the request that holds it.
    fn carry_out(
        &self,
        org: &mut Org,
        user: &str,
        own: &HeaderMap,
        outer: &HeaderMap,
    ) -> Result<Answer, Refusal> {
        let body = if self.body.is_null() {
            Vec::new()
        } else {
            self.body.to_string().into_bytes()
        };
        let operation = Operation::of(&self.request(own, &body))?;
        if operation.call() == Call::Composite {
            return Err(Refusal::Composite(
                "A composite cannot hold another one".into(),
            ));
        }
        let headers = match org.part_headers {
            PartHeaders::OfThePart => own,
            PartHeaders::OfTheRequestForCollections if operation.call() != Call::Collections => own,
            PartHeaders::OfTheRequestForCollections | PartHeaders::OfTheRequest => outer,
        };
        operation.perform(org, user, &self.request(headers, &body))
    }

    /// An answer to the part, as the Composite's answer holds it.
    fn shown(&self, answer: &Answer) -> Value {
        let headers = answer.headers.iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        // HTTP/1.1's own spelling, as Salesforce's answers show it.
        let headers: Value = headers
            .map(|(name, value)| (title_case(name), value))
            .collect();
        json!({
            "body": answer.body,
            "httpHeaders": headers,
            "httpStatusCode": answer.status.as_u16(),
            "referenceId": self.reference_id,
        })
    }
}

/// A header's name with capitals: `Last-Modified`.
fn title_case(name: &str) -> String {
    let mut starts_word = true;
    let letters = name.chars().map(|letter| {
        let shown = if starts_word {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        starts_word = letter == '-';
        shown
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::USER_ID;

    fn composite(parts: &Value) -> Result<Value, Refusal> {
        let body = json!({"compositeRequest": parts}).to_string();
        let request = Request {
            method: "POST",
            path: "/services/data/v50.0/composite",
            query: None,
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
        };
        Ok(answer(&mut Org::new(), USER_ID, &request)?.body.unwrap())
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
