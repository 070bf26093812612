//! Where each value of a JSON text begins and ends.

use std::{borrow::Cow, convert::Infallible, fmt};

use serde::de::{Error, IgnoredAny};
use thiserror::Error;

use super::{
    Value,
    scan::{self, Unplaced},
};

/// A JSON text with the places of its values. A text is at most 4 GiB long.
#[derive(Clone)]
pub struct Document<'t> {
    text: Cow<'t, str>,
    pub(super) places: Places,
}

/// What a walk through a text has found.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The values in their order, each key before its value and each container before what it holds.
    pub(super) nodes: Vec<Node>,
    /// What cannot be carried, by where it is, in order.
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

/// Why a text cannot be walked through.
#[derive(Debug)]
pub enum Unread<E> {
    /// It is no JSON; the error says where.
    NotJson(serde_json::Error),
    /// There is no room for its outline.
    NoRoom(E),
}

/// A value that is valid JSON and still cannot be passed on.
///
/// What is only echoed is never decoded on its way, so such a value would reach rudder-server, whose decoder throws a
/// whole answer away for one of them (`docs/rudder-server.md#json`). It has to fail its own event here.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unencodable {
    /// A `\ud800`-like escape without its other half.
    #[error("a text holds half a character (a lone UTF-16 surrogate such as \\ud800)")]
    LoneSurrogate,
    /// A number such as `1e400`, infinite as a double.
    #[error("a number is too large for a double (such as 1e400)")]
    NumberOutOfRange,
    /// More nesting than a decoder follows: Go's ends at 10,000 levels, and the answer adds some.
    #[error("it nests deeper than {} levels", scan::DEEPEST)]
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

impl<'t> Document<'t> {
    pub(super) const fn new(text: Cow<'t, str>, places: Places) -> Self {
        Self { text, places }
    }

    /// Walks through a text.
    ///
    /// # Errors
    /// [`serde_json::Error`] says where a text is no JSON.
    pub fn read(text: impl Into<Cow<'t, str>>) -> Result<Self, serde_json::Error> {
        let unlimited = |_| Ok::<(), Infallible>(());
        Self::read_within(text, unlimited).map_err(|unread| match unread {
            Unread::NotJson(error) => error,
            Unread::NoRoom(never) => match never {},
        })
    }

    /// Walks through a text, and asks for the memory of its outline as it grows, in bytes.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn read_within<E>(
        text: impl Into<Cow<'t, str>>,
        mut room: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Self, Unread<E>> {
        let text = text.into();
        let mut refused = None;
        let mut has_room = |bytes| {
            refused = room(bytes).err();
            refused.is_none()
        };
        let places = scan::places(&text, &mut has_room);
        match (places, refused) {
            (Ok(places), _) => Ok(Self::new(text, places)),
            (Err(Unplaced::NoRoom), Some(error)) => Err(Unread::NoRoom(error)),
            (Err(Unplaced::NoJson | Unplaced::NoRoom), _) => Err(Unread::NotJson(why_not(&text))),
        }
    }

    /// The text's value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value::at_node(self, 0)
    }

    pub(super) fn has_escapes(&self) -> bool {
        self.places.has_escapes
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The position of the node that the one at a position repeats, or that position itself.
    pub(super) fn original(&self, index: u32) -> u32 {
        let node = self.places.nodes[index as usize];
        if node.end == REPEATED {
            node.start
        } else {
            index
        }
    }
}

/// What is wrong with a text that is no JSON, in the words of a reader that keeps count of lines.
fn why_not(text: &str) -> serde_json::Error {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => error,
        Ok(IgnoredAny) => serde_json::Error::custom("it is longer than 4 GiB"),
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<JSON of {} bytes>", self.text.len())
    }
}
