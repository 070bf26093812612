//! The members of an object, to be changed.

use std::{borrow::Cow, collections::HashMap};

use super::{Value, Writer};

/// The members of an object, one level deep, in their order and each key once.
#[derive(Clone, Debug)]
pub struct Members<'a, V = Value<'a>> {
    list: Vec<(Cow<'a, str>, V)>,
    seen: Seen,
    /// Where each key is, once there are more than [`FEW`].
    places: Option<HashMap<Cow<'a, str>, usize>>,
}

/// Up to so many members are compared with a key, which is faster than to hash it.
const FEW: usize = 32;

/// How many members an object of traits or fields has, about.
const USUAL: usize = 16;

/// The shapes of the keys that were there: most keys need not be compared with any to be told apart from all.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u64);

impl Seen {
    /// Whether a key is surely another one than those before.
    fn is_new(&mut self, key: &str) -> bool {
        let ends = [key.bytes().next(), key.bytes().next_back()];
        let [first, last] = ends.map(|byte| usize::from(byte.unwrap_or_default()));
        let shape = 1 << ((key.len() + first * 5 + last * 11) % 64);
        let is_new = self.0 & shape == 0;
        self.0 |= shape;
        is_new
    }
}

impl<'a, V> Members<'a, V> {
    /// Sets a member; a known key keeps its place.
    pub fn set(&mut self, key: Cow<'a, str>, value: V) {
        match self.place(&key) {
            Some(known) => self.list[known].1 = value,
            None => self.push(key, value),
        }
    }

    /// Sets a member that is not there yet.
    pub fn set_absent(&mut self, key: Cow<'a, str>, value: impl FnOnce() -> V) {
        if self.place(&key).is_none() {
            self.push(key, value());
        }
    }

    /// Keeps only the members that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&str, &V) -> bool) {
        self.list.retain(|(key, value)| wanted(key, value));
        self.places = None;
        if self.list.len() > FEW {
            self.count();
        }
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = &(Cow<'a, str>, V)> {
        self.list.iter()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.list.iter().position(|(known, _)| known == key),
        }
    }

    /// Where a key is that is about to be set.
    fn place(&mut self, key: &str) -> Option<usize> {
        if self.seen.is_new(key) {
            return None;
        }
        self.position(key)
    }

    /// Adds a member of which it is known that it is not there.
    fn push(&mut self, key: Cow<'a, str>, value: V) {
        if self.list.is_empty() {
            self.list.reserve(USUAL);
        }
        self.list.push((key, value));
        if self.list.len() > FEW {
            self.count();
        }
    }

    /// Notes where the keys are that it is not known of yet.
    fn count(&mut self) {
        let places = self.places.get_or_insert_default();
        let uncounted = self.list.iter().enumerate().skip(places.len());
        places.extend(uncounted.map(|(place, (key, _))| (key.clone(), place)));
    }

    /// Writes the members as a JSON object, the value of each with `write`.
    pub fn write(&self, json: &mut Writer, write: impl Fn(&str, &V, &mut Writer)) {
        json.object(|json| {
            for (key, value) in self.iter() {
                json.key(key);
                write(key, value, json);
            }
        });
    }
}

impl<'a> Members<'a> {
    /// The member of exactly this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        Some(self.list[self.position(key)?].1)
    }

    /// The value at a dotted path, see [`super::Object::at`].
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Value<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// The members as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Writer::default();
        self.write(&mut json, |_, value, json| json.value(*value));
        json.into_text()
    }
}

impl<V> Default for Members<'_, V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            seen: Seen::default(),
            places: None,
        }
    }
}

/// A repeated key keeps its place and takes its last value.
impl<'a, V> Extend<(Cow<'a, str>, V)> for Members<'a, V> {
    fn extend<I: IntoIterator<Item = (Cow<'a, str>, V)>>(&mut self, members: I) {
        for (key, value) in members {
            self.set(key, value);
        }
    }
}

impl<'a, V> FromIterator<(Cow<'a, str>, V)> for Members<'a, V> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, V)>>(members: I) -> Self {
        let mut distinct = Self::default();
        distinct.extend(members);
        distinct
    }
}

impl<'a, V> IntoIterator for Members<'a, V> {
    type Item = (Cow<'a, str>, V);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
