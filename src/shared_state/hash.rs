//! Keyed hashes of 128 bits: of what must be recognised, and not be readable.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
};

use aws_lc_rs::{digest, hmac};
use siphasher::sip128::{Hasher128, SipHasher24};

/// A keyed hash of something that must not be in the store itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest(u128);

impl Digest {
    /// The digest as 32 hexadecimal digits.
    #[must_use]
    pub(crate) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The digest as bytes.
    #[must_use]
    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Half of the digest, for what is hashed again before it leaves the process.
    #[must_use]
    pub(crate) fn short(self) -> u64 {
        let bytes = self.bytes();
        let half = bytes.first_chunk::<8>();
        half.map_or(0, |half| u64::from_be_bytes(*half))
    }
}

/// A hash with a key. Two that have the same key agree, in whatever process they are.
#[derive(Clone, Copy)]
pub(crate) struct KeyedHash([u8; 16]);

impl KeyedHash {
    /// The hash with this key.
    #[must_use]
    pub(super) const fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// A hash with a key that no other process has.
    #[must_use]
    pub(crate) fn random() -> Self {
        let [first, second] = [RandomState::new(), RandomState::new()];
        let mut key = [0; 16];
        key[..8].copy_from_slice(&first.hash_one(0).to_le_bytes());
        key[8..].copy_from_slice(&second.hash_one(1).to_le_bytes());
        Self(key)
    }

    /// The hash of these parts.
    #[must_use]
    pub(crate) fn digest<'p>(self, parts: impl IntoIterator<Item = &'p [u8]>) -> Digest {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        for part in parts {
            // The length, so that parts cannot be divided otherwise.
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        Digest(hasher.finish128().as_u128())
    }
}

/// Omits the key.
impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedHash").finish_non_exhaustive()
    }
}

/// Key material for what this text names, from a secret or, without one, from the text alone.
pub(super) fn derived(secret: Option<&[u8]>, text: &str) -> [u8; 32] {
    let mut derived = [0; 32];
    match secret {
        Some(secret) => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
            derived.copy_from_slice(hmac::sign(&secret, text.as_bytes()).as_ref());
        }
        None => {
            derived.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        }
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_with_one_key_agree_and_a_random_one_agrees_with_none() {
        let parts = || [&b"login"[..], b"crm@acme.example"];
        let key = [7; 16];
        let [one, other] = [KeyedHash::new(key), KeyedHash::new(key)];
        assert_eq!(one.digest(parts()), other.digest(parts()));
        assert_ne!(one.digest(parts()), KeyedHash::random().digest(parts()));
        assert_ne!(
            KeyedHash::random().digest(parts()),
            KeyedHash::random().digest(parts())
        );
    }

    #[test]
    fn parts_that_are_divided_otherwise_have_another_digest() {
        let hash = KeyedHash::random();
        let digest = |parts: [&'static [u8]; 2]| hash.digest(parts);
        assert_ne!(digest([b"ab", b"c"]), digest([b"a", b"bc"]));
        assert_ne!(hash.digest([&b"a"[..]]), hash.digest([&b"a"[..], b""]));
    }
}
