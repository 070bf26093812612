//! What a job, and a record that it writes, are known by.

/// A job by its content: destination, job id and message. Another rudder-server may use the same job id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(u64, u64);

impl JobId {
    /// The id of a job with these two hashes of its content.
    pub(super) fn new(first: u64, second: u64) -> Self {
        Self(first, second)
    }
}

#[cfg(test)]
impl JobId {
    pub(super) fn of(number: u64) -> Self {
        Self(number, number.rotate_left(32))
    }
}

/// A record that a job writes: the job, and the record's place in it.
pub(super) type PartId = (JobId, usize);
