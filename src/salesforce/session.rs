//! A session: the org's address and an access token for it.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::{config::AllowedHosts, shared_state::KeyedHash};

/// An org's address, verified to be one of the allowed hosts: scheme, host and port, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance(Arc<str>);

/// What stands for the address of an org that is not known, as in Salesforce's documentation.
const UNKNOWN_INSTANCE: &str = "https://MyDomainName.my.salesforce.com";

/// The reasons why an instance cannot be called.
#[derive(Debug, Error)]
pub enum InstanceError {
    /// The address is not a URL.
    #[error("the instance_url is not a URL: reconnect the account in RudderStack")]
    NotUrl,
    /// The address is not among the allowed hosts.
    #[error(
        "the instance_url points to {0}, which SALESFORCE_ALLOWED_HOSTS does not allow (https only): add the host if it is the org's"
    )]
    NotAllowed(String),
}

impl Instance {
    /// Reads an `instance_url` and ignores its path.
    ///
    /// # Errors
    /// [`InstanceError`] if it is not a URL, or not among the allowed hosts.
    pub fn new(instance_url: &str, hosts: &AllowedHosts) -> Result<Self, InstanceError> {
        let url = Url::parse(instance_url.trim()).map_err(|_| InstanceError::NotUrl)?;
        Self::of(&url, hosts)
    }

    /// The org that a URL belongs to.
    ///
    /// # Errors
    /// [`InstanceError::NotAllowed`] if it is not among the allowed hosts.
    pub(super) fn of(url: &Url, hosts: &AllowedHosts) -> Result<Self, InstanceError> {
        if !hosts.allow(url) {
            return Err(InstanceError::NotAllowed(shown(url)));
        }
        Ok(Self(url.origin().ascii_serialization().into()))
    }

    /// The address, such as `https://acme.my.salesforce.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The maximum length of an address in an error text, in characters: longer than any host name.
const MAX_SHOWN: usize = 300;

/// The address of a URL, for error texts. The rest of the URL is omitted, because it may contain secrets.
pub(super) fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    origin.chars().take(MAX_SHOWN).collect()
}

/// Whether a text can be a token: it must be a valid header value without spaces. Anything else could end the header
/// and start another one, here or in the client that sends the described request.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An open session.
pub struct Session {
    instance: Instance,
    authorization: SecretString,
}

impl Session {
    /// Creates a session at `instance` with an access token.
    #[must_use]
    pub fn new(instance: Instance, access_token: &str) -> Self {
        Self {
            instance,
            authorization: SecretString::from(format!("Bearer {access_token}")),
        }
    }

    /// A session that nobody has opened, for explanations that ask nothing: the org's address is not known.
    #[must_use]
    pub(crate) fn unopened() -> Self {
        Self::new(Instance(UNKNOWN_INSTANCE.into()), "")
    }

    /// The org's address.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> &str {
        self.authorization.expose_secret()
    }

    /// Identifies the session by this hash, without telling the token.
    pub(super) fn fingerprint(&self, identities: KeyedHash) -> u64 {
        let parts = ["session", self.authorization()];
        identities.digest(parts.map(str::as_bytes)).short()
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        let authorization = self.authorization();
        authorization.strip_prefix("Bearer ").unwrap_or_default()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_an_allowed_origin_without_path_or_slash() {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        for url in [
            "https://acme.my.salesforce.com",
            "https://acme.my.salesforce.com/",
            " https://acme.my.salesforce.com/x?y ",
        ] {
            assert_eq!(
                Instance::new(url, &hosts).unwrap().as_str(),
                "https://acme.my.salesforce.com"
            );
        }
        assert!(matches!(
            Instance::new("acme", &hosts),
            Err(InstanceError::NotUrl)
        ));
        assert!(matches!(
            Instance::new("https://evil.test", &hosts),
            Err(InstanceError::NotAllowed(_))
        ));
    }

    #[test]
    fn an_error_repeats_the_address_alone_and_no_more_of_it_than_a_host_can_have() {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let long = format!(
            "https://user:password@{}evil.test/path?query",
            "a.".repeat(5_000)
        );
        let error = Instance::new(&long, &hosts).unwrap_err().to_string();
        assert!(
            error.contains("https://a.a.a.") && error.len() < 600,
            "{error}"
        );
        assert!(!error.contains("password") && !error.contains("query"));
    }

    #[test]
    fn a_token_is_one_word_of_visible_ascii() {
        for token in ["00D5g!AQ.x_y-z", "a"] {
            assert!(is_token(token), "{token}");
        }
        for text in ["", " ", "a b", "a\r\nX: y", "a\n", "a\0", "a\u{7f}", "é"] {
            assert!(!is_token(text), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let session = Session::new(
            Instance::new("https://a.salesforce.com", &hosts).unwrap(),
            "00Dsecret",
        );
        assert!(!format!("{session:?}").contains("00Dsecret"));
    }
}
