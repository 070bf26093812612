//! Sends a write as a descriptor states it, and reads Salesforce's response.

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

/// The methods of Salesforce's REST API.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// Headers that control the connection or the framing of a message. This service sets them itself: a value from a
/// descriptor could direct the request to another host, or split it into two requests.
const OURS: [HeaderName; 9] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    UPGRADE,
    TE,
    TRAILER,
    EXPECT,
    // The client negotiates the encoding, because it has to decode the response.
    ACCEPT_ENCODING,
];

/// The maximum size of a request's path and headers in bytes. Salesforce rejects larger requests
/// (`docs/rudder-server.md#delivery-proxy`).
const MAX_HEAD: usize = 16_384;

/// Salesforce's response to a write.
pub struct Answered {
    /// HTTP status and body, if there was a response.
    pub answer: Option<(u16, Bytes)>,
    /// Why the write counts as failed; `None` if Salesforce has written the record.
    pub fault: Option<Fault>,
}

/// Why a write cannot be sent.
#[derive(Debug, Error)]
pub enum NotSent {
    /// The descriptor is malformed, and another attempt would not change that.
    #[error("{0}")]
    Unsendable(#[from] Unsendable),
    /// A part of the request is not valid HTTP.
    #[error("the request's {0} cannot be sent")]
    Part(&'static str),
    /// The path and headers are larger than Salesforce accepts.
    #[error(
        "the path and headers of the request have {0} bytes; Salesforce accepts at most {MAX_HEAD}"
    )]
    TooLarge(usize),
    /// The host of the endpoint is not among the allowed hosts.
    #[error(
        "the endpoint points to {0}, which SALESFORCE_ALLOWED_HOSTS does not allow (https only): add the host if it is the org's"
    )]
    NotAllowed(String),
}

impl NotSent {
    /// What to do next. The operator can add a host that is not allowed, so its events are kept.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Unsendable(_) | Self::Part(_) | Self::TooLarge(_) => Disposition::Abort,
            Self::NotAllowed(_) => Disposition::Wait,
        }
    }
}

impl Salesforce {
    /// Validates and prepares the request to be sent.
    ///
    /// # Errors
    /// [`NotSent`] if it cannot be sent.
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
            bytes if bytes > MAX_HEAD => Err(NotSent::TooLarge(bytes)),
            _ => Ok(write),
        }
    }

    /// Sends a write and waits at most `timeout` for the response. If a record is no longer what a lookup has found, it
    /// is removed from the cache.
    ///
    /// # Errors
    /// [`NotSent`] if a part of the request is not valid HTTP.
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

    /// Discards the session of a write, which Salesforce no longer accepts, and gives the write the destination's
    /// current one. Returns whether there is one. It must be a different session of the same org: no other host may
    /// receive a token just because an endpoint names it.
    ///
    /// # Errors
    /// [`AuthError`] if a login is tried and fails.
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

    /// The current session of a login, if there are credentials to log in with.
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

    /// Removes the record that a URL names from the cache.
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
        // A request that is not valid HTTP fails here, and would fail again at each attempt.
        request.build().map_err(|_| NotSent::Part("parts"))
    }
}

/// The fault of the response to a write. The write counts as done if Salesforce says so in its own form, even if the
/// connection breaks before the end of the body, because sending the write again would create a second record. It does
/// not count if that body would have been a web page, because then it was not Salesforce's API that answered.
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
                | Operation::Upsert { .. }
                | Operation::Delete
                | Operation::Other => fault,
            })
        }
        // A 204 has no body, so its content type does not matter.
        [] if answer.is_other && answer.status != 204 => Some(Fault::no_json()),
        body if *operation == Operation::Composite => composite::fault(body),
        _ => Fault::in_success(answer.status, body),
    };
    let is_done = fault.is_some() || operation.is_done(answer.status, whole);
    let unsaid = || Fault::unreadable("it does not say that the record is written");
    fault.or_else(|| (!is_done).then(unsaid))
}

/// Omits the response body, which may repeat what was sent.
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

/// The headers of a descriptor; `None` if one of them is not valid HTTP, or there are too many.
fn headers(sending: &Sending<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sending.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if OURS.contains(&name) {
            continue;
        }
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        // `insert` would panic if the map were full.
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
