//! Sends a write as a descriptor has it: the request, and Salesforce's answer to it.

mod write;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, Request, RequestBuilder,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName,
        HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};
use thiserror::Error;
use url::Url;

pub(crate) use self::write::Write;
use crate::{
    rudderstack::delivery_request::{Payload, Sending, Unsendable},
    salesforce::{
        AuthError, Credentials, Salesforce,
        client::ApiResponse,
        composite,
        fault::{Disposition, Fault},
        operation::Operation,
        session::{self, Instance, Session},
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

/// How many bytes the path and the headers of a request may have: of larger ones Salesforce reads none
/// (`docs/rudder-server.md#delivery-proxy`).
const LARGEST_HEAD: usize = 16_384;

/// What Salesforce has answered to a write.
pub struct Answered {
    /// HTTP status and body, where an answer came.
    pub answer: Option<(u16, Bytes)>,
    /// Why the write counts as failed; `None` where Salesforce has written.
    pub fault: Option<Fault>,
}

/// Why a write cannot be sent.
#[derive(Debug, Error)]
pub enum NotSent {
    /// The descriptor is malformed, and stays so.
    #[error("{0}")]
    Unsendable(#[from] Unsendable),
    /// A part of the request can be sent to no server.
    #[error("the request's {0} cannot be sent")]
    Part(&'static str),
    /// Its path and headers are larger than what Salesforce reads.
    #[error(
        "the path and the headers of the request have {0} bytes, and Salesforce reads at most {LARGEST_HEAD}"
    )]
    TooLarge(usize),
    /// The endpoint is none of the hosts that may be called.
    #[error(
        "the endpoint points to {0}, which SALESFORCE_ALLOWED_HOSTS does not allow (https only): add the host if it is the org's"
    )]
    NotAllowed(String),
}

impl NotSent {
    /// What to do about it. A host that is not allowed is for the operator to mend, so its events are kept.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Unsendable(_) | Self::Part(_) | Self::TooLarge(_) => Disposition::Abort,
            Self::NotAllowed(_) => Disposition::Wait,
        }
    }
}

