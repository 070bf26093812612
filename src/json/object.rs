//! A view of one object.

use std::{borrow::Cow, fmt};

use super::{Document, Kind, Members, Value, places::Places, string, value::text_of};

/// A view of an object in its text. If a key is repeated, its last value counts.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    document: &'a Document<'a>,
    first: u32,
    end: u32,
}

/// A key in the text, quotes included.
#[derive(Clone, Copy)]
struct ObjectKey<'a> {
    document: &'a Document<'a>,
    start: usize,
    end: usize,
}

impl<'a> ObjectKey<'a> {
    /// Compares bytes, because slicing a `str` takes longer than telling most keys apart.
    fn is(self, name: &str) -> bool {
        let text = self.document.text().as_bytes();
        // Most keys of the same length differ in their first byte. Comparing it first saves the call to `memcmp`.
        let is_plain = self.end - self.start == name.len() + 2
            && (name.bytes().next()).is_none_or(|first| text[self.start + 1] == first)
            && text[self.start + 1..self.end - 1] == *name.as_bytes();
        is_plain || (self.document.places.has_escaped_keys && self.text() == name)
    }

    fn has_dot(self) -> bool {
        let text = self.document.text().as_bytes();
        let is_escaped = self.document.places.has_escaped_keys;
        string::has_dot(text, self.start..self.end) || (is_escaped && self.text().contains('.'))
    }

    /// The key without quotes and escapes. A key with an unpaired surrogate becomes U+FFFD.
    fn text(self) -> Cow<'a, str> {
        let text = self.document.text();
        if self.document.places.has_escaped_keys {
            text_of(&text[self.start..self.end]).unwrap_or(Cow::Borrowed("\u{FFFD}"))
        } else {
            Cow::Borrowed(&text[self.start + 1..self.end - 1])
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn of(document: &'a Document<'a>, (first, end): (u32, u32)) -> Self {
        Self {
            document,
            first,
            end,
        }
    }

    /// The value of the member with exactly this name.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let [value] = self.pick([name]);
        value
    }

    /// The value of the first member with this name, ignoring letter case.
    #[must_use]
    pub fn get_ignoring_case(self, name: &str) -> Option<Value<'a>> {
        let mut members = self.nodes();
        let (_, node) = members.find(|(key, _)| key.text().eq_ignore_ascii_case(name))?;
        Some(Value::at_node(self.document, node))
    }

    /// The values of the members with these names.
    #[must_use]
    pub fn pick<const N: usize>(self, names: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut picked = [None; N];
        let shapes = names.iter().fold(0, |all, name| {
            let first = name.bytes().next().unwrap_or(b'"');
            all | shape(first, name.len())
        });
        let text = self.document.text().as_bytes();
        let may_be_meant = |key: ObjectKey<'_>| {
            let shape = shape(text[key.start + 1], key.end - key.start - 2);
            shapes & shape != 0 || key.document.places.has_escaped_keys
        };
        for (key, node) in self.nodes().filter(|(key, _)| may_be_meant(*key)) {
            if let Some(index) = names.iter().position(|name| key.is(name)) {
                picked[index] = Some(Value::at_node(self.document, node));
            }
        }
        picked
    }

    /// The value at a dotted path. A key that equals the whole path counts first, then each way to split the path at a dot.
    #[must_use]
    pub fn at(self, path: &str) -> Option<Value<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// Whether any key contains a dot and so might equal a path.
    #[must_use]
    pub fn has_dotted_keys(self) -> bool {
        self.nodes().any(|(key, _)| key.has_dot())
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first == self.end
    }

    /// The members in their order. A repeated key keeps its first position and takes its last value.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        let mut members = Members::with_capacity(self.nodes().count());
        members.extend(self.iter());
        members
    }

    /// The members in their order, repeated keys included.
    pub fn iter(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.nodes()
            .map(move |(key, node)| (key.text(), Value::at_node(self.document, node)))
    }

    /// Each key with the node of its value, repeated keys included.
    fn nodes(self) -> impl Iterator<Item = (ObjectKey<'a>, u32)> {
        let nodes = self.document.places.nodes.as_slice();
        let mut index = self.first;
        std::iter::from_fn(move || {
            if index >= self.end {
                return None;
            }
            let (node, value) = (nodes[index as usize], index + 1);
            index = nodes[value as usize].next;
            let key = ObjectKey {
                document: self.document,
                start: node.start as usize,
                end: node.end as usize,
            };
            Some((key, value))
        })
    }
}

impl<'a> Value<'a> {
    /// The value as an object; `None` if it is anything else.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'a>> {
        (self.kind() == Kind::Object).then(|| Object::of(self.document(), self.inside()))
    }

    /// The members of an object, with unique keys; `None` if the value is not an object.
    #[must_use]
    pub fn as_members(self) -> Option<Members<'a>> {
        self.as_object().map(Object::members)
    }

    /// The value at a dotted path below this one, see [`Object::at`]. A number in the path is the index of an array's element.
    #[must_use]
    pub fn at(self, path: &str) -> Option<Value<'a>> {
        match self.kind() {
            Kind::Object => self.as_object()?.at(path),
            Kind::Array => {
                let (index, rest) = path
                    .split_once('.')
                    .map_or((path, None), |(index, rest)| (index, Some(rest)));
                let element = *self.as_array()?.get(index.parse::<usize>().ok()?)?;
                rest.map_or(Some(element), |rest| element.at(rest))
            }
            Kind::Null | Kind::Bool | Kind::Number | Kind::Text => None,
        }
    }
}

/// One of 64 bits, chosen by the length and the first byte of a name (the quote, if the name is empty). Keys whose bit
/// differs from those of all names need no comparison.
fn shape(first: u8, length: usize) -> u64 {
    1 << ((length + usize::from(first) * 5) % 64)
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
