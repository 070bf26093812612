//! A JSON text, and where each of its values begins and ends.

use std::{borrow::Cow, convert::Infallible, fmt};

use serde::de::{Error as _, IgnoredAny};
use thiserror::Error;

use super::{
    places::{Places, REPEATED},
    scan::{self, Unplaced},
};

/// A JSON text that has been read: its values are found without parsing it again. A text is at most 4 GiB long.
#[derive(Clone)]
pub struct Document<'t> {
    text: Cow<'t, str>,
    pub(super) places: Places,
}

/// Why a text is not JSON, and where.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct SyntaxError(serde_json::Error);

impl SyntaxError {
    /// The line of the first character that is wrong, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line()
    }

    /// The column of the first character that is wrong, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column()
    }
}

/// Why a text cannot be read.
#[derive(Debug)]
pub enum Unread<E> {
    /// It is not JSON.
    NotJson(SyntaxError),
    /// Its document takes more memory than there is.
    NoRoom(E),
}

impl<'t> Document<'t> {
    pub(super) const fn new(text: Cow<'t, str>, places: Places) -> Self {
        Self { text, places }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`SyntaxError`] where it is not JSON, or longer than 4 GiB.
    pub fn read(text: impl Into<Cow<'t, str>>) -> Result<Self, SyntaxError> {
        let unlimited = |_| Ok::<(), Infallible>(());
        Self::read_within(text, None, unlimited).map_err(|unread| match unread {
            Unread::NotJson(error) => error,
            Unread::NoRoom(never) => match never {},
        })
    }

    /// Reads a text, and asks `reserve` for the memory of the document as it grows, in bytes.
    ///
    /// `repeating` names a key under which objects are often equal throughout the text. An object under it that equals an
    /// earlier one byte for byte is compared instead of read again, and [`super::Value::is`] tells that both are one.
    ///
    /// # Errors
    /// [`Unread`] where the text is not JSON, and where `reserve` refuses.
    pub fn read_within<E>(
        text: impl Into<Cow<'t, str>>,
        repeating: Option<&str>,
        mut reserve: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Self, Unread<E>> {
        let text = text.into();
        let mut refused = None;
        let mut has_memory = |bytes| {
            refused = reserve(bytes).err();
            refused.is_none()
        };
        let places = scan::places(&text, repeating, &mut has_memory);
        match (places, refused) {
            (Ok(places), _) => Ok(Self::new(text, places)),
            (Err(Unplaced::NoRoom), Some(error)) => Err(Unread::NoRoom(error)),
            (Err(Unplaced::NoJson | Unplaced::NoRoom), _) => Err(Unread::NotJson(why_not(&text))),
        }
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

/// What is wrong with a text that is not JSON. The scan does not keep it; `serde_json` finds it again, with its line.
fn why_not(text: &str) -> SyntaxError {
    SyntaxError(match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => error,
        Ok(IgnoredAny) => serde_json::Error::custom("it is longer than 4 GiB"),
    })
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<JSON of {} bytes>", self.text.len())
    }
}
