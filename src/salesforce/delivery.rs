//! Sends a write for rudder-server, which has no token refresh and no word for a refused record of its own.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName,
        HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};
use thiserror::Error;
use url::Url;

use crate::{
    contract::proxy::{Payload, Sending, Unsendable},
    salesforce::{
        Salesforce,
        fault::{Disposition, Fault},
        session::{self, Instance},
    },
};

/// The methods by which Salesforce's REST API is called.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// Headers that belong to a connection or to the way a message is framed, which are ours to write: a descriptor's would
/// lead the request elsewhere, or make two of it.
const OURS: [HeaderName; 9] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    UPGRADE,
    TE,
    TRAILER,
    EXPECT,
    // Whoever asks for an encoding has to undo it.
    ACCEPT_ENCODING,
];

/// What became of a write.
pub struct Delivered {
    /// Salesforce's answer, where one came: HTTP status and body.
    pub answer: Option<(u16, Bytes)>,
    /// Why the write counts as failed; `None` where Salesforce has written.
    pub failure: Option<Undelivered>,
}

impl Delivered {
    /// A descriptor that cannot be sent.
    #[must_use]
    pub fn unsendable(flaw: &Unsendable) -> Self {
        Self {
            answer: None,
            failure: Some(Undelivered::Malformed(flaw.to_string())),
        }
    }
}

/// Without the answer's body, which may repeat what was sent.
impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref();
        f.debug_struct("Delivered")
            .field("status", &answer.map(|(status, _)| status))
            .field("body_bytes", &answer.map(|(_, body)| body.len()))
            .field("failure", &self.failure)
            .finish()
    }
}

/// Why a write was not made, as far as is known.
#[derive(Debug, Error)]
pub enum Undelivered {
    /// The descriptor cannot be sent.
    #[error("{0}")]
    Malformed(String),
    /// The endpoint is none of the hosts that may be called.
    #[error(
        "the endpoint points to {0}, which SALESFORCE_ALLOWED_HOSTS does not allow (https only): add the host if it is the org's"
    )]
    NotAllowed(String),
    /// Salesforce, or the way to it.
    #[error("{0}")]
    Fault(Fault),
}

impl Undelivered {
    /// What a person can do about it, where Salesforce's words do not say it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Malformed(_) | Self::NotAllowed(_) => None,
            Self::Fault(fault) => fault.advice(),
        }
    }

    /// What to do about it. A host that is not allowed is for the operator to mend, so its events are kept.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Malformed(_) => Disposition::Abort,
            Self::NotAllowed(_) => Disposition::Retry,
            Self::Fault(fault) => fault.disposition(),
        }
    }
}

impl Salesforce {
    /// Sends what a descriptor describes and waits at most `timeout` for the answer. A token that Salesforce no longer
    /// accepts is forgotten.
    pub async fn deliver(&self, sending: &Sending<'_>, timeout: Duration) -> Delivered {
        let (org, request) = match self.write_request(sending) {
            Ok(request) => request,
            Err(failure) => {
                return Delivered {
                    answer: None,
                    failure: Some(failure),
                };
            }
        };
        let (answer, fault) = self.client.write(&org, request, timeout).await;
        if fault
            .as_ref()
            .is_some_and(|fault| fault.disposition() == Disposition::Refresh)
        {
            let authorization = sending
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            self.tokens
                .evict(authorization.map_or("", |(_, value)| value))
                .await;
        }
        if let Some(stale) = fault
            .as_ref()
            .filter(|fault| fault.is_about_a_stale_record())
        {
            self.forget_record(&org, &sending.endpoint);
            stale
                .holder()
                .into_iter()
                .for_each(|id| self.forget(&org, id));
        }
        match answer {
            Ok(answer) => {
                let body = answer.body.unwrap_or_default();
                Delivered {
                    answer: Some((answer.status, body)),
                    failure: fault.map(Undelivered::Fault),
                }
            }
            Err(fault) => Delivered {
                answer: None,
                failure: Some(Undelivered::Fault(fault)),
            },
        }
    }

    /// Forgets the record that an endpoint names.
    fn forget_record(&self, org: &Instance, endpoint: &str) {
        let path = endpoint.split(['?', '#']).next().unwrap_or_default();
        if let Some((_, id)) = path.rsplit_once('/') {
            self.forget(org, id);
        }
    }

    /// The request, and the org whose call it is.
    fn write_request(
        &self,
        sending: &Sending<'_>,
    ) -> Result<(Instance, RequestBuilder), Undelivered> {
        let malformed =
            |what: &str| Undelivered::Malformed(format!("the request's {what} cannot be sent"));
        let mut url = Url::parse(&sending.endpoint).map_err(|_| malformed("endpoint"))?;
        let org = Instance::of(&url, &self.hosts)
            .map_err(|_| Undelivered::NotAllowed(session::shown(&url)))?;
        if !sending.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&sending.params);
        }
        let method = METHODS
            .into_iter()
            .find(|method| *method == *sending.method)
            .ok_or_else(|| malformed("method"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &sending.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("headers"))?;
            if OURS.contains(&name) {
                continue;
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| malformed("headers"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let request = self.client.request(method, url.as_str());
        let request = with_payload(request, sending.body.as_ref()).headers(headers);
        Ok((org, request))
    }
}

fn with_payload(request: RequestBuilder, payload: Option<&Payload<'_>>) -> RequestBuilder {
    match payload {
        None => request.header("Content-Length", "0"),
        Some(Payload::Json(json)) => request
            .header("Content-Type", "application/json")
            .body(json.clone().into_owned()),
        Some(Payload::Form(form)) => request.form(form),
        Some(Payload::Xml(xml)) => request
            .header("Content-Type", "application/xml")
            .body(xml.clone().into_owned()),
    }
}
