//! An app's key and certificate, and files that hold such things.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{KeyPair as _, RsaKeyPair},
};
use pem::Pem;

/// A key pair in PEM form.
pub(crate) struct KeyPair {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl KeyPair {
    /// A new pair.
    pub(crate) fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            private: pem::encode(&Pem::new("PRIVATE KEY", private.as_ref())),
            public: pem::encode(&Pem::new("PUBLIC KEY", public.as_ref())),
        }
    }
}

/// The pair of the app, made once for all tests.
pub(crate) static KEYS: LazyLock<KeyPair> = LazyLock::new(KeyPair::generate);

/// The file with its private key.
pub(crate) static KEY_FILE: LazyLock<PathBuf> = LazyLock::new(|| file("app.pem", &KEYS.private));

/// A file of a test's own that holds this text.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    replace(&path, text);
    path
}

/// Replaces what a file holds as a mounted secret is replaced: at once.
pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}
