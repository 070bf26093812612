//! The settings of the upstream, the transformer behind this one.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use url::Url;

use super::parse;

/// The settings of the upstream, the transformer behind this one.
#[derive(Args, Clone, Debug)]
pub struct UpstreamSettings {
    /// Address of a stock transformer that receives every request that is not for Salesforce, such as
    /// <http://transformer:9090>
    #[arg(long, env = "UPSTREAM_URL", value_parser = parse::upstream_url)]
    pub upstream_url: Option<Url>,
    /// Timeout for the next byte from the upstream; rudder-server itself waits 600 s
    #[arg(long, env = "UPSTREAM_TIMEOUT", default_value = "10m", value_parser = parse::duration)]
    pub upstream_timeout: Duration,
    /// File to which forwarded requests are appended as JSON lines, without secrets, for `compare`
    #[arg(long, env = "RECORD")]
    pub record: Option<PathBuf>,
    /// Interval at which the upstream's features are fetched
    #[arg(long, env = "UPSTREAM_REFRESH", default_value = "1m", value_parser = parse::duration)]
    pub upstream_refresh: Duration,
}
