//! Sends several requests to one org in one call of its API limit: Salesforce's Composite resource.
//!
//! Limit: at most five subrequests of a Composite may be queries or sObject Collections (Salesforce contract, section
//! 1).

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    metrics::Call,
    salesforce::{
        body,
        client::Client,
        creates::Held,
        fault::{Fault, Refusal},
        headers::WriteHeaders,
        session::Session,
        soql::MAX_URI,
    },
};

/// The maximum number of queries or Collections in one Composite.
pub(super) const MAX_PARTS: usize = 5;

/// The maximum number of other subrequests in one Composite.
pub(super) const MAX_ROWS: usize = 25;

/// One request to an org's REST API: a separate call, or a part of a Composite.
pub(super) struct Part {
    pub(super) method: Method,
    /// Path and query, beginning with `/services`.
    pub(super) path: String,
    /// Its headers. In a Composite, the headers of the parts must not contradict each other.
    pub(super) headers: WriteHeaders,
    pub(super) body: Option<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Composite<'a> {
    all_or_none: bool,
    composite_request: Vec<Subrequest<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest<'a> {
    method: &'a str,
    url: &'a str,
    reference_id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    http_headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompositeResponse<'a> {
    #[serde(borrow)]
    composite_response: Vec<Subresponse<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subresponse<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    http_status_code: u16,
    reference_id: String,
}

impl Client {
    /// Sends at most five requests, all queries or Collections, in one call. Returns for each, in order, the body of a
    /// 2xx response, or the fault. A single request is sent without a Composite. If Salesforce refuses the Composite
    /// itself, each request is sent separately. A call is sent only while the caller holds its leases; otherwise its requests fail with
    /// [`Fault::BeingCreated`].
    pub(super) async fn ask(
        &self,
        call: Call,
        session: &Session,
        version: &str,
        parts: &[Part],
        held: &Held<'_>,
    ) -> Vec<Result<Bytes, Fault>> {
        let together = match parts {
            [] => return Vec::new(),
            _ if !held.may_write().await => return vec![Err(Fault::BeingCreated); parts.len()],
            [only] => return vec![self.ask_alone(call, session, only).await],
            [..] => self.composite(call, session, version, parts).await,
        };
        if is_refused(&together) {
            return self.ask_each(call, session, parts, held).await;
        }
        self.handed_out(together, parts.len())
    }

    async fn ask_each(
        &self,
        call: Call,
        session: &Session,
        parts: &[Part],
        held: &Held<'_>,
    ) -> Vec<Result<Bytes, Fault>> {
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            answers.push(if held.may_write().await {
                self.ask_alone(call, session, part).await
            } else {
                Err(Fault::BeingCreated)
            });
        }
        answers
    }

    async fn ask_alone(&self, call: Call, session: &Session, part: &Part) -> Result<Bytes, Fault> {
        let request = self.request_of(session, part.method.clone(), &part.path);
        let request = with_headers(request, part.headers.iter());
        let request = match &part.body {
            None => request,
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body.get().to_owned()),
        };
        let answer = self.send(call, Some(session.instance()), request).await;
        answer.map_err(Fault::of_resource)
    }

    /// Sends queries in a Composite, even a single one, because its URL may be longer there than a URI. If Salesforce
    /// refuses the Composite itself, no event is the cause: each query that fits into a URI is then sent separately.
    pub(super) async fn ask_together(
        &self,
        call: Call,
        session: &Session,
        version: &str,
        parts: &[Part],
    ) -> Vec<Result<Bytes, Fault>> {
        let together = self.composite(call, session, version, parts).await;
        if is_refused(&together) && parts.iter().all(|part| part.path.len() <= MAX_URI) {
            return self.ask_each(call, session, parts, &Held::default()).await;
        }
        let together = together.map_err(|fault| match fault {
            // Drop Salesforce's text: it may quote the queries, and with them the e-mail addresses of other events. The
            // fault is not final at first either.
            Fault::Refused(refusal) | Fault::Unknown(refusal) => Fault::Unknown(Refusal {
                message: String::new(),
                ..refusal
            }),
            other => other,
        });
        self.handed_out(together, parts.len())
    }

    /// Distributes the responses to the parts. A fault of the whole Composite is a fault of each part.
    fn handed_out(
        &self,
        together: Result<Bytes, Fault>,
        parts: usize,
    ) -> Vec<Result<Bytes, Fault>> {
        match together.and_then(|body| read(&body, parts)) {
            Ok(answers) => {
                let faults = answers.iter().filter_map(|answer| answer.as_ref().err());
                faults.for_each(|fault| self.note_unknown(fault));
                answers
            }
            Err(fault) => vec![Err(fault); parts],
        }
    }

    async fn composite(
        &self,
        call: Call,
        session: &Session,
        version: &str,
        parts: &[Part],
    ) -> Result<Bytes, Fault> {
        debug_assert!(parts.len() <= MAX_ROWS, "a Composite takes no more");
        let subrequests = parts.iter().enumerate().map(|(index, part)| Subrequest {
            method: part.method.as_str(),
            url: &part.path,
            reference_id: reference(index),
            http_headers: part.headers.iter().collect(),
            body: part.body.as_deref(),
        });
        let composite = Composite {
            all_or_none: false,
            composite_request: subrequests.collect(),
        };
        let path = format!("/services/data/v{version}/composite");
        let request = self
            .request_of(session, Method::POST, &path)
            .json(&composite);
        let headers: BTreeMap<_, _> = parts.iter().flat_map(|part| part.headers.iter()).collect();
        let request = with_headers(request, headers);
        let answer = self.send(call, Some(session.instance()), request).await;
        answer.map_err(Fault::of_resource)
    }
}

