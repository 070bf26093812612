//! The upstream: the transformer behind this one. Requests that are not for Salesforce go there and their answers come
//! back unchanged, so that rudder-server needs only one address for all of its destinations.
//!
//! | module | what it is for |
//! |---|---|
//! | `destination` | whether a body is for Salesforce, without parsing the events |
//! | `pass` | forwards a request and streams the answer back |
//! | `features` | the capabilities of both transformers, fetched before any request is answered |
//! | `outage` | limits how often the log reports that the upstream fails |
//! | `recorder` | writes the forwarded requests to a file |
//! | `redaction` | removes secrets from what is written or shown |

mod destination;
mod features;
mod outage;
mod pass;
pub(crate) mod recorder;
pub(crate) mod redaction;

use std::{
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::redirect;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::time::sleep;

use self::outage::Outage;
pub(crate) use self::{destination::is_for_salesforce, pass::FromUpstream};
use crate::config::UpstreamSettings;

/// The pause between two requests for the features while the upstream has not answered.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// The timeout for connecting to it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The upstream: the transformer behind this one.
#[derive(Debug)]
pub(crate) struct Upstream {
    http: reqwest::Client,
    /// Without a trailing slash.
    url: String,
    refresh: Duration,
    features: RwLock<Option<Map<String, Value>>>,
    failing: AtomicBool,
}

/// Why there is no answer from the upstream.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum UpstreamError {
    /// The upstream has not answered since this service started.
    #[error(
        "waiting for the /features response of the transformer behind this service (UPSTREAM_URL); no request is answered before it"
    )]
    NeverAnswered,
    /// The connection was refused, or was closed before an answer.
    #[error("the transformer behind this service (UPSTREAM_URL) cannot be reached")]
    Unreachable,
    /// The upstream did not answer in time.
    #[error(
        "the transformer behind this service (UPSTREAM_URL) did not answer in time (UPSTREAM_TIMEOUT)"
    )]
    Timeout,
}

impl UpstreamError {
    /// The value of `X-Rudder-Error-Reason`.
    #[must_use]
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NeverAnswered => "upstream_unheard",
            Self::Unreachable => "upstream_unreachable",
            Self::Timeout => "upstream_timeout",
        }
    }
}

impl From<reqwest::Error> for UpstreamError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Unreachable
        }
    }
}

impl Upstream {
    /// The upstream in the settings; `None` if they name none. Its features are polled from now on.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub(crate) fn new(settings: &UpstreamSettings) -> Result<Option<Arc<Self>>, reqwest::Error> {
        let Some(url) = &settings.upstream_url else {
            return Ok(None);
        };
        // The upstream is a direct peer: use no proxy, follow no redirect to another host, and change no byte of an
        // answer.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .no_gzip()
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(settings.upstream_timeout)
            .build()?;
        let upstream = Arc::new(Self {
            http,
            url: url.as_str().trim_end_matches('/').to_owned(),
            refresh: settings.upstream_refresh,
            features: RwLock::default(),
            failing: AtomicBool::new(false),
        });
        tokio::spawn(Self::poll_features(Arc::downgrade(&upstream)));
        Ok(Some(upstream))
    }

    /// Its features, from its last successful answer.
    #[must_use]
    pub(crate) fn features(&self) -> Option<Map<String, Value>> {
        let features = self.features.read();
        features.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has answered at least once.
    #[must_use]
    pub(crate) fn has_answered(&self) -> bool {
        let features = self.features.read();
        features.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether it has answered, and the last attempt succeeded.
    #[must_use]
    pub(crate) fn is_answering(&self) -> bool {
        self.has_answered() && !self.failing.load(Ordering::Relaxed)
    }

    /// `unheard` before the first answer, `failing` if the last attempt failed, else `ok`.
    #[must_use]
    pub(crate) fn state(&self) -> &'static str {
        match (self.has_answered(), self.failing.load(Ordering::Relaxed)) {
            (false, _) => "unheard",
            (true, true) => "failing",
            (true, false) => "ok",
        }
    }

    /// Polls the features until the upstream is no longer in use.
    async fn poll_features(upstream: Weak<Self>) {
        let mut outage: Option<Outage> = None;
        while let Some(upstream) = upstream.upgrade() {
            let pause = match upstream.ask_features().await {
                Ok(features) => {
                    upstream.failing.store(false, Ordering::Relaxed);
                    if let Some(over) = outage.take() {
                        tracing::info!(after = ?over.lasted(), "the upstream answers");
                    }
                    let known = upstream.features.write();
                    *known.unwrap_or_else(PoisonError::into_inner) = Some(features);
                    upstream.refresh
                }
                Err(error) => {
                    outage.get_or_insert_with(Outage::begun).tell(error);
                    upstream.failing.store(true, Ordering::Relaxed);
                    RETRY_INTERVAL
                }
            };
            drop(upstream);
            sleep(pause).await;
        }
    }
}
