//! A view of one object.

use std::{borrow::Cow, fmt};

use super::{Document, Kind, Members, Value, places::Places, string, value::text_of};

/// An object as it stands in its text. A repeated key takes its last value.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    document: &'a Document<'a>,
    first: u32,
    end: u32,
}

/// A key as it stands in the text, in its quotes.
#[derive(Clone, Copy)]
struct ObjectKey<'a> {
    document: &'a Document<'a>,
    start: usize,
    end: usize,
}

impl<'a> ObjectKey<'a> {
    /// Bytes are compared, because it takes longer to cut a text than to tell most keys apart.
    fn is(self, name: &str) -> bool {
        let text = self.document.text().as_bytes();
        // Most keys of one length differ in their first letter, which is compared without a call.
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

    /// The key without quotes and escapes; half a character is replaced.
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

    /// The member of exactly this name.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let [value] = self.pick([name]);
        value
    }

    /// The first member of this name in whatever letter case.
    #[must_use]
    pub fn get_ignoring_case(self, name: &str) -> Option<Value<'a>> {
        let mut members = self.nodes();
        let (_, node) = members.find(|(key, _)| key.text().eq_ignore_ascii_case(name))?;
        Some(Value::at_node(self.document, node))
    }

    /// The members of these names.
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
            .map(move |(key, node)| (key.text(), Value::at_node(self.document, node)))
    }

    /// The keys, each with the node of its value, repeated ones included.
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
    /// The value as an object; `None` where it is none.
    #[must_use]
    pub fn as_object(self) -> Option<Object<'a>> {
        (self.kind() == Kind::Object).then(|| Object::of(self.document(), self.inside()))
    }

    /// The members of an object, each key once; `None` where it is none.
    #[must_use]
    pub fn as_members(self) -> Option<Members<'a>> {
        self.as_object().map(Object::members)
    }

    /// The value at `path` below this one, see [`Object::at`]. A number in the path picks an array's element.
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

/// A bit for names of a length with a first byte (the quote of a name without any), so that most keys need not be compared with
/// any name.
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
