//! Maps by key: a key brings its hash along, which is not hashed once more.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use indexmap::IndexMap;

use super::key::Key;

/// What is known by key.
pub(crate) type ByKey<V> = HashMap<Key, V, BuildHasherDefault<OwnHash>>;

/// What is known by key, in the order in which the keys came.
pub(crate) type InOrderByKey<V> = IndexMap<Key, V, BuildHasherDefault<OwnHash>>;

/// Takes the hash of a key, which nobody can foresee, as it is.
#[derive(Debug, Default)]
pub(crate) struct OwnHash(u64);

impl Hasher for OwnHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Keys write their hash alone; this is for whatever else may come to be asked of a hasher.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
