//! Conflicts between settings that are valid one by one.

use std::{net::SocketAddr, time::Duration};

use bytesize::ByteSize;
use humantime::format_duration;
use thiserror::Error;

use super::serving::REQUEST_WEIGHT;

/// How long rudder-server waits for an answer, unless `HttpClient.….timeout` is set there.
pub(super) const RUDDER_SERVER_WAITS: Duration = Duration::from_mins(10);

/// The first API version that supports the duplicate-rule header.
pub(super) const MIN_VERSION_TO_SAVE: u32 = 52;

/// A conflict between two settings, with which the service does not start.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Conflict {
    /// Each job would time out before it is written.
    #[error(
        "DELIVERY_WINDOW ({}) must be shorter than DELIVERY_TIMEOUT ({}); otherwise each job times out before it is written",
        format_duration(*window), format_duration(*timeout)
    )]
    Window {
        /// `DELIVERY_WINDOW`.
        window: Duration,
        /// `DELIVERY_TIMEOUT`.
        timeout: Duration,
    },
    /// rudder-server would stop waiting for the answer and send the events again while they are being written.
    #[error(
        "{setting} ({}) must be shorter than rudder-server's own timeout ({}, HttpClient.….timeout), or rudder-server sends the \
         events again while they are still being served",
        format_duration(*time), format_duration(RUDDER_SERVER_WAITS)
    )]
    RudderServer {
        /// The setting.
        setting: &'static str,
        /// Its value.
        time: Duration,
    },
    /// A job would time out while Salesforce may still write it.
    #[error(
        "SALESFORCE_TIMEOUT ({}) must be shorter than DELIVERY_TIMEOUT ({}) with DELIVERY=inline, or a job is given back while \
         Salesforce may still write it",
        format_duration(*call), format_duration(*timeout)
    )]
    Call {
        /// `SALESFORCE_TIMEOUT`.
        call: Duration,
        /// `DELIVERY_TIMEOUT`.
        timeout: Duration,
    },
    /// A body of that size would never be accepted.
    #[error(
        "BODY_LIMIT ({limit}) is more than a third of MAX_IN_FLIGHT_BYTES ({memory}{by}), and a request counts as three times its \
         body: lower BODY_LIMIT to {} bytes, raise MAX_IN_FLIGHT_BYTES to {} bytes, or leave BODY_LIMIT out",
        memory.as_u64() / REQUEST_WEIGHT, limit.as_u64().saturating_mul(REQUEST_WEIGHT),
        by = if *is_default { ", half of the memory" } else { "" }
    )]
    BodyLimit {
        /// `BODY_LIMIT`.
        limit: ByteSize,
        /// `MAX_IN_FLIGHT_BYTES`, or its default.
        memory: ByteSize,
        /// Whether it is the default.
        is_default: bool,
    },
    /// `/health` could not be answered while all connections are in use.
    #[error(
        "MAX_CONNECTIONS ({set}) is more than the limit of open files ({files}, ulimit -n) allows: set it to at most {most}, \
         raise the limit of open files, or leave MAX_CONNECTIONS out"
    )]
    Connections {
        /// `MAX_CONNECTIONS`.
        set: usize,
        /// The limit of open files.
        files: usize,
        /// The maximum number of connections.
        most: usize,
    },
    /// A connection with such headers would be closed before the headers end.
    #[error(
        "HEADER_LIMIT ({limit}) is more than an eighth of MAX_IN_FLIGHT_BYTES ({memory}), the maximum for headers: lower \
         HEADER_LIMIT to {most} bytes, or raise MAX_IN_FLIGHT_BYTES"
    )]
    Headers {
        /// `HEADER_LIMIT`.
        limit: ByteSize,
        /// `MAX_IN_FLIGHT_BYTES`, or its default.
        memory: ByteSize,
        /// The maximum for headers, in bytes.
        most: u64,
    },
    /// Salesforce would ignore the header that saves duplicates.
    #[error(
        "DUPLICATES=save needs SALESFORCE_API_VERSION 52.0 or later, and it is {version}: Salesforce ignores the header in older \
         versions"
    )]
    SaveDuplicates {
        /// `SALESFORCE_API_VERSION`.
        version: String,
    },
    /// Whoever reaches the admin address could read what it shows.
    #[error(
        "ADMIN_LISTEN is {address}, which other machines may reach: set ADMIN_TOKEN_FILE to a file with a token, or listen on 127.0.0.1"
    )]
    AdminToken {
        /// `ADMIN_LISTEN`.
        address: SocketAddr,
    },
    /// The admin address and the service would share a port.
    #[error("ADMIN_LISTEN has the port of the service (PORT is {port}): give it another port")]
    AdminPort {
        /// `PORT`.
        port: u16,
    },
    /// The service would forward requests to itself.
    #[error(
        "UPSTREAM_URL is the address of this service itself (PORT is {port}): set it to the stock transformer, or PORT to another port"
    )]
    OwnUpstream {
        /// `PORT`.
        port: u16,
    },
}
