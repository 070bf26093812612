//! Several requests of one org in one counted call: Salesforce's Composite resource.
//!
//! Limits: at most five of a Composite's subrequests may be queries or sObject Collections (`docs/api-calls.md#inline-delivery`).

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    metrics::Call,
    salesforce::{
        client::Client,
        composite_response::{read, reference},
        fault::{Fault, Refusal},
        session::Session,
        soql::MAX_URI,
    },
};

/// How many queries or Collections one Composite takes.
pub(super) const MAX_PARTS: usize = 5;

/// One request to an org's REST API: a call of its own, or a part of a Composite.
pub(super) struct Part {
    pub(super) method: Method,
    /// Path and query, from `/services` on.
    pub(super) path: String,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

impl Client {
    /// Makes the requests in one call, and gives the answer of each in their order: the body of a 2xx, or what went wrong.
    /// At most five, all queries or Collections; one goes by itself, and each does where Salesforce refuses the Composite.
    pub(super) async fn ask(
        &self,
        call: Call,
        session: &Session,
        version: &str,
        parts: &[Part],
    ) -> Vec<Result<Bytes, Fault>> {
        let together = match parts {
            [] => return Vec::new(),
            [only] => return vec![self.ask_alone(call, session, only).await],
            [..] => self.composite(call, session, version, parts).await,
        };
        if is_refused(&together) {
            return self.ask_each(call, session, parts).await;
        }
        self.handed_out(together, parts.len())
    }

    async fn ask_each(
        &self,
        call: Call,
        session: &Session,
        parts: &[Part],
    ) -> Vec<Result<Bytes, Fault>> {
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            answers.push(self.ask_alone(call, session, part).await);
        }
        answers
    }

    async fn ask_alone(&self, call: Call, session: &Session, part: &Part) -> Result<Bytes, Fault> {
        let request = self.request_of(session, part.method.clone(), &part.path);
        let request = match &part.body {
            None => request,
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body.get().to_owned()),
        };
        let answer = self.send(call, Some(session.instance()), request).await;
        answer.map_err(Fault::of_resource)
    }

    /// Makes queries in a Composite, also one alone: there its URL may be longer than a URI. No event is to blame where
    /// Salesforce refuses the Composite itself: each goes by itself then, where a URI holds it.
    pub(super) async fn ask_together(
        &self,
        call: Call,
        session: &Session,
        version: &str,
        parts: &[Part],
    ) -> Vec<Result<Bytes, Fault>> {
        let together = self.composite(call, session, version, parts).await;
        if is_refused(&together) && parts.iter().all(|part| part.path.len() <= MAX_URI) {
            return self.ask_each(call, session, parts).await;
        }
        let together = together.map_err(|fault| match fault {
            // Not its words: they may quote the queries, and with them the e-mails of other events. Nor is it final at once.
            Fault::Refused(refusal) | Fault::Unknown(refusal) => Fault::Unknown(Refusal {
                message: String::new(),
                ..refusal
            }),
            other => other,
        });
        self.handed_out(together, parts.len())
    }

    /// The answers of the parts; what is wrong with the whole is wrong with each.
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
        debug_assert!(parts.len() <= MAX_PARTS, "a Composite takes no more");
        let subrequests = parts.iter().enumerate().map(|(index, part)| Subrequest {
            method: part.method.as_str(),
            url: &part.path,
            reference_id: reference(index),
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
        let answer = self.send(call, Some(session.instance()), request).await;
        answer.map_err(Fault::of_resource)
    }
}

fn is_refused(together: &Result<Bytes, Fault>) -> bool {
    matches!(together, Err(Fault::Refused(_) | Fault::Unknown(_)))
}
