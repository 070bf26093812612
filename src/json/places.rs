//! Where the values of a text are, and which of them cannot be encoded.

use thiserror::Error;

/// How deep a text may nest.
pub(super) const MAX_DEPTH: usize = 1_000;

/// The result of a scan.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The values in their order, each key before its value and each container before what it holds.
    pub(super) nodes: Vec<Node>,
    /// The values that cannot be encoded, by the byte at which they begin, in order.
    pub(super) flaws: Vec<(u32, Unencodable)>,
    /// Whether any text is written with escapes.
    pub(super) has_escapes: bool,
    /// Whether a key anywhere is written with escapes, so that keys cannot be compared as they stand.
    pub(super) has_escaped_keys: bool,
}

/// A value or a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The byte at which it begins; of a repeated value, the node that it repeats.
    pub(super) start: u32,
    /// The byte after it; [`REPEATED`] for a value that is the same, byte for byte, as an earlier one.
    pub(super) end: u32,
    /// The node after it and all that it holds.
    pub(super) next: u32,
}

/// The end of a node that only repeats another: no value ends where the text begins.
pub(super) const REPEATED: u32 = 0;

/// A value that is valid JSON and still breaks the decoders of other languages, which fail the whole text that holds it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unencodable {
    /// A `\ud800`-like escape without its other half.
    #[error("a text contains half a character (a lone UTF-16 surrogate such as \\ud800)")]
    LoneSurrogate,
    /// A number that is infinite as a double, such as `1e400`.
    #[error("a number exceeds the range of a double (such as 1e400)")]
    NumberOutOfRange,
    /// More nesting than a decoder follows: Go's ends at 10,000 levels, and the answer adds some.
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

    /// The first flaw between two bytes.
    pub(super) fn flaw(&self, start: u32, end: u32) -> Option<Unencodable> {
        let first = self.flaws.partition_point(|(at, _)| *at < start);
        let (at, flaw) = self.flaws.get(first)?;
        (*at < end).then_some(*flaw)
    }
}
