//! Splits server-sent events into blocks.

use thiserror::Error;

/// The maximum length of a block, in bytes: far more than an event of the admin address has.
const MAX_BLOCK: usize = 1 << 20;

/// One server-sent event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its id, if it has one.
    pub(super) id: Option<String>,
    /// Its data: JSON.
    pub(super) data: String,
}

/// The bytes that have arrived and are no whole block yet.
#[derive(Debug, Default)]
pub(super) struct Blocks(Vec<u8>);

/// The answer is not what the admin address sends.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum NoEventStream {
    /// A block does not end.
    #[error("the answer is no stream of events: more than {MAX_BLOCK} bytes come without an end")]
    TooLong,
    /// The text is not UTF-8.
    #[error("the answer is no stream of events: it is no UTF-8 text")]
    NoText,
}

impl Blocks {
    /// Adds bytes, and takes the blocks that are whole. Comments are left out.
    ///
    /// # Errors
    /// [`NoEventStream`].
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Block>, NoEventStream> {
        self.0.extend_from_slice(bytes);
        let mut blocks = Vec::new();
        let mut start = 0;
        while let Some(length) = self.0[start..].windows(2).position(|end| end == b"\n\n") {
            let block = &self.0[start..start + length];
            let block = str::from_utf8(block).map_err(|_| NoEventStream::NoText)?;
            blocks.extend(Block::read(block));
            start += length + 2;
        }
        self.0.drain(..start);
        if self.0.len() > MAX_BLOCK {
            return Err(NoEventStream::TooLong);
        }
        Ok(blocks)
    }
}

impl Block {
    /// Reads a block; `None` if it has no data.
    fn read(text: &str) -> Option<Self> {
        let of = |name: &'static str| {
            let lines = text.lines().filter_map(move |line| line.strip_prefix(name));
            lines.map(|value| value.strip_prefix(' ').unwrap_or(value))
        };
        let data: Vec<&str> = of("data:").collect();
        (!data.is_empty()).then(|| Self {
            id: of("id:").next().map(ToOwned::to_owned),
            data: data.join("\n"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_wherever_the_bytes_are_split() {
        let stream = ": comment\n\nevent: event\nid: 5-1\ndata: {\"é\":1}\n\ndata: a\ndata: b\n\nid: 5-2\nda";
        let block = |id: Option<&str>, data: &str| Block {
            id: id.map(ToOwned::to_owned),
            data: data.to_owned(),
        };
        let expected = [block(Some("5-1"), "{\"é\":1}"), block(None, "a\nb")];
        for size in 1..stream.len() {
            let mut blocks = Blocks::default();
            let chunks = stream.as_bytes().chunks(size);
            let read: Vec<_> = chunks
                .flat_map(|chunk| blocks.push(chunk).unwrap())
                .collect();
            assert_eq!(read, expected, "{size}");
        }
    }

    #[test]
    fn what_is_no_stream_of_events_is_told() {
        let mut blocks = Blocks::default();
        assert_eq!(
            blocks.push(&vec![b'x'; MAX_BLOCK + 1]),
            Err(NoEventStream::TooLong)
        );
        assert_eq!(
            Blocks::default().push(b"\xff\n\n"),
            Err(NoEventStream::NoText)
        );
    }
}
