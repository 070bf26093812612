//! Why there is no memory for a request.

use thiserror::Error;

/// Why a request cannot have more memory.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Overloaded {
    /// Temporary: the other requests use too much.
    #[error(
        "the requests in flight use {taken} of {most} bytes of memory (MAX_IN_FLIGHT_BYTES), and this one needs {needed} more; raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once"
    )]
    Full {
        /// `MAX_IN_FLIGHT_BYTES`.
        most: u64,
        /// How much is in use.
        taken: u64,
        /// How much is needed in addition.
        needed: u64,
    },
    /// Temporary: the org has its half, and the other half is for the other orgs.
    #[error(
        "the requests in flight for this org use {taken} bytes of memory, and this one needs {needed} more; while there are requests for other orgs, one org may use half of MAX_IN_FLIGHT_BYTES, {half} bytes: raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once"
    )]
    Org {
        /// Half of `MAX_IN_FLIGHT_BYTES`.
        half: u64,
        /// How much the org uses.
        taken: u64,
        /// How much is needed in addition.
        needed: u64,
    },
    /// Permanent: this one request needs more than all requests together may use.
    #[error(
        "the body has so many values that reading it needs {needed} bytes of memory; all requests in flight may use {most} bytes (MAX_IN_FLIGHT_BYTES): raise it, or send smaller batches"
    )]
    Never {
        /// `MAX_IN_FLIGHT_BYTES`.
        most: u64,
        /// How much is needed.
        needed: u64,
    },
}