fn with_headers<'h>(
    request: RequestBuilder,
    headers: impl IntoIterator<Item = (&'static str, &'h str)>,
) -> RequestBuilder {
    let headers = headers.into_iter();
    headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

fn is_refused(together: &Result<Bytes, Fault>) -> bool {
    matches!(together, Err(Fault::Refused(_) | Fault::Unknown(_)))
}

fn reference(index: usize) -> String {
    format!("part{index}")
}

fn answers(body: &[u8]) -> Result<CompositeResponse<'_>, Fault> {
    Ok(body::typed(body, "Composite result")?)
}

/// Assigns each part its response by reference id. A part without a response is not known to be done.
///
/// # Errors
/// [`Fault::Unreadable`] if the body is not a Composite result.
pub fn read(body: &[u8], parts: usize) -> Result<Vec<Result<Bytes, Fault>>, Fault> {
    let answers = answers(body)?.composite_response.into_iter();
    let mut by_reference: HashMap<String, Subresponse<'_>> = answers
        .map(|answer| (answer.reference_id.clone(), answer))
        .collect();
    let of = |index| match by_reference.remove(&reference(index)) {
        Some(answer) => answer.result(),
        None => Err(no_answer()),
    };
    Ok((0..parts).map(of).collect())
}

/// The fault of a Composite that was sent on behalf of a descriptor: of its refused parts, the one that decides.
pub(super) fn fault(body: &[u8]) -> Option<Fault> {
    let answers = match answers(body) {
        Ok(answers) => answers,
        Err(unreadable) => return Some(unreadable),
    };
    let answers = answers.composite_response;
    if answers.is_empty() {
        return Some(no_answer());
    }
    let faults = answers.iter().filter_map(|answer| match answer.result() {
        Ok(body) => Fault::in_success(answer.http_status_code, &body),
        Err(fault) => Some(fault),
    });
    faults.min_by_key(Fault::rank)
}

fn no_answer() -> Fault {
    Fault::unreadable("a part of the Composite has no answer")
}

impl Subresponse<'_> {
    fn result(&self) -> Result<Bytes, Fault> {
        let body = self.body.map_or("", RawValue::get).as_bytes();
        if (200..300).contains(&self.http_status_code) {
            Ok(Bytes::copy_from_slice(body))
        } else {
            Err(Fault::read(self.http_status_code, body).of_resource())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(body: &str, parts: usize) -> Vec<String> {
        let label = |result: Result<Bytes, Fault>| match result {
            Ok(body) => String::from_utf8(body.into()).unwrap(),
            Err(fault) => fault.label().to_owned(),
        };
        match read(body.as_bytes(), parts) {
            Ok(results) => results.into_iter().map(label).collect(),
            Err(fault) => vec![fault.label().to_owned()],
        }
    }

    #[test]
    fn each_part_gets_its_own_answer_in_whatever_order_they_come() {
        let body = r#"{"compositeResponse":[
            {"body":[{"errorCode":"INVALID_FIELD","message":"m"}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"part1"},
            {"body":{"done":true},"httpHeaders":{},"httpStatusCode":200,"referenceId":"part0"}]}"#;
        assert_eq!(labels(body, 2), [r#"{"done":true}"#, "refused"]);
    }

    #[test]
    fn a_part_without_an_answer_is_not_taken_for_done() {
        let body =
            r#"{"compositeResponse":[{"body":null,"httpStatusCode":200,"referenceId":"part0"}]}"#;
        assert_eq!(labels(body, 2), ["", "unreadable"]);
        assert_eq!(labels("<html>", 2), ["unreadable"]);
    }
}
