//! A view of one object.

use std::{borrow::Cow, fmt};

use super::{Document, Members, Value, document::Places, string, value::text_of};

/// An object as it stands in its text. A repeated key takes its last value.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    outline: &'a Document<'a>,
    first: u32,
    end: u32,
}

/// A key as it stands in the text, in its quotes.
#[derive(Clone, Copy)]
struct Key<'a> {
    outline: &'a Document<'a>,
    start: usize,
    end: usize,
}

impl<'a> Key<'a> {
    /// Bytes are compared, because it takes longer to cut a text than to tell most keys apart.
    fn is(self, name: &str) -> bool {
        let text = self.outline.text().as_bytes();
        // Most keys of one length differ in their first letter, which is compared without a call.
        let is_plain = self.end - self.start == name.len() + 2
            && (name.bytes().next()).is_none_or(|first| text[self.start + 1] == first)
            && text[self.start + 1..self.end - 1] == *name.as_bytes();
        is_plain || (self.outline.places.has_escaped_keys && self.text() == name)
    }

    fn has_dot(self) -> bool {
        let text = self.outline.text().as_bytes();
        let is_escaped = self.outline.places.has_escaped_keys;
        string::has_dot(text, self.start..self.end) || (is_escaped && self.text().contains('.'))
    }

    /// The key without quotes and escapes; half a character is replaced, as its event is refused in any case.
    fn text(self) -> Cow<'a, str> {
        let text = self.outline.text();
        if self.outline.places.has_escaped_keys {
            text_of(&text[self.start..self.end]).unwrap_or(Cow::Borrowed("\u{FFFD}"))
        } else {
            Cow::Borrowed(&text[self.start + 1..self.end - 1])
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn of(outline: &'a Document<'a>, (first, end): (u32, u32)) -> Self {
        Self {
            outline,
            first,
            end,
        }
    }

    /// The member of exactly this name.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let [value] = self.pick([name]);
        value
    }

    /// The first member of this name in whatever letter case, of which Salesforce's answers have one.
    #[must_use]
    pub fn get_ignoring_case(self, name: &str) -> Option<Value<'a>> {
        let mut members = self.nodes();
        let (_, node) = members.find(|(key, _)| key.text().eq_ignore_ascii_case(name))?;
        Some(Value::at_node(self.outline, node))
    }

    /// The members of these names.
    #[must_use]
    pub fn pick<const N: usize>(self, names: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut picked = [None; N];
        let lengths = names
            .iter()
            .fold(0, |all, name| all | length_bit(name.len()));
        let may_be_meant = |key: Key<'_>| {
            let length = key.end - key.start - 2;
            lengths & length_bit(length) != 0 || key.outline.places.has_escaped_keys
        };
        for (key, node) in self.nodes().filter(|(key, _)| may_be_meant(*key)) {
            if let Some(index) = names.iter().position(|name| key.is(name)) {
                picked[index] = Some(Value::at_node(self.outline, node));
            }
        }
        picked
    }

    /// The value at a dotted path: a key that is spelled like the whole path comes first, then each way to split it.
    #[must_use]
    pub fn at(self, path: &str) -> Option<Value<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// Whether any key holds a dot, so that a path may be spelled out in it.
    #[must_use]
    pub fn has_dotted_keys(self) -> bool {
        self.nodes().any(|(key, _)| key.has_dot())
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first == self.end
    }

    /// The members in their order. A repeated key keeps its place and takes its last value.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        let mut members = Members::with_capacity(self.nodes().count());
        members.extend(self.iter());
        members
    }

    /// The members as they stand, repeated keys included.
    pub fn iter(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.nodes()
            .map(move |(key, node)| (key.text(), Value::at_node(self.outline, node)))
    }

    /// The keys, each with the node of its value, repeated ones included.
    fn nodes(self) -> impl Iterator<Item = (Key<'a>, u32)> {
        let nodes = self.outline.places.nodes.as_slice();
        let mut index = self.first;
        std::iter::from_fn(move || {
            if index >= self.end {
                return None;
            }
            let (node, value) = (nodes[index as usize], index + 1);
            index = nodes[value as usize].next;
            let key = Key {
                outline: self.outline,
                start: node.start as usize,
                end: node.end as usize,
            };
            Some((key, value))
        })
    }
}

/// A bit for names of a length, so that keys of other lengths need not be compared with any.
fn length_bit(length: usize) -> u64 {
    1 << (length % 64)
}

/// An object without members.
impl Default for Object<'_> {
    fn default() -> Self {
        Self::of(&EMPTY, (0, 0))
    }
}

static EMPTY: Document<'static> = Document::new(Cow::Borrowed("{}"), Places::EMPTY);

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<an object of {} members>", self.nodes().count())
    }
}
