//! A view of a value.

use std::{borrow::Cow, fmt, ops::Range};

use super::{
    Document,
    places::{Node, Unencodable},
};

/// A view of a JSON value in its text. `Debug` shows its kind and length, never its content.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    document: &'a Document<'a>,
    node: u32,
}

/// The kind of a [`Value`], determined by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, of any size and precision.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// This kind in words, with the article, for an error message.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl Document<'_> {
    /// The outermost value of the text.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value::at_node(self, 0)
    }
}

impl<'a> Value<'a> {
    pub(super) fn at_node(document: &'a Document<'a>, index: u32) -> Self {
        Self {
            document,
            node: document.original(index),
        }
    }

    pub(super) fn document(self) -> &'a Document<'a> {
        self.document
    }

    fn place(self) -> Node {
        self.document.places.nodes[self.node as usize]
    }

    /// The range of the value's bytes in the text.
    fn range(self) -> Range<usize> {
        let place = self.place();
        place.start as usize..place.end as usize
    }

    /// The value's kind.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.bytes().first() {
            Some(b'n') | None => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'"') => Kind::Text,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(_) => Kind::Number,
        }
    }

    /// The value's JSON text, unchanged.
    #[must_use]
    pub fn json(self) -> &'a str {
        &self.document.text()[self.range()]
    }

    /// The value's JSON text as bytes. Slicing bytes is faster than slicing a `str`.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        &self.document.text().as_bytes()[self.range()]
    }

    /// A copy of the value's text that outlives the document. It is never `None`, because the value is valid JSON.
    #[must_use]
    pub fn to_document(self) -> Option<Document<'static>> {
        Document::read(self.json().to_owned()).ok()
    }

    /// Whether both are the same place in the same document, or one repeats the other. Values may be equal although this is
    /// `false`.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.node == other.node
    }

    /// Whether the texts of both are equal byte for byte.
    #[must_use]
    pub fn is_same_as(self, other: Self) -> bool {
        self.is(other) || self.json() == other.json()
    }

    /// Why the first value in it, at any depth, cannot be encoded; `None` if all can.
    #[must_use]
    pub fn flaw(self) -> Option<Unencodable> {
        let place = self.place();
        self.document.places.flaw(place.start, place.end)
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether the value is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.bytes() == b"true"
    }

    /// Whether the value is neither `null` nor `""`.
    #[must_use]
    pub fn is_present(self) -> bool {
        !matches!(self.bytes(), b"null" | b"\"\"")
    }

    /// Whether JavaScript considers the value true: it is not `null`, `false`, `""` or zero.
    #[must_use]
    pub fn is_truthy(self) -> bool {
        match self.kind() {
            Kind::Null => false,
            Kind::Bool => self.is_true(),
            Kind::Text => self.is_present(),
            Kind::Number => self.json().parse::<f64>().is_ok_and(|number| number != 0.0),
            Kind::Array | Kind::Object => true,
        }
    }

    /// The content of a string, borrowed if it contains no escape; `None` for another kind and for an unpaired surrogate.
    #[must_use]
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::Text {
            return None;
        }
        if self.document.has_escapes() {
            return text_of(self.json());
        }
        let range = self.range();
        Some(Cow::Borrowed(
            &self.document.text()[range.start + 1..range.end - 1],
        ))
    }

    /// The content of a string, or the text of a number; `None` for another kind.
    #[must_use]
    pub fn as_text_or_number(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text => self.as_text(),
            Kind::Number => Some(Cow::Borrowed(self.json())),
            Kind::Null | Kind::Bool | Kind::Array | Kind::Object => None,
        }
    }

    /// Whether the value is a string with this content, or a number with this text.
    #[must_use]
    pub fn says(self, text: &str) -> bool {
        let is_plain = self.bytes().strip_prefix(b"\"").is_some_and(|rest| {
            rest.strip_suffix(b"\"") == Some(text.as_bytes()) && !text.contains('\\')
        });
        is_plain || self.as_text_or_number().as_deref() == Some(text)
    }

    /// The elements of an array; `None` for another kind.
    #[must_use]
    pub fn as_array(self) -> Option<Vec<Value<'a>>> {
        if self.kind() != Kind::Array {
            return None;
        }
        let (mut index, end) = self.inside();
        let mut elements = Vec::new();
        while index < end {
            elements.push(Self::at_node(self.document, index));
            index = self.document.places.nodes[index as usize].next;
        }
        Some(elements)
    }

    /// The number of an array's elements or an object's members, repeated keys included; 0 for another kind.
    #[must_use]
    pub fn count(self) -> usize {
        let (mut index, end) = self.inside();
        let step = match self.kind() {
            Kind::Array => 0,
            Kind::Object => 1,
            Kind::Null | Kind::Bool | Kind::Number | Kind::Text => return 0,
        };
        let mut count = 0;
        while index < end {
            count += 1;
            index = self.document.places.nodes[(index + step) as usize].next;
        }
        count
    }

    /// The number of values and keys in it, at any depth.
    #[must_use]
    pub fn holds(self) -> usize {
        let (first, end) = self.inside();
        (end - first) as usize
    }

    /// The nodes inside a container: the index of the first, and the index after the last.
    pub(super) fn inside(self) -> (u32, u32) {
        (self.node + 1, self.place().next)
    }
}

/// The content of a string, given with its quotes.
pub(super) fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} of {} bytes>", self.kind().noun(), self.json().len())
    }
}
