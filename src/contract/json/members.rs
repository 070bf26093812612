//! The members of an object, to be changed.

use std::{borrow::Cow, collections::HashMap};

use super::{Value, Writer};

/// The members of an object, one level deep, in their order and each key once.
#[derive(Clone, Debug)]
pub struct Members<'a, V = Value<'a>> {
    list: Vec<(Cow<'a, str>, V)>,
    /// Where each key is, once there are more than [`FEW`].
    places: HashMap<Cow<'a, str>, usize>,
}

/// Up to so many members are compared with a key, which is faster than to hash it.
const FEW: usize = 32;

impl<'a, V> Members<'a, V> {
    /// Room for about so many members, as far as an author may be trusted with it.
    fn with_room_for(members: usize) -> Self {
        Self {
            list: Vec::with_capacity(members.min(FEW)),
            places: HashMap::new(),
        }
    }

    /// Sets a member; a known key keeps its place.
    pub fn set(&mut self, key: Cow<'a, str>, value: V) {
        match self.position(&key) {
            Some(known) => self.list[known].1 = value,
            None => self.push(key, value),
        }
    }

    /// Sets a member that is not there yet.
    pub fn set_absent(&mut self, key: Cow<'a, str>, value: impl FnOnce() -> V) {
        if self.position(&key).is_none() {
            self.push(key, value());
        }
    }

    /// Keeps only the members that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&str, &V) -> bool) {
        self.list.retain(|(key, value)| wanted(key, value));
        self.places.clear();
        if self.list.len() > FEW {
            self.count();
        }
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = &(Cow<'a, str>, V)> {
        self.list.iter()
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.list.len() > FEW {
            return self.places.get(key).copied();
        }
        self.list.iter().position(|(known, _)| known == key)
    }

    /// Adds a member of which it is known that it is not there.
    fn push(&mut self, key: Cow<'a, str>, value: V) {
        self.list.push((key, value));
        if self.list.len() > FEW {
            self.count();
        }
    }

    /// Notes where the keys are that it is not known of yet.
    fn count(&mut self) {
        let uncounted = self.list.iter().enumerate().skip(self.places.len());
        self.places
            .extend(uncounted.map(|(place, (key, _))| (key.clone(), place)));
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
        Self::with_room_for(0)
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
        let members = members.into_iter();
        let mut distinct = Self::with_room_for(members.size_hint().0);
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
