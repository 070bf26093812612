//! A setting given directly, or in a file that may change while the service runs.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::watch;

use super::Flow;
use crate::config::{Conflict, PolicyError};

/// A setting.
pub struct Setting {
    name: String,
    source: SettingSource,
}

enum SettingSource {
    Text(SecretString),
    File {
        path: PathBuf,
        last: Mutex<Last>,
        /// Told whenever the value becomes another.
        changed: watch::Sender<()>,
    },
}

/// The content of the file when it was last read successfully.
struct Last {
    text: SecretString,
    /// Whether the last attempt to read it succeeded. A failure is logged once.
    is_readable: bool,
}

/// What is wrong with the settings. No text repeats a value, because it may be a secret.
#[derive(Debug, Error)]
pub enum SettingError {
    /// The file cannot be read.
    #[error("{setting}: {} cannot be read: {error}{hint}", path.display(), hint = hint(error))]
    Unreadable {
        /// The setting.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is empty.
    #[error("{setting}: {} is empty", path.display())]
    Empty {
        /// The setting.
        setting: String,
        /// The file.
        path: PathBuf,
    },
    /// A setting that the flow needs is not set.
    #[error("{}: set {setting}", wanted(*.flow, destination.as_deref()))]
    Missing {
        /// The flow.
        flow: Flow,
        /// The destination that has the flow; `None` if the setting is for all.
        destination: Option<String>,
        /// The setting to add.
        setting: String,
    },
    /// The value is not the address of a login host.
    #[error(
        "{0} must be http or https and a host, without user, password or query: write https://acme.my.salesforce.com"
    )]
    LoginUrl(String),
    /// A login that would be sent unencrypted.
    #[error(
        "{0} is plain http and would send password, consumer secret and token unencrypted: write https://, or, for a \
         simulated Salesforce, name the same http:// address in SALESFORCE_ALLOWED_HOSTS"
    )]
    PlainLogin(String),
    /// A login host that does not support the flow.
    #[error(
        "{setting}: {} is available only at the org's own host: set it to the org's My Domain, such as https://acme.my.salesforce.com",
        Flow::ClientCredentials.name()
    )]
    MyDomain {
        /// The setting.
        setting: String,
    },
    /// The file does not contain a key that can sign.
    #[error(
        "{setting} contains no RSA private key of at least 2048 bits in PEM form; an encrypted key must be decrypted first \
         (openssl rsa -in key.pem -out plain.pem)"
    )]
    Key {
        /// The setting.
        setting: String,
    },
    /// The flow of a destination does not exist.
    #[error("{setting} must be password, client-credentials or jwt-bearer")]
    Flow {
        /// The setting.
        setting: String,
    },
    /// The policy of one destination cannot be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The same setting is given twice for one destination.
    #[error("{0} and {1} are the same setting: set only one of them")]
    Twice(String, String),
    /// The key of one destination is not in a file.
    #[error("{0}: a key must be in a file; set its path as {1}")]
    KeyFile(String, String),
    /// The name of a variable does not end in a destination id.
    #[error("{0} names no destination: the name must end in the destination's id")]
    NoDestination(String),
    /// There is a user name without a password, or a password without a user name.
    #[error("set both SALESFORCE_USERNAME and SALESFORCE_PASSWORD, or neither")]
    IncompleteLogin,
    /// The HTTP client would silently ignore a proxy setting.
    #[error("{0} is not the address of a proxy: write it as http://proxy.example:3128")]
    Proxy(String),
    /// A certificate file contains no certificate.
    #[error("{setting}: {} contains no certificate in PEM form", path.display())]
    NoCertificate {
        /// The setting.
        setting: String,
        /// The file.
        path: PathBuf,
    },
    /// Two settings contradict each other.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// A value is not valid UTF-8.
    #[error("{0} is no UTF-8 text")]
    NotText(String),
}

/// Advice for a file that exists but may not be read.
fn hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied {
        "; the user of this process must be able to read it, which is 65532 in the image: in Kubernetes set \
         securityContext.fsGroup to 65532 for the pod, elsewhere chown the file to 65532, or chmod it to 0444"
    } else {
        ""
    }
}

fn wanted(flow: Flow, destination: Option<&str>) -> String {
    let flow = flow.name();
    match destination {
        Some(destination) => format!("{flow} (destination {destination})"),
        None => format!("SALESFORCE_AUTH={flow}"),
    }
}

