//! Remembers which tokens Salesforce has accepted.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use moka::sync::Cache;
use reqwest::header::HeaderValue;

/// The maximum number of remembered tokens, far more than the destinations of one service.
const MAX_TOKENS: u64 = 10_000;

/// Fingerprints of the `Authorization` headers that Salesforce has accepted. The tokens themselves are not kept.
pub(crate) struct Accepted {
    fingerprints: RandomState,
    tokens: Cache<u64, ()>,
}

/// The fingerprint of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fingerprint(u64);

impl Accepted {
    /// The fingerprint of the token in an `Authorization` header.
    pub(crate) fn fingerprint(&self, authorization: &HeaderValue) -> Fingerprint {
        self.of(authorization.as_bytes())
    }

    /// Notes that Salesforce has accepted a token.
    pub(crate) fn note(&self, token: Fingerprint) {
        if !self.tokens.contains_key(&token.0) {
            self.tokens.insert(token.0, ());
        }
    }

    /// Whether Salesforce has ever accepted the token in an `Authorization` header.
    pub(crate) fn holds(&self, authorization: &str) -> bool {
        let token = self.of(authorization.as_bytes());
        self.tokens.contains_key(&token.0)
    }

    fn of(&self, authorization: &[u8]) -> Fingerprint {
        Fingerprint(self.fingerprints.hash_one(authorization))
    }
}

impl Default for Accepted {
    fn default() -> Self {
        Self {
            fingerprints: RandomState::new(),
            tokens: Cache::new(MAX_TOKENS),
        }
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("tokens", &self.tokens.entry_count())
            .finish_non_exhaustive()
    }
}
