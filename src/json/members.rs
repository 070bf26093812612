//! The members of an object in a form that can be changed.

use std::{borrow::Cow, collections::HashMap, hash::Hash};

use super::{Value, Writer};

/// The members of an object. Nested objects stay slices of the text.
pub(crate) type Members<'a> = Distinct<Cow<'a, str>, Value<'a>>;

/// Members in insertion order, with unique keys.
#[derive(Clone, Debug)]
pub struct Distinct<K, V> {
    list: Vec<(K, V)>,
    seen: Seen,
    /// The index of each key in `list`, once there are more than [`FEW`].
    places: Option<HashMap<K, usize>>,
}

/// The key of a member.
pub trait MemberName: Clone + Eq + Hash {
    /// A text that is the same for equal names, apart from the case of ASCII letters.
    fn stem(&self) -> &str;
}

impl MemberName for Cow<'_, str> {
    fn stem(&self) -> &str {
        self
    }
}

/// Up to this number of members, a linear search is faster than a hash map.
const FEW: usize = 32;

/// A one-word Bloom filter of the keys, which tells most new keys from all others without a comparison.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u64);

impl Seen {
    /// Adds a key. Returns `true` if it certainly differs from all keys before it.
    #[inline]
    fn note(&mut self, key: &str) -> bool {
        let shape = Self::shape(key.as_bytes());
        let is_new = self.0 & shape == 0;
        self.0 |= shape;
        is_new
    }

    #[inline]
    fn shape(key: &[u8]) -> u64 {
        // The bit in which the upper case and the lower case of an ASCII letter differ.
        const CASE: u8 = 0x20;
        let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | CASE));
        1 << ((key.len() + end(key.first()) * 5 + end(key.last()) * 11) % 64)
    }
}

impl<K: MemberName, V> Distinct<K, V> {
    /// No members, with room for this number of them.
    #[must_use]
    pub fn with_capacity(members: usize) -> Self {
        Self {
            list: Vec::with_capacity(members),
            ..Self::default()
        }
    }

    /// The number of members.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Sets a member. If there is one with an equal key, key and value are replaced, and the new key is returned.
    #[inline]
    pub fn set(&mut self, key: K, value: V) -> Option<&K> {
        let Some(known) = self.place(&key) else {
            self.push(key, value);
            return None;
        };
        self.list[known] = (key, value);
        self.list.get(known).map(|(key, _)| key)
    }

    /// The value of a member, for changing it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.position(key)?;
        Some(&mut self.list[place].1)
    }

    /// Adds a member. The caller has made sure that there is none with this key.
    pub fn add(&mut self, key: K, value: V) {
        debug_assert!(self.position(&key).is_none(), "it is there already");
        self.seen.note(key.stem());
        self.push(key, value);
    }

    /// Adds a member unless there is one with this key.
    pub fn set_absent(&mut self, key: K, value: impl FnOnce() -> V) {
        if self.place(&key).is_none() {
            self.push(key, value());
        }
    }

    /// Keeps only the members for which `wanted` returns `true`.
    pub fn retain(&mut self, wanted: impl Fn(&K, &V) -> bool) {
        self.list.retain(|(key, value)| wanted(key, value));
        self.places = None;
        if self.list.len() > FEW {
            self.index();
        }
    }

    /// The members in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.list.iter()
    }

    fn position(&self, key: &K) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.list.iter().position(|(known, _)| known == key),
        }
    }

    /// The index of a key that the caller is about to set, and that `seen` therefore records.
    #[inline]
    fn place(&mut self, key: &K) -> Option<usize> {
        if self.seen.note(key.stem()) {
            return None;
        }
        self.position(key)
    }

    /// Adds a member whose key is not in the list.
    #[inline]
    fn push(&mut self, key: K, value: V) {
        self.list.push((key, value));
        if self.list.len() > FEW {
            self.index();
        }
    }

    /// Adds the keys that `places` does not contain yet.
    fn index(&mut self) {
        let places = self.places.get_or_insert_default();
        let uncounted = self.list.iter().enumerate().skip(places.len());
        places.extend(uncounted.map(|(place, (key, _))| (key.clone(), place)));
    }
}

impl<'a> Members<'a> {
    /// The value of the member with exactly this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let place = match &self.places {
            Some(places) => *places.get(key)?,
            None => self.list.iter().position(|(known, _)| known == key)?,
        };
        Some(self.list[place].1)
    }

    /// The value at a dotted path, see [`super::Object::at`].
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Value<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// Writes the members as a JSON object. `write` writes each value.
    pub fn write(&self, json: &mut Writer, write: impl Fn(&str, Value<'a>, &mut Writer)) {
        json.object(|json| {
            for (key, value) in self.iter() {
                json.name(key, "");
                write(key, *value, json);
            }
        });
    }

    /// The members as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Writer::default();
        self.write(&mut json, |_, value, json| json.value(value));
        json.into_text()
    }
}

impl<K, V> Default for Distinct<K, V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            seen: Seen::default(),
            places: None,
        }
    }
}

/// A repeated key keeps its first position and takes the last spelling and value.
impl<K: MemberName, V> Extend<(K, V)> for Distinct<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, members: I) {
        for (key, value) in members {
            self.set(key, value);
        }
    }
}

impl<K, V> IntoIterator for Distinct<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
