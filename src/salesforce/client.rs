//! The only HTTP client of the service; every request to Salesforce goes through it.

mod answer;
mod reading;

use std::{
    error::Error,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{
    Method, Request, RequestBuilder,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED},
    redirect,
};

pub use self::answer::ApiResponse;
use self::{answer::is_other, reading::BodyReader};
use crate::{
    config::SalesforceSettings,
    metrics::{Call, Metrics},
    salesforce::{
        accepted::{Accepted, Fingerprint},
        fault::Fault,
        headers::CLIENT,
        limits::{ApiUsage, Limits, Ticket},
        session::{Instance, Session},
    },
    server::memory::{InFlight, Memory},
};

/// Sends requests to Salesforce.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    timeout: Duration,
    metrics: Arc<Metrics>,
    limits: Arc<Limits>,
    accepted: Accepted,
    in_flight: InFlight,
}

impl Client {
    /// Creates a client. `SALESFORCE_TIMEOUT` covers a whole request, from connecting to the last byte of the response.
    /// The client follows no redirects, because a redirect would turn a write into a read and carry the token to
    /// another host. A connection attempt, or a connection whose peer has gone silent, is abandoned within the same
    /// time, so that later requests do not wait for it in vain.
    ///
    /// # Errors
    /// If the platform's certificates cannot be loaded or a proxy setting is malformed.
    pub fn new(
        settings: &SalesforceSettings,
        metrics: Arc<Metrics>,
        limits: Arc<Limits>,
        in_flight: InFlight,
    ) -> Result<Self, reqwest::Error> {
        let timeout = settings.timeout;
        let builder = reqwest::Client::builder();
        let builder = if settings.system_proxy {
            builder
        } else {
            builder.no_proxy()
        };
        let http = builder
            .timeout(timeout)
            .connect_timeout(timeout)
            .http2_keep_alive_interval(timeout)
            .http2_keep_alive_timeout(timeout)
            .redirect(redirect::Policy::none())
            .default_headers(HeaderMap::from_iter([(
                HeaderName::from_static("sforce-call-options"),
                HeaderValue::from_static(CLIENT),
            )]))
            .user_agent(concat!(
                "salesforce-transformer/",
                env!("CARGO_PKG_VERSION")
            ))
            .build()?;
        Ok(Self {
            http,
            timeout,
            metrics,
            limits,
            accepted: Accepted::default(),
            in_flight,
        })
    }

    /// An empty share of the memory limit of requests in flight, to which bytes are added.
    pub(super) fn memory(&self) -> Memory {
        self.in_flight.memory()
    }

    /// Starts a request to an org's REST API, to be completed and passed to [`Client::send`]. `path` begins with
    /// `/services`.
    pub(super) fn request_of(
        &self,
        session: &Session,
        method: Method,
        path: &str,
    ) -> RequestBuilder {
        self.request(method, &format!("{}{path}", session.instance().as_str()))
            .bearer_auth(session.token())
            .header("Accept", "application/json")
    }

    /// Starts a request, to be completed and passed to [`Client::send`].
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request and reads the whole response. `org` is the org whose limit the call counts against, `None` for a
    /// token request.
    ///
    /// # Errors
    /// [`Fault`] for anything but a 2xx response that arrived completely and in time; [`Fault::Reserved`] if the org
    /// has no call to spare, in which case nothing is sent.
    pub async fn send(
        &self,
        call: Call,
        org: Option<&Instance>,
        request: RequestBuilder,
    ) -> Result<Bytes, Fault> {
        let request = request
            .build()
            .map_err(|error| broken(error, self.timeout))?;
        match self.call(call, org, request, ApiResponse::fault).await? {
            (_, Some(fault)) => Err(fault),
            (answer, None) => answer.body,
        }
    }

    /// Sends a describe that may be conditional. Returns the body and its `Last-Modified` header; `None` if nothing has changed.
    ///
    /// # Errors
    /// [`Fault`] for anything but a 304 or a complete 2xx response; [`Fault::Reserved`] if the org has no call to spare.
    pub(super) async fn read_changed(
        &self,
        org: &Instance,
        request: RequestBuilder,
    ) -> Result<Option<(Bytes, Option<HeaderValue>)>, Fault> {
        let request = request
            .build()
            .map_err(|error| broken(error, self.timeout))?;
        let fault_of = |answer: &ApiResponse| (!answer.is_unchanged()).then(|| answer.fault())?;
        match self
            .call(Call::Describe, Some(org), request, fault_of)
            .await?
        {
            (_, Some(fault)) => Err(fault),
            (answer, None) if answer.is_unchanged() => Ok(None),
            (answer, None) => Ok(Some((answer.body?, answer.modified))),
        }
    }