impl Setting {
    /// A setting given directly; `None` if the text is blank.
    #[must_use]
    pub fn text(name: &str, text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self {
            name: name.to_owned(),
            source: SettingSource::Text(SecretString::from(text)),
        })
    }

    /// A setting in a file, which is read immediately.
    ///
    /// # Errors
    /// [`SettingError::Unreadable`] and [`SettingError::Empty`].
    pub fn file(name: String, path: &Path) -> Result<Self, SettingError> {
        let text = read(path).map_err(|error| SettingError::Unreadable {
            setting: name.clone(),
            path: path.to_owned(),
            error,
        })?;
        let Some(text) = text else {
            return Err(SettingError::Empty {
                setting: name,
                path: path.to_owned(),
            });
        };
        let path = path.to_owned();
        let last = Mutex::new(Last {
            text,
            is_readable: true,
        });
        Ok(Self {
            name,
            source: SettingSource::File {
                path,
                last,
                changed: watch::Sender::default(),
            },
        })
    }

    /// The name that errors use for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The current value. While a file is missing or empty, for example because it is being replaced, its earlier value counts.
    #[must_use]
    pub fn current(&self) -> SecretString {
        let (path, last, changed) = match &self.source {
            SettingSource::Text(text) => return text.clone(),
            SettingSource::File {
                path,
                last,
                changed,
            } => (path, last, changed),
        };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let was_readable = last.is_readable;
        match last.read_again(path, changed) {
            Again::Same => {}
            Again::Unreadable(_) if !was_readable => {}
            again => self.log(&again),
        }
        last.text.clone()
    }

    /// The value as it was read last.
    #[must_use]
    pub fn held(&self) -> SecretString {
        match &self.source {
            SettingSource::Text(text) => text.clone(),
            SettingSource::File { last, .. } => {
                let last = last.lock().unwrap_or_else(PoisonError::into_inner);
                last.text.clone()
            }
        }
    }

    /// Reads the file again and logs the result.
    pub fn reread(&self) {
        if let SettingSource::File {
            path,
            last,
            changed,
        } = &self.source
        {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            self.log(&last.read_again(path, changed));
        }
    }

    /// Is told when the value becomes another one than it is now; `None` if it never changes.
    #[must_use]
    pub fn changes(&self) -> Option<watch::Receiver<()>> {
        match &self.source {
            SettingSource::Text(_) => None,
            SettingSource::File { changed, .. } => Some(changed.subscribe()),
        }
    }

    fn log(&self, again: &Again) {
        let setting = &self.name;
        match again {
            Again::Same => tracing::info!(setting, "the file has not changed"),
            Again::Changed => {
                tracing::info!(
                    setting,
                    "the file has changed; its new content is used from now on"
                );
            }
            Again::Unreadable(error) => tracing::warn!(
                setting,
                error = error.as_ref().map(tracing::field::display),
                "the file is empty or cannot be read; its previous content is still used"
            ),
        }
    }
}

/// The result of reading a file again.
enum Again {
    Same,
    Changed,
    /// If there is no error, the file is empty.
    Unreadable(Option<io::Error>),
}

impl Last {
    fn read_again(&mut self, path: &Path, changed: &watch::Sender<()>) -> Again {
        let again = match read(path) {
            Ok(Some(text)) if text.expose_secret() == self.text.expose_secret() => Again::Same,
            Ok(Some(text)) => {
                self.text = text;
                changed.send_replace(());
                Again::Changed
            }
            Ok(None) => Again::Unreadable(None),
            Err(error) => Again::Unreadable(Some(error)),
        };
        self.is_readable = !matches!(again, Again::Unreadable(_));
        again
    }
}

/// The content of a file without surrounding white space; `None` if nothing is left.
fn read(path: &Path) -> io::Result<Option<SecretString>> {
    let text = std::fs::read_to_string(path)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| SecretString::from(text)))
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("{name}-{}", std::process::id()))
    }

    fn now(setting: &Setting) -> String {
        setting.current().expose_secret().to_owned()
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_missing_or_empty_one_is_ignored() {
        let path = temporary("rotated");
        fs::write(&path, "first\n").unwrap();
        let setting = Setting::file("X_FILE".to_owned(), &path).unwrap();
        assert_eq!(now(&setting), "first");
        fs::write(&path, "other").unwrap();
        assert_eq!(now(&setting), "other");
        fs::write(&path, " \n").unwrap();
        assert_eq!(now(&setting), "other");
        fs::remove_file(&path).unwrap();
        assert_eq!(now(&setting), "other");
        fs::write(&path, "third").unwrap();
        assert_eq!(now(&setting), "third");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_absent_or_empty_at_the_start_is_named_with_its_setting() {
        let path = temporary("absent");
        let error = Setting::file("X_FILE".to_owned(), &path).unwrap_err();
        assert!(error.to_string().starts_with("X_FILE: "), "{error}");
        fs::write(&path, "\n").unwrap();
        let error = Setting::file("X_FILE".to_owned(), &path).unwrap_err();
        assert!(error.to_string().ends_with(" is empty"), "{error}");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_of_somebody_else_is_told_with_what_to_do() {
        let denied = SettingError::Unreadable {
            setting: "X_FILE".to_owned(),
            path: "/secrets/x".into(),
            error: io::ErrorKind::PermissionDenied.into(),
        };
        let denied = denied.to_string();
        assert!(
            denied.starts_with("X_FILE: /secrets/x cannot be read: ") && denied.contains("fsGroup"),
            "{denied}"
        );
    }

    #[test]
    fn a_blank_text_is_no_setting_and_none_is_ever_printed() {
        assert!(Setting::text("X", " ").is_none());
        let setting = Setting::text("X", "hunter2").unwrap();
        assert!(!format!("{setting:?}").contains("hunter2"));
    }
}
