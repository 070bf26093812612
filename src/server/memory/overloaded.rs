//! Why there is no room for a request.

use thiserror::Error;

/// There is no room for more.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Overloaded {
    /// Not at present: the others take too much of it.
    #[error(
        "the requests in flight take {taken} of the {most} bytes of memory that they may take (MAX_IN_FLIGHT_BYTES), and this one needs {needed} more; raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once"
    )]
    Full {
        /// `MAX_IN_FLIGHT_BYTES`.
        most: u64,
        /// What is taken.
        taken: u64,
        /// What is needed beyond that.
        needed: u64,
    },
    /// Not at present: the org has its half, and another one needs the other.
    #[error(
        "the requests in flight for this org take {taken} bytes of memory, and this one needs {needed} more: while requests for other orgs come, one org may take half of MAX_IN_FLIGHT_BYTES, {half} bytes; raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once"
    )]
    Org {
        /// Half of `MAX_IN_FLIGHT_BYTES`.
        half: u64,
        /// What the org has taken.
        taken: u64,
        /// What is needed beyond that.
        needed: u64,
    },
    /// Never: one request is made into more than all together may take.
    #[error(
        "the body is made into {needed} bytes, because it holds very many values; all requests in flight may take {most} bytes of memory (MAX_IN_FLIGHT_BYTES): raise it, or send smaller batches"
    )]
    Never {
        /// `MAX_IN_FLIGHT_BYTES`.
        most: u64,
        /// What is needed.
        needed: u64,
    },
}
