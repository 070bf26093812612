//! The members of a JSON object.

use std::{borrow::Cow, fmt};

use indexmap::IndexMap;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use super::Value;

/// The members of a JSON object, one level deep, in their order. A repeated key keeps its place and takes its last value.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(IndexMap<Cow<'a, str>, Value<'a>>);

impl<'a> Object<'a> {
    /// The member of exactly this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.0.get(key).copied()
    }

    /// The value at a dotted path: a key that is spelled like the whole path comes first, then each way to split it.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Value<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.')
                .find_map(|(dot, _)| self.get(&path[..dot])?.at(&path[dot + 1..]))
        })
    }

    /// Sets a member; a known key keeps its place.
    pub fn set(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.0.insert(key, value);
    }

    /// Keeps only the members whose key is wanted.
    pub fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|key, _| wanted(key));
    }

    /// The object as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Keys are texts and values JSON already: nothing can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Cow<'a, str>, Value<'a>)> {
        self.0.iter().map(|(key, value)| (key, *value))
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = IndexMap::with_capacity(16);
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.insert(key, value);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// An object's key, borrowed where it holds no escape (serde borrows a `Cow` only as a field that says so).
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