    /// How long a request takes at most (`SALESFORCE_TIMEOUT`).
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a write whose timeout is already set, and returns the response with the fault that `fault_of` finds in it.
    ///
    /// # Errors
    /// [`Fault`] if there is no response in time, in which case it is not known whether Salesforce has written;
    /// [`Fault::Reserved`] if the org has no call to spare, in which case nothing is sent.
    pub async fn write(
        &self,
        org: &Instance,
        request: Request,
        fault_of: impl FnOnce(&ApiResponse) -> Option<Fault>,
    ) -> Result<(ApiResponse, Option<Fault>), Fault> {
        self.call(Call::Write, Some(org), request, fault_of).await
    }

    /// Makes a call, reads the response, and records the org's usage, the token's acceptance and the metrics.
    async fn call(
        &self,
        call: Call,
        org: Option<&Instance>,
        request: Request,
        fault_of: impl FnOnce(&ApiResponse) -> Option<Fault>,
    ) -> Result<(ApiResponse, Option<Fault>), Fault> {
        let token = self.token_of(&request);
        let ticket = match org {
            Some(org) => Some(self.ticket(call, org).await?),
            None => None,
        };
        let start = Instant::now();
        let reading = BodyReader::of(call, self.memory());
        let answer = self.exchange(request, reading).await;
        report(ticket, &answer);
        let answer = answer.map(|answer| {
            let fault = fault_of(&answer);
            (answer, fault)
        });
        let fault = match &answer {
            Ok((_, fault)) => fault.as_ref(),
            Err(fault) => Some(fault),
        };
        self.note_accepted(token, fault);
        self.count(call, fault, start);
        answer
    }

    /// The tokens that Salesforce has accepted.
    pub(super) fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    fn token_of(&self, request: &Request) -> Option<Fingerprint> {
        let authorization = request.headers().get(AUTHORIZATION)?;
        Some(self.accepted.fingerprint(authorization))
    }

    /// Notes that a call's token was accepted: the call succeeded, or was refused for a reason other than the token.
    fn note_accepted(&self, token: Option<Fingerprint>, fault: Option<&Fault>) {
        let is_accepted = fault.is_none_or(Fault::is_after_admission);
        if let Some(token) = token.filter(|_| is_accepted) {
            self.accepted.note(token);
        }
    }

    /// Sends a request and reads the response.
    async fn exchange(&self, request: Request, reading: BodyReader) -> Result<ApiResponse, Fault> {
        let timeout = request.timeout().copied().unwrap_or(self.timeout);
        let mut response = self
            .http
            .execute(request)
            .await
            .map_err(|error| broken(error, timeout))?;
        let status = response.status().as_u16();
        Ok(ApiResponse {
            status,
            usage: ApiUsage::of(response.headers()),
            is_other: is_other(response.headers()),
            modified: response.headers().get(LAST_MODIFIED).cloned(),
            body: reading.body(&mut response, timeout).await,
        })
    }

    /// Notes that a login has obtained a token of this org.
    pub(super) fn logged_in(&self, org: &Instance) {
        self.limits.logged_in(org);
    }

    /// The metrics that count calls and saved calls.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    async fn ticket<'c>(&'c self, call: Call, org: &'c Instance) -> Result<Ticket<'c>, Fault> {
        let ticket = self.limits.spend(org, call).await;
        ticket.inspect_err(|reserved| self.metrics.call_held_back(call, reserved.label()))
    }

    /// Counts a refusal whose code is missing from the table of codes, so that the table can be extended.
    pub(super) fn note_unknown(&self, fault: &Fault) {
        if let Some(code) = fault.unknown_code() {
            self.metrics.unknown_code(code);
        }
    }

    fn count(&self, call: Call, fault: Option<&Fault>, start: Instant) {
        if let Some(fault) = fault {
            self.note_unknown(fault);
        }
        self.metrics
            .salesforce_call(call, fault.map_or("ok", Fault::label), start.elapsed());
    }
}

/// Reports the org's API usage that a response states, whatever else it contains.
fn report(ticket: Option<Ticket<'_>>, answer: &Result<ApiResponse, Fault>) {
    let usage = answer.as_ref().ok().and_then(|answer| answer.usage);
    if let (Some(ticket), Some(usage)) = (ticket, usage) {
        ticket.report(usage);
    }
}

/// The fault of a request without a response. The URL is removed from the text, because the URL of a lookup contains
/// e-mail addresses.
fn broken(error: reqwest::Error, timeout: Duration) -> Fault {
    let error = error.without_url();
    if error.is_timeout() {
        return Fault::Timeout(timeout);
    }
    let io_errors = causes(&error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    if io_errors
        .into_iter()
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
    {
        return Fault::ConnectionRefused;
    }
    Fault::Connection(
        causes(&error)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": "),
    )
}

/// An error and its causes, outermost first.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        (*error).source()
    })
}
