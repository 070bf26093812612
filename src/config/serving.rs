//! The settings of the server: the address to listen on, limits for requests, and shutdown.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytesize::ByteSize;
use clap::Args;

use super::{ProcessLimits, parse};

/// The least multiple of its body's length that a request is counted as, see [`crate::server::memory`].
pub const REQUEST_WEIGHT: u64 = 3;

/// How many connections may be open in addition to `MAX_CONNECTIONS`, so that `/health`, `/ready` and `/metrics` answer
/// even while all other connections are busy.
pub const SPARE_CONNECTIONS: usize = 16;

/// Unfinished headers may use one part in this many of the memory for requests in flight.
const HEADERS_SHARE: u64 = 8;

/// How much unfinished headers may use even if there is little memory, in bytes.
const MIN_HEADER_BYTES: u64 = 1 << 20;

/// How many bytes unfinished headers may use if requests in flight may use `in_flight` bytes.
#[must_use]
pub fn max_header_bytes(in_flight: u64) -> u64 {
    (in_flight / HEADERS_SHARE).max(MIN_HEADER_BYTES)
}

/// One in this many open files is reserved for connections to Salesforce.
const KEPT_FOR_SALESFORCE: usize = 4;

/// How many open files are reserved for requests to `/health`, `/ready` and `/metrics`, and for sockets, logs and
/// secrets.
const KEPT_FILES: usize = SPARE_CONNECTIONS + 48;

/// The number of connections that is allowed however low the limits are.
const MIN_CONNECTIONS: usize = 16;

/// The maximum body size if `BODY_LIMIT` is not set.
const BODY_LIMIT: ByteSize = ByteSize::mib(256);

/// The settings of the server.
#[derive(Args, Clone, Debug)]
pub struct Serving {
    /// Address to listen on, unless systemd passes a socket; default: all IPv6 and IPv4 addresses that the machine
    /// supports
    #[arg(long, env = "HOST")]
    pub host: Option<IpAddr>,
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 9090)]
    pub port: u16,
    /// Whether several processes may listen on the port at once, so that a new one can start before the old one stops
    #[arg(long, env = "REUSE_PORT", default_value_t = false, action = clap::ArgAction::Set)]
    pub reuse_port: bool,

    /// Maximum size of a request body after decompression; default: 256MiB, or a third of `MAX_IN_FLIGHT_BYTES` if that
    /// is less
    #[arg(long, env = "BODY_LIMIT", value_parser = parse::size)]
    pub body_limit: Option<ByteSize>,
    /// Memory for requests in flight, each counted as at least three times its body; default: half of the container's
    /// memory limit
    #[arg(long, env = "MAX_IN_FLIGHT_BYTES", value_parser = parse::size)]
    pub max_in_flight_bytes: Option<ByteSize>,
    /// Maximum number of Salesforce records that one event may write
    #[arg(long, env = "MAX_RECORDS_PER_EVENT", default_value = "100", value_parser = parse::count)]
    pub max_records_per_event: usize,
    /// Maximum size of one event's part of the answer: its requests and the data echoed for it
    #[arg(long, env = "ANSWER_LIMIT", default_value = "16MiB", value_parser = parse::size)]
    pub answer_limit: ByteSize,
    /// Maximum number of connections; the oldest idle one is closed for a new one; default: derived from the limits of
    /// open files and memory
    #[arg(long, env = "MAX_CONNECTIONS", value_parser = parse::count)]
    pub max_connections: Option<usize>,
    /// Maximum size of a request's headers, at least 8KiB
    #[arg(long, env = "HEADER_LIMIT", default_value = "32KiB", value_parser = parse::header_size)]
    pub header_limit: ByteSize,
    /// Timeout for the headers of a request, also while a connection is kept alive
    #[arg(long, env = "HEADER_TIMEOUT", default_value = "75s", value_parser = parse::duration)]
    pub header_timeout: Duration,
    /// Timeout for the next bytes of a request's body
    #[arg(long, env = "BODY_TIMEOUT", default_value = "30s", value_parser = parse::duration)]
    pub body_timeout: Duration,
    /// Minimum bytes per second of a request's body, once `BODY_TIMEOUT` has passed
    #[arg(long, env = "MIN_BODY_RATE", default_value = "1KiB", value_parser = parse::size)]
    pub min_body_rate: ByteSize,
    /// Timeout for a client to take the next bytes of its answer
    #[arg(long, env = "ANSWER_TIMEOUT", default_value = "60s", value_parser = parse::duration)]
    pub answer_timeout: Duration,
    /// Maximum age of a connection: a later answer on it closes it, so that new pods get traffic; 0s: no limit
    #[arg(long, env = "MAX_CONNECTION_AGE", default_value = "5m", value_parser = parse::duration_or_none)]
    pub max_connection_age: Duration,
    /// Whether answers are compressed for clients that accept gzip, as rudder-server does
    #[arg(long, env = "COMPRESS_ANSWERS", default_value_t = true, action = clap::ArgAction::Set)]
    pub compress_answers: bool,

    /// How long new requests are still accepted after the first SIGTERM or Ctrl-C, while /ready answers 503
    #[arg(long, env = "SHUTDOWN_DELAY", default_value = "5s", value_parser = parse::duration_or_none)]
    pub shutdown_delay: Duration,
    /// Maximum time to finish requests in flight after that
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "60s", value_parser = parse::duration)]
    pub shutdown_timeout: Duration,

    /// What the process may use, to which the defaults are fitted.
    #[arg(skip)]
    pub process: ProcessLimits,
}

