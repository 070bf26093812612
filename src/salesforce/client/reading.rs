//! How an answer is read: as far as it may be long, and as far as there is memory for it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::broken;
use crate::{metrics::Call, salesforce::fault::Fault, server::memory::Memory};

/// The largest answer that is read, in bytes: 8 kB for each of the 2,000 records of a page.
const LARGEST_ANSWER: usize = 16 << 20;

/// The largest answer to a write that is read, in bytes: it is handed on, once for each job.
const LARGEST_ANSWER_TO_WRITE: usize = 1 << 20;

/// How many times its length an answer is counted: as it came, and what is read out of it.
const WEIGHT: usize = 3;

/// How much of an answer to a question is read whether there is room or not, in bytes as it is counted: what five queries of
/// 500 values find. A request that fills the memory would else never have its records.
const MIN_ANSWER_BYTES: u64 = 3 << 20;

/// How an answer is read.
pub(super) struct Reading {
    memory: Memory,
    /// Whether it says what has been written, and is read in any case.
    is_of_write: bool,
    /// How many bytes it may have.
    largest: usize,
}

/// An answer, whose memory counts as long as it is there.
struct Counted {
    body: BytesMut,
    _memory: Memory,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Reading {
    /// How the answer to a call is read, and counted in this memory.
    pub(super) fn of(call: Call, memory: Memory) -> Self {
        let (is_of_write, largest) = match call {
            Call::Token | Call::Query | Call::Describe => (false, LARGEST_ANSWER),
            Call::Collections => (true, LARGEST_ANSWER),
            Call::Write => (true, LARGEST_ANSWER_TO_WRITE),
        };
        Self {
            memory,
            is_of_write,
            largest,
        }
    }

    /// Reads the body of an answer to its end.
    ///
    /// # Errors
    /// [`Fault`] where it is too long, there is no room for it, or it breaks off.
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

    /// Takes the memory of more bytes.
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
        let mut write = Reading::of(Call::Collections, full.memory());
        assert!(write.take(8 << 20).is_ok());
        let mut query = Reading::of(Call::Query, full.memory());
        assert!(query.take(1 << 20).is_ok());
        assert!(matches!(query.take(1), Err(Fault::Overloaded(_))));
        drop((write, query));
        assert_eq!(full.bytes(), 0);
    }
}
