//! A JSON text and the positions of its values.

use std::{borrow::Cow, convert::Infallible, fmt};

use serde::de::{Error as _, IgnoredAny};
use thiserror::Error;

use super::{
    places::{Places, REPEATED},
    scan::{self, Unplaced},
};

/// A JSON text that has been scanned, so that its values are found without parsing it again. It is at most 4 GiB long.
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
    /// The line of the first invalid character, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line()
    }

    /// What is wrong there, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        let place = format!(" at line {} column {}", self.line(), self.column());
        let text = self.0.to_string();
        text.strip_suffix(&place)
            .map_or(text.clone(), ToOwned::to_owned)
    }

    /// The column of the first invalid character, counted from 1.
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
    /// There is not enough memory for its document.
    NoRoom(E),
}

impl<'t> Document<'t> {
    pub(super) const fn new(text: Cow<'t, str>, places: Places) -> Self {
        Self { text, places }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`SyntaxError`] if it is not JSON, or longer than 4 GiB.
    pub fn read(text: impl Into<Cow<'t, str>>) -> Result<Self, SyntaxError> {
        let unlimited = |_| Ok::<(), Infallible>(());
        Self::read_within(text, None, unlimited).map_err(|unread| match unread {
            Unread::NotJson(error) => error,
            Unread::NoRoom(never) => match never {},
        })
    }

    /// Reads a text and calls `reserve` with the number of bytes whenever the document needs more memory.
    ///
    /// `repeating` names a key whose objects are often equal throughout the text. If such an object equals an earlier one
    /// byte for byte, it is not scanned again, and [`super::Value::is`] reports that both are the same.
    ///
    /// # Errors
    /// [`Unread`] if the text is not JSON, or if `reserve` fails.
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

    /// The index of the node that the node at this index repeats, or this index if it repeats none.
    pub(super) fn original(&self, index: u32) -> u32 {
        let node = self.places.nodes[index as usize];
        if node.end == REPEATED {
            node.start
        } else {
            index
        }
    }
}

/// What is wrong with a text that is not JSON. The scan does not record it, so `serde_json` parses the text again to find it.
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