impl Salesforce {
    /// Reads what is to be sent.
    ///
    /// # Errors
    /// [`NotSent`] where it cannot be.
    pub fn prepare<'a>(&self, sending: Sending<'a>) -> Result<Write<'a>, NotSent> {
        let mut url = Url::parse(&sending.endpoint).map_err(|_| NotSent::Part("endpoint"))?;
        let org = Instance::of(&url, &self.hosts)
            .map_err(|_| NotSent::NotAllowed(session::shown(&url)))?;
        if !sending.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&sending.params);
        }
        let method = METHODS
            .into_iter()
            .find(|method| *method == *sending.method)
            .ok_or(NotSent::Part("method"))?;
        let write = Write {
            operation: Operation::of(&method, &url),
            headers: headers(&sending).ok_or(NotSent::Part("headers"))?,
            body: sending.body,
            method,
            url,
            org,
        };
        match write.head() {
            bytes if bytes > LARGEST_HEAD => Err(NotSent::TooLarge(bytes)),
            _ => Ok(write),
        }
    }

    /// Sends a write, and waits at most `timeout` for the answer. A record that is no longer what a lookup has found is
    /// forgotten.
    ///
    /// # Errors
    /// [`NotSent`] where a part of the request can be sent to no server.
    pub async fn send_write(
        &self,
        write: &Write<'_>,
        timeout: Duration,
    ) -> Result<Answered, NotSent> {
        let request = self.request(write, timeout)?;
        let org = &write.org;
        let judge = |answer: &ApiResponse| fault_of_write(answer, &write.operation);
        let (answer, fault) = match self.client.write(org, request, judge).await {
            Ok((answer, fault)) => (
                Some((answer.status, answer.body.unwrap_or_default())),
                fault,
            ),
            Err(fault) => (None, Some(fault)),
        };
        if let Some(stale) = fault
            .as_ref()
            .filter(|fault| fault.is_about_a_stale_record())
        {
            self.forget_record(org, &write.url);
            stale
                .holder()
                .into_iter()
                .for_each(|id| self.forget(org, id));
        }
        Ok(Answered { answer, fault })
    }

    /// Forgets the session of a write, which Salesforce no longer accepts, and gives the write the current one of the
    /// destination. Returns whether there is one, which is another session of the org that is written to: no other host may
    /// get a token because an endpoint names it.
    ///
    /// # Errors
    /// [`AuthError`] where a login is tried in vain.
    pub(crate) async fn renew_write(
        &self,
        write: &mut Write<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<bool, Arc<AuthError>> {
        let dead = write.authorization().to_owned();
        self.tokens.evict(&self.client, &dead).await;
        let Some(session) = self.current(credentials).await? else {
            return Ok(false);
        };
        let is_another = session.authorization() != dead && session.instance() == &write.org;
        if is_another {
            write.set_session(&session);
        }
        Ok(is_another)
    }

    /// The current session of a login, where there is something to log in with.
    async fn current(
        &self,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Arc<Session>>, Arc<AuthError>> {
        let Some(credentials @ Credentials::Login { destination, login }) = credentials else {
            return Ok(None);
        };
        if !self.tokens.can_log_in(destination, login) {
            return Ok(None);
        }
        let session = self.session(credentials).await.inspect_err(|error| {
            let reason = error.label();
            tracing::warn!(destination, reason, "no new session for a delivery");
        });
        session.map(Some)
    }

    /// Forgets the record that a URL names.
    fn forget_record(&self, org: &Instance, url: &Url) {
        if let Some((_, id)) = url.path().rsplit_once('/') {
            self.forget(org, id);
        }
    }

    fn request(&self, write: &Write<'_>, timeout: Duration) -> Result<Request, NotSent> {
        let request = self
            .client
            .request(write.method.clone(), write.url.as_str());
        let request = with_payload(request, write.body.as_ref())
            .headers(write.headers.clone())
            .timeout(timeout);
        // What no server can be sent fails here, and does so again each time.
        request.build().map_err(|_| NotSent::Part("parts"))
    }
}

/// What is wrong with the answer to a write: it counts as done where Salesforce says so in its own form, also where the
/// connection breaks before the end of the body, as to send the write again would make a second record. Not so where
/// that body would have been a page: it is not Salesforce's API that answers.
fn fault_of_write(answer: &ApiResponse, operation: &Operation) -> Option<Fault> {
    let whole = answer.body.as_deref().ok();
    let body = whole.unwrap_or_default();
    let fault = match body {
        _ if !answer.is_success() => {
            let fault = answer.refusal();
            Some(match operation {
                Operation::Collection | Operation::Composite => fault.of_resource(),
                Operation::Create { .. }
                | Operation::Update { .. }
                | Operation::Upsert
                | Operation::Delete
                | Operation::Other => fault,
            })
        }
        // 204 has no body whose type could be another.
        [] if answer.is_other && answer.status != 204 => Some(Fault::no_json()),
        body if *operation == Operation::Composite => composite::fault(body),
        _ => Fault::in_success(answer.status, body),
    };
    let is_done = fault.is_some() || operation.is_done(answer.status, whole);
    let unsaid = || Fault::Unreadable("it does not say that the record is written".to_owned());
    fault.or_else(|| (!is_done).then(unsaid))
}

/// Without the answer's body, which may repeat what was sent.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref();
        f.debug_struct("Answered")
            .field("status", &answer.map(|(status, _)| status))
            .field("body_bytes", &answer.map(|(_, body)| body.len()))
            .field("fault", &self.fault)
            .finish()
    }
}

/// The headers of a descriptor; `None` where one of them can be sent to no server, or they are too many.
fn headers(sending: &Sending<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sending.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if OURS.contains(&name) {
            continue;
        }
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        // To insert more than the map holds would panic.
        headers.try_insert(name, value).ok()?;
    }
    Some(headers)
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
