//! Reads responses within a maximum size and the available memory.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::broken;
use crate::{metrics::Call, salesforce::fault::Fault, server::memory::Memory};

/// The maximum size of a response, in bytes: 8 kB for each of the 2,000 records of a page.
const MAX_ANSWER: usize = 16 << 20;

/// The maximum size of the response to a write, in bytes. It is smaller because the response is passed on once for each
/// job.
const MAX_WRITE_ANSWER: usize = 1 << 20;

/// The factor by which the length of a response counts against the memory limit: the raw bytes, and the data parsed
/// from them.
const WEIGHT: usize = 3;

/// The number of bytes, counted with that factor, that a read may take even if no memory is free: the result of five
/// queries with 500 values each. Otherwise a request that fills the memory could never look up its records.
const MIN_ANSWER_BYTES: u64 = 3 << 20;

/// How a response is read.
pub(super) struct BodyReader {
    memory: Memory,
    /// Whether the response reports what was written. Such a response is read in any case.
    is_of_write: bool,
    /// The maximum size in bytes.
    largest: usize,
}

/// A response whose memory counts for as long as it is kept.
struct Counted {
    body: BytesMut,
    _memory: Memory,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl BodyReader {
    /// How the response to a call is read; its bytes are added to `memory`.
    pub(super) fn of(call: Call, memory: Memory) -> Self {
        let (is_of_write, largest) = match call {
            Call::Token | Call::Query | Call::Describe => (false, MAX_ANSWER),
            Call::Collections => (true, MAX_ANSWER),
            Call::Write => (true, MAX_WRITE_ANSWER),
        };
        Self {
            memory,
            is_of_write,
            largest,
        }
    }

    /// Reads the whole body of a response.
    ///
    /// # Errors
    /// [`Fault`] if the body is too long, no memory is free for it, or it is incomplete.
    pub(super) async fn body(
        mut self,
        response: &mut Response,
        timeout: Duration,
    ) -> Result<Bytes, Fault> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| broken(error, timeout))?
        {
            if body.len() + chunk.len() > self.largest {
                let largest = self.largest;
                return Err(Fault::Unreadable(format!(
                    "it is larger than {largest} bytes"
                )));
            }
            self.take(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        Ok(Bytes::from_owner(Counted {
            body,
            _memory: self.memory,
        }))
    }

    /// Reserves memory for more bytes.
    fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        let counted = bytes * WEIGHT;
        if self.is_of_write || self.memory.bytes() < MIN_ANSWER_BYTES {
            self.memory.count(counted);
            return Ok(());
        }
        self.memory.grow(counted).map_err(Fault::Overloaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::memory::InFlight;

    #[test]
    fn what_says_what_was_written_is_read_in_any_case_and_an_honest_page_too() {
        let full = InFlight::new(1);
        let mut write = BodyReader::of(Call::Collections, full.memory());
        assert!(write.take(8 << 20).is_ok());
        let mut query = BodyReader::of(Call::Query, full.memory());
        assert!(query.take(1 << 20).is_ok());
        assert!(matches!(query.take(1), Err(Fault::Overloaded(_))));
        drop((write, query));
        assert_eq!(full.bytes(), 0);
    }
}
