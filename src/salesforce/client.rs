//! The one HTTP client, and the one way to send.

mod reading;

use std::{
    error::Error,
    fmt, io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect,
};

use self::reading::Reading;
use crate::{
    config::Config,
    in_flight::{InFlight, Memory},
    metrics::{Call, Metrics},
    salesforce::{
        fault::Fault,
        limits::{Limits, Ticket, Usage},
        session::{Instance, Session},
    },
};

/// An answer of Salesforce: its status, and its body as far as it came.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, or why it is not whole.
    pub body: Result<Bytes, Fault>,
    usage: Option<Usage>,
    /// Whether its content type is another than JSON.
    is_other: bool,
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a success.
    fn whole_success(self) -> Result<Bytes, Fault> {
        let is_success = self.is_success();
        let body = self.body?;
        if is_success {
            Ok(body)
        } else {
            Err(Fault::read(self.status, &body))
        }
    }

    /// What is wrong with the answer to a write. A 2xx status says that Salesforce has written, also where the connection
    /// breaks before the end of the body: to send the write again would make a second record. Not so where that body would
    /// have been a page: it is not Salesforce's API that answers.
    fn fault_of_write(&self) -> Option<Fault> {
        let body = self.body.as_deref().unwrap_or_default();
        match body {
            _ if !self.is_success() => Some(Fault::read(self.status, body)),
            // 204 has no body whose type could be another.
            [] if self.is_other && self.status != 204 => Some(Fault::no_json()),
            _ => Fault::in_success(self.status, body),
        }
    }
}

/// Without the body, which may hold tokens and traits.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// Sends requests to Salesforce.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    timeout: Duration,
    metrics: Arc<Metrics>,
    limits: Arc<Limits>,
    in_flight: InFlight,
}

impl Client {
    /// A client that gives each request `SALESFORCE_TIMEOUT`, from connecting to the last byte of the answer. It follows no
    /// redirect, which would turn a write into a read and carry the token elsewhere. A connection that cannot be made, or
    /// whose other end has fallen silent, does not outlive that time either: later requests would wait on it in vain.
    ///
    /// # Errors
    /// Where the platform's certificates cannot be loaded or a proxy setting is malformed.
    pub fn new(
        config: &Config,
        metrics: Arc<Metrics>,
        limits: Arc<Limits>,
        in_flight: InFlight,
    ) -> Result<Self, reqwest::Error> {
        let timeout = config.salesforce_timeout;
        let builder = reqwest::Client::builder();
        let builder = if config.system_proxy {
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
            in_flight,
        })
    }

    /// Nothing yet of the memory of requests in flight, to be added to.
    pub(super) fn memory(&self) -> Memory {
        self.in_flight.memory()
    }

    /// A request of an org's REST API, to be filled in and given to [`Client::send`]. `path` begins with `/services`.
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

    /// A request to be filled in and given to [`Client::send`].
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request and reads its answer to the end. `org` is where the call counts, none for a token.
    ///
    /// # Errors
    /// [`Fault`] for anything but a 2xx answer that arrived whole and in time; [`Fault::Reserved`] where the org has no call
    /// to spare, and nothing is sent.
    pub async fn send(
        &self,
        call: Call,
        org: Option<&Instance>,
        request: RequestBuilder,
    ) -> Result<Bytes, Fault> {
        let ticket = org.map(|org| self.ticket(call, org)).transpose()?;
        let start = Instant::now();
        let reading = Reading::of(call, self.memory());
        let answer = exchange(request, self.timeout, reading).await;
        report(ticket, &answer);
        let result = answer.and_then(Answer::whole_success);
        self.count(call, result.as_ref().err(), start);
        result
    }

    /// Sends a write, and gives the answer with what is wrong with it. Without an answer within `timeout` it is not known
    /// whether Salesforce has written; where the org has no call to spare, nothing is sent.
    pub async fn write(
        &self,
        org: &Instance,
        request: RequestBuilder,
        timeout: Duration,
    ) -> (Result<Answer, Fault>, Option<Fault>) {
        let ticket = match self.ticket(Call::Write, org) {
            Ok(ticket) => ticket,
            Err(reserved) => return (Err(reserved), None),
        };
        let start = Instant::now();
        let request = request.timeout(timeout);
        let reading = Reading::of(Call::Write, self.memory());
        let answer = exchange(request, timeout, reading).await;
        report(Some(ticket), &answer);
        let fault = answer.as_ref().ok().and_then(Answer::fault_of_write);
        self.count(Call::Write, answer.as_ref().err().or(fault.as_ref()), start);
        (answer, fault)
    }

    /// Notes that a login has brought a token of this org.
    pub(super) fn logged_in(&self, org: &Instance) {
        self.limits.logged_in(org);
    }

    /// Where calls are counted, and what they spare.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn ticket<'c>(&'c self, call: Call, org: &'c Instance) -> Result<Ticket<'c>, Fault> {
        self.limits
            .spend(org, call)
            .inspect_err(|reserved| self.metrics.call_held_back(call, reserved.label()))
    }

    fn count(&self, call: Call, fault: Option<&Fault>, start: Instant) {
        self.metrics
            .salesforce_call(call, fault.map_or("ok", Fault::label), start.elapsed());
    }
}

/// Passes on what an answer says of the org's calls, whatever else it says.
fn report(ticket: Option<Ticket<'_>>, answer: &Result<Answer, Fault>) {
    let usage = answer.as_ref().ok().and_then(|answer| answer.usage);
    if let (Some(ticket), Some(usage)) = (ticket, usage) {
        ticket.report(usage);
    }
}

/// Sends a request that has this timeout, and reads its answer.
async fn exchange(
    request: RequestBuilder,
    timeout: Duration,
    reading: Reading,
) -> Result<Answer, Fault> {
    let mut response = request
        .send()
        .await
        .map_err(|error| broken(error, timeout))?;
    let status = response.status().as_u16();
    Ok(Answer {
        status,
        usage: Usage::of(response.headers()),
        is_other: is_other(response.headers()),
        body: reading.body(&mut response, timeout).await,
    })
}

/// Whether a content type is named that is not JSON.
fn is_other(headers: &HeaderMap) -> bool {
    let named = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    named.is_some_and(|named| {
        !named
            .to_ascii_lowercase()
            .windows(4)
            .any(|at| at == b"json")
    })
}

/// A request that brought no answer. The URL is left out of the text: a lookup's holds e-mails.
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

/// An error and what caused it, outermost first.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        (*error).source()
    })
}
