//! The positions of the values in a text, and which of the values cannot be encoded.

use thiserror::Error;

/// The maximum depth of nested containers.
pub(super) const MAX_DEPTH: usize = 1_000;

/// The result of a scan.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The values in their order: each key before its value, each container before its content.
    pub(super) nodes: Vec<Node>,
    /// The values that cannot be encoded, ordered by the byte at which they begin.
    pub(super) flaws: Vec<(u32, Unencodable)>,
    /// Whether any string contains an escape.
    pub(super) has_escapes: bool,
    /// Whether any key contains an escape, so that keys cannot be compared byte by byte.
    pub(super) has_escaped_keys: bool,
}

/// A value or a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The byte at which it begins; for a repeated value, the index of the node that it repeats.
    pub(super) start: u32,
    /// The byte after it; [`REPEATED`] for a value that equals an earlier one byte for byte.
    pub(super) end: u32,
    /// The index of the next node that is not part of its content.
    pub(super) next: u32,
}

/// The `end` of a node that repeats another one. No value ends at byte 0, so it cannot be mistaken for a position.
pub(super) const REPEATED: u32 = 0;

/// Why a value, although valid JSON, makes decoders of other languages reject the whole text around it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unencodable {
    /// A string with an unpaired surrogate, such as `\ud800`.
    #[error("a text contains an unpaired UTF-16 surrogate (such as \\ud800)")]
    LoneSurrogate,
    /// A number beyond the range of a double, such as `1e400`.
    #[error("a number exceeds the range of a double (such as 1e400)")]
    NumberOutOfRange,
    /// Containers nested too deep. Go's decoder stops at 10,000 levels, and the answer adds some around the value.
    #[error("it nests deeper than {} levels", MAX_DEPTH)]
    TooDeep,
}

impl Places {
    pub(super) const EMPTY: Self = Self {
        nodes: Vec::new(),
        flaws: Vec::new(),
        has_escapes: false,
        has_escaped_keys: false,
    };

    /// The first value between two bytes that cannot be encoded.
    pub(super) fn flaw(&self, start: u32, end: u32) -> Option<Unencodable> {
        let first = self.flaws.partition_point(|(at, _)| *at < start);
        let (at, flaw) = self.flaws.get(first)?;
        (*at < end).then_some(*flaw)
    }
}
