//! The settings of the state that replicas share: where it is kept, and the secret of its names.
//!
//! A store that cannot be reached must never keep events from flowing, so nothing here fails the start: what is wrong is said
//! when the store is connected to.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use secrecy::SecretString;

use super::{Setting, SettingError, filled, parse};

/// The settings of the state that replicas share.
#[derive(Args, Clone, Debug)]
pub struct SharedStateSettings {
    /// Address of the Redis or Valkey that all replicas share, such as <redis://redis:6379>, or <rediss://redis:6379> for TLS; a
    /// user and a password stand before the host, as in any URL; <redis-sentinel://host:26379/?sentinelServiceName=mymaster> and
    /// <redis-cluster://host:6379/?node=host2:6379> are understood, too; default: none, each replica is on its own
    #[arg(long, env = "SHARED_STATE_URL", hide_env_values = true)]
    pub shared_state_url: Option<SecretString>,
    /// File with that address; an address that is given itself takes precedence
    #[arg(long, env = "SHARED_STATE_URL_FILE")]
    pub shared_state_url_file: Option<PathBuf>,
    /// Secret with which the names of entries are hashed, the same for all replicas; default: derived from the org, so that whoever
    /// can read the store can test guesses
    #[arg(long, env = "SHARED_STATE_KEY", hide_env_values = true)]
    pub shared_state_key: Option<SecretString>,
    /// File with that secret; a secret that is given itself takes precedence
    #[arg(long, env = "SHARED_STATE_KEY_FILE")]
    pub shared_state_key_file: Option<PathBuf>,
    /// File with the certificates (PEM) that sign the store's certificate; default: those of the system
    #[arg(long, env = "SHARED_STATE_CA_FILE")]
    pub shared_state_ca_file: Option<PathBuf>,
    /// File with the certificate (PEM) that this service shows to the store
    #[arg(long, env = "SHARED_STATE_CERT_FILE")]
    pub shared_state_cert_file: Option<PathBuf>,
    /// File with the private key (PEM) of that certificate
    #[arg(long, env = "SHARED_STATE_CERT_KEY_FILE")]
    pub shared_state_cert_key_file: Option<PathBuf>,
    /// How long to wait for an answer of the store before this replica goes on alone
    #[arg(long, env = "SHARED_STATE_TIMEOUT", default_value = "50ms", value_parser = parse::duration)]
    pub shared_state_timeout: Duration,
}

impl SharedStateSettings {
    /// Whether an address is set, be it a good one or not.
    #[must_use]
    pub fn is_set(&self) -> bool {
        filled(self.shared_state_url.as_ref()).is_some() || self.shared_state_url_file.is_some()
    }

    /// Whether the names of entries are hashed with a secret.
    #[must_use]
    pub fn has_key(&self) -> bool {
        filled(self.shared_state_key.as_ref()).is_some() || self.shared_state_key_file.is_some()
    }

    /// The address; `None` if there is none.
    ///
    /// # Errors
    /// [`SettingError`] if its file is missing or empty.
    pub(crate) fn url(&self) -> Result<Option<Setting>, SettingError> {
        let (text, file) = (&self.shared_state_url, &self.shared_state_url_file);
        setting("SHARED_STATE_URL", text.as_ref(), file.as_deref())
    }

    /// The secret of the names; `None` if there is none.
    ///
    /// # Errors
    /// [`SettingError`] if its file is missing or empty.
    pub(crate) fn key(&self) -> Result<Option<Setting>, SettingError> {
        let (text, file) = (&self.shared_state_key, &self.shared_state_key_file);
        setting("SHARED_STATE_KEY", text.as_ref(), file.as_deref())
    }
}

/// A setting that is given as text, or in a file.
fn setting(
    name: &str,
    text: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<Setting>, SettingError> {
    match (filled(text), file) {
        (Some(text), _) => Ok(Setting::text(name, text)),
        (None, Some(file)) => Setting::file(format!("{name}_FILE"), file).map(Some),
        (None, None) => Ok(None),
    }
}
