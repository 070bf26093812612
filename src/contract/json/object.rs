//! A view of one object.

use std::{borrow::Cow, fmt};

use super::{Members, Outline, Value, outline::Places, value::text_of};

/// An object as it stands in its text. A repeated key takes its last value.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    outline: &'a Outline<'a>,
    first: u32,
    end: u32,
}

/// A key as it stands in the text, in its quotes.
#[derive(Clone, Copy)]
struct Key<'a> {
    json: &'a str,
    /// Whether it may hold escapes.
    is_escaped: bool,
}

impl<'a> Key<'a> {
    fn is(self, name: &str) -> bool {
        let inner = &self.json[1..self.json.len() - 1];
        inner == name || (self.is_escaped && self.text() == name)
    }

    /// The key without quotes and escapes; half a character is replaced, as its event is refused in any case.
    fn text(self) -> Cow<'a, str> {
        if self.is_escaped {
            text_of(self.json).unwrap_or(Cow::Borrowed("\u{FFFD}"))
        } else {
            Cow::Borrowed(&self.json[1..self.json.len() - 1])
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn of(outline: &'a Outline<'a>, (first, end): (u32, u32)) -> Self {
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

    /// The first member of this name in whatever letter case.
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
        for (key, node) in self.nodes() {
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
        self.nodes().any(|(key, _)| key.text().contains('.'))
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first == self.end
    }

    /// The members in their order. A repeated key keeps its place and takes its last value.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        let members = self.nodes();
        members
            .map(|(key, node)| (key.text(), Value::at_node(self.outline, node)))
            .collect()
    }

    /// The keys, each with the node of its value, repeated ones included.
    fn nodes(self) -> impl Iterator<Item = (Key<'a>, u32)> {
        let nodes = self.outline.places.nodes.as_slice();
        let is_escaped = self.outline.places.has_escaped_keys;
        let mut index = self.first;
        std::iter::from_fn(move || {
            if index >= self.end {
                return None;
            }
            let (key, value) = (nodes[index as usize], index + 1);
            index = nodes[value as usize].next;
            let json = &self.outline.text()[key.start as usize..key.end as usize];
            Some((Key { json, is_escaped }, value))
        })
    }
}

/// An object without members.
impl Default for Object<'_> {
    fn default() -> Self {
        Self::of(&EMPTY, (0, 0))
    }
}

static EMPTY: Outline<'static> = Outline::new(Cow::Borrowed("{}"), Places::EMPTY);

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<an object of {} members>", self.nodes().count())
    }
}
