//! The transformer behind this one: what is not for Salesforce goes there and comes back untouched, so that rudder-server
//! needs one address for all of its destinations.
//!
//! | module | what it is for |
//! |---|---|
//! | `destination` | whether a body is for Salesforce, without parsing the events |
//! | `pass` | hands a request over and streams the answer back |
//! | `features` | what both transformers can do, learnt before anything is answered |
//! | `outage` | how often the log says that it fails |
//! | `recorder` | writes the requests that pass through to a file |
//! | `redaction` | takes secrets out of what is written or shown |

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

/// How long the upstream is left alone between two questions as long as it has not answered.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// How long a connection to it may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The transformer behind this one.
#[derive(Debug)]
pub(crate) struct Upstream {
    http: reqwest::Client,
    /// Without a slash at the end.
    url: String,
    refresh: Duration,
    features: RwLock<Option<Map<String, Value>>>,
    failing: AtomicBool,
}

/// Why the upstream has not answered.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum UpstreamError {
    /// It has never answered since this service started.
    #[error(
        "the transformer behind this service (UPSTREAM_URL) has not been heard yet, and what it can do decides what is answered"
    )]
    NeverAnswered,
    /// The connection was refused, or broke before an answer.
    #[error("the transformer behind this service (UPSTREAM_URL) cannot be reached")]
    Unreachable,
    /// It did not answer in time.
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
    /// The upstream that the settings name; `None` where they name none. It is asked for its features from now on.
    ///
    /// # Errors
    /// Where the HTTP client cannot be built.
    pub(crate) fn new(settings: &UpstreamSettings) -> Result<Option<Arc<Self>>, reqwest::Error> {
        let Some(url) = &settings.upstream_url else {
            return Ok(None);
        };
        // A neighbour: no proxy, no redirect that would end elsewhere, and no byte of an answer changed.
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

    /// What it can do, by its last good answer.
    #[must_use]
    pub(crate) fn features(&self) -> Option<Map<String, Value>> {
        let features = self.features.read();
        features.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has answered once.
    #[must_use]
    pub(crate) fn has_answered(&self) -> bool {
        let features = self.features.read();
        features.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether its last answer came.
    #[must_use]
    pub(crate) fn is_answering(&self) -> bool {
        self.has_answered() && !self.failing.load(Ordering::Relaxed)
    }

    /// `unheard`, `failing` where the last attempt has failed, or `ok`.
    #[must_use]
    pub(crate) fn state(&self) -> &'static str {
        match (self.has_answered(), self.failing.load(Ordering::Relaxed)) {
            (false, _) => "unheard",
            (true, true) => "failing",
            (true, false) => "ok",
        }
    }

    /// Asks for the features until nobody needs them any longer.
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
