//! A Salesforce that does everything wrong, on real sockets: whatever it does to a call ends in time in an answer after
//! which rudder-server tries again, no write is made twice behind its back, and no other org notices.
//!
//! | file | what it specifies |
//! |---|---|
//! | `calls` | each trick, played on a token, a lookup, a write of the proxy and an inline write |
//! | `certificates` | TLS: certificates that do not match, handshakes that never end, connections that fall silent |
//! | `neighbours` | what another org notices of it: its p99 in one run |
//!
//! `stand_in` is the hostile Salesforce.

mod calls;
mod certificates;
mod neighbours;
mod stand_in;

use std::time::Duration;

/// How long Salesforce may take in these tests.
const TIMEOUT: &str = "300ms";

/// Far more than a few timeouts, far less than for ever.
const SOON: Duration = Duration::from_secs(20);
