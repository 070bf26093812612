//! The settings of the server: where it listens, what it lets in at most, and how it stops.

use std::{net::IpAddr, time::Duration};

use bytesize::ByteSize;
use clap::Args;

use super::parse;
use crate::{in_flight, process};

/// The largest body where `BODY_LIMIT` is not set.
const BODY_LIMIT: ByteSize = ByteSize::mib(256);

/// The settings of the server.
#[derive(Args, Clone, Debug)]
pub struct Serving {
    /// Address to listen on, unless systemd hands over a socket
    #[arg(long, env = "HOST", default_value = "0.0.0.0")]
    pub host: IpAddr,
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9090)]
    pub port: u16,
    /// Whether several processes may listen on the port at once, so that a new one can start before the old one stops
    #[arg(long, env = "REUSE_PORT", default_value_t = false, action = clap::ArgAction::Set)]
    pub reuse_port: bool,

    /// Largest body of a request, after decompression; default: 256MiB, or a third of `MAX_IN_FLIGHT_BYTES` where that is less
    #[arg(long, env = "BODY_LIMIT", value_parser = parse::size)]
    pub body_limit: Option<ByteSize>,
    /// Memory for the requests in flight, each counted as three times its body; default: half of what the container may use
    #[arg(long, env = "MAX_IN_FLIGHT_BYTES", value_parser = parse::size)]
    pub max_in_flight_bytes: Option<ByteSize>,
    /// Longest wait for the headers of a request, also on a connection that is kept alive
    #[arg(long, env = "HEADER_TIMEOUT", default_value = "75s", value_parser = parse::duration)]
    pub header_timeout: Duration,
    /// Longest wait for the next bytes of a request's body
    #[arg(long, env = "BODY_TIMEOUT", default_value = "30s", value_parser = parse::duration)]
    pub body_timeout: Duration,
    /// Longest wait for a caller to take the next bytes of its answer
    #[arg(long, env = "ANSWER_TIMEOUT", default_value = "60s", value_parser = parse::duration)]
    pub answer_timeout: Duration,
    /// Whether answers are compressed for callers that accept gzip; rudder-server does
    #[arg(long, env = "COMPRESS_ANSWERS", default_value_t = true, action = clap::ArgAction::Set)]
    pub compress_answers: bool,

    /// How long new requests are still taken after the first SIGTERM or Ctrl-C, while /ready says 503
    #[arg(long, env = "SHUTDOWN_DELAY", default_value = "5s", value_parser = parse::duration_or_none)]
    pub shutdown_delay: Duration,
    /// Longest wait after that for requests in flight
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "60s", value_parser = parse::duration)]
    pub shutdown_timeout: Duration,
}

impl Serving {
    /// The memory for requests in flight, in bytes: the setting, else half of what this process may use.
    #[must_use]
    pub fn most_in_flight(&self) -> u64 {
        self.max_in_flight_bytes
            .map_or_else(|| process::memory_limit() / 2, |set| set.as_u64())
    }

    /// The largest body in bytes: `BODY_LIMIT`, or less where its request alone would be more than may be in flight.
    #[must_use]
    pub fn largest_body(&self) -> usize {
        let most = self.body_limit.unwrap_or(BODY_LIMIT).as_u64();
        let fitting = self.most_in_flight() / in_flight::WEIGHT;
        usize::try_from(most.min(fitting)).unwrap_or(usize::MAX)
    }
}