/// The addresses at which a server with this host (`None`: all addresses) and port can be reached from its own machine,
/// the most likely one first.
#[must_use]
pub fn from_within(host: Option<IpAddr>, port: u16) -> Vec<SocketAddr> {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    let hosts = match host {
        None | Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => vec![v4, v6],
        Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => vec![v4],
        Some(host) => vec![host],
    };
    let at_port = |host| SocketAddr::new(host, port);
    hosts.into_iter().map(at_port).collect()
}

/// How many connections the limit of open files allows.
pub(super) fn connections_within(files: usize) -> usize {
    let left = (files - files / KEPT_FOR_SALESFORCE).saturating_sub(KEPT_FILES);
    left.max(MIN_CONNECTIONS)
}

impl Serving {
    /// The memory for requests in flight, in bytes: the setting, else half of what this process may use.
    #[must_use]
    pub fn most_in_flight(&self) -> u64 {
        self.max_in_flight_bytes
            .map_or_else(|| self.process.memory / 2, |set| set.as_u64())
    }

    /// The maximum size of one event's part of the answer, in bytes.
    #[must_use]
    pub fn largest_part(&self) -> usize {
        usize::try_from(self.answer_limit.as_u64()).unwrap_or(usize::MAX)
    }

    /// The maximum size of a request's headers, in bytes.
    #[must_use]
    pub fn largest_headers(&self) -> usize {
        usize::try_from(self.header_limit.as_u64()).unwrap_or(usize::MAX)
    }

    /// How many connections may be answered at a time. Without the setting, this is what the limit of open files allows
    /// after a quarter is reserved for Salesforce and a few for requests about the service itself. It is reduced if the
    /// memory for requests in flight cannot hold buffers of twice `HEADER_LIMIT` for that many connections.
    #[must_use]
    pub fn most_connections(&self) -> usize {
        self.max_connections.unwrap_or_else(|| {
            let by_files = connections_within(self.process.files);
            let memory = self.most_in_flight() / (2 * self.header_limit.as_u64());
            let by_memory = usize::try_from(memory).unwrap_or(usize::MAX);
            by_files.min(by_memory.max(MIN_CONNECTIONS))
        })
    }

    /// The maximum body size in bytes: `BODY_LIMIT`, or less if a single request of that size would exceed the memory
    /// for requests in flight.
    #[must_use]
    pub fn largest_body(&self) -> usize {
        let most = self.body_limit.unwrap_or(BODY_LIMIT).as_u64();
        let fitting = self.most_in_flight() / REQUEST_WEIGHT;
        usize::try_from(most.min(fitting)).unwrap_or(usize::MAX)
    }
}
