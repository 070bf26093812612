//! The one HTTP client, and the one way to send.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, redirect};

use crate::{
    config::Config,
    metrics::{Call, Metrics},
    salesforce::fault::{Fault, Refusal},
};

/// The largest answer that is read, in bytes: far above a page of 2,000 records.
const LARGEST_ANSWER: usize = 64 << 20;

/// Sends requests to Salesforce.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    timeout: Duration,
    metrics: Arc<Metrics>,
}

impl Client {
    /// A client that gives each request `SALESFORCE_TIMEOUT`, from connecting to the last byte of the answer. It follows no
    /// redirect, which would turn a write into a read and carry the token elsewhere.
    ///
    /// # Errors
    /// Where the platform's certificates cannot be loaded or a proxy setting is malformed.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, reqwest::Error> {
        let timeout = config.salesforce_timeout;
        let builder = reqwest::Client::builder();
        let builder = if config.system_proxy {
            builder
        } else {
            builder.no_proxy()
        };
        let http = builder
            .timeout(timeout)
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
        })
    }

    /// A request to be filled in and given to [`Client::send`].
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    /// A request to be filled in and given to [`Client::send`].
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.http.post(url)
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// [`Fault`] for anything but a 2xx answer that arrived whole and in time.
    pub async fn send(&self, call: Call, request: RequestBuilder) -> Result<Bytes, Fault> {
        let start = Instant::now();
        let result = self.exchange(request).await;
        self.metrics.salesforce_call(
            call,
            result.as_ref().err().map_or("ok", Fault::label),
            start.elapsed(),
        );
        result
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Bytes, Fault> {
        let answer = request.send().await.map_err(|error| self.broken(error))?;
        let status = answer.status();
        let body = self.body(answer).await?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(Fault::of(Refusal::read(status.as_u16(), &body)))
        }
    }

    async fn body(&self, mut answer: Response) -> Result<Bytes, Fault> {
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.broken(error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(Fault::Unreadable(format!(
                    "it is larger than {LARGEST_ANSWER} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// A request that brought no answer. The URL is left out of the text: a lookup's holds e-mails.
    fn broken(&self, error: reqwest::Error) -> Fault {
        if error.is_timeout() {
            return Fault::Timeout(self.timeout);
        }
        Fault::Connection(causes(&error.without_url()))
    }
}

/// An error and what caused it, outermost first.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
