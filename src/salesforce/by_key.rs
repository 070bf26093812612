//! Maps with [`Key`]s. A key stores its own hash, so it is not hashed again.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use indexmap::IndexMap;

use super::key::Key;

/// A map by key.
pub(crate) type ByKey<V> = HashMap<Key, V, BuildHasherDefault<OwnHash>>;

/// A map by key that keeps the order in which the keys were inserted.
pub(crate) type InOrderByKey<V> = IndexMap<Key, V, BuildHasherDefault<OwnHash>>;

/// A hasher that passes on the stored hash of a key. That hash is seeded at random, so nobody can choose keys that
/// collide.
#[derive(Debug, Default)]
pub(crate) struct OwnHash(u64);

impl Hasher for OwnHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Keys only write their hash as an integer. This method exists because the trait requires it.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
