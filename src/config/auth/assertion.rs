//! The assertion of jwt-bearer: a claim on a user's behalf, good for minutes, signed with the app's private key.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::config::{Setting, SettingError};

/// How long an assertion is good for. Salesforce takes none that ends more than a few minutes from now; what is shorter
/// fails where the two clocks differ.
const LIFETIME: Duration = Duration::from_mins(3);

/// The claims: who logs in as whom, and where.
#[derive(Serialize)]
pub(crate) struct AssertionClaims<'a> {
    /// The consumer key.
    pub(crate) iss: &'a str,
    /// The user.
    pub(crate) sub: &'a str,
    /// The login host.
    pub(crate) aud: &'a str,
}

#[derive(Serialize)]
struct Expiring<'a> {
    #[serde(flatten)]
    claims: &'a AssertionClaims<'a>,
    exp: u64,
}

/// Signs an assertion.
///
/// # Errors
/// [`SettingError::Key`] where the file holds no key that signs.
pub(crate) fn sign(
    claims: &AssertionClaims<'_>,
    pem: &SecretString,
    setting: &str,
) -> Result<SecretString, SettingError> {
    let claims = Expiring {
        claims,
        exp: get_current_timestamp() + LIFETIME.as_secs(),
    };
    let header = Header::new(Algorithm::RS256);
    let signed = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
        .and_then(|key| encode(&header, &claims, &key));
    signed
        .map(SecretString::from)
        .map_err(|_| SettingError::Key {
            setting: setting.to_owned(),
        })
}

/// Whether a setting holds a key that signs.
///
/// # Errors
/// [`SettingError::Key`].
pub(super) fn check_key(key: &Setting) -> Result<(), SettingError> {
    let claims = AssertionClaims {
        iss: "",
        sub: "",
        aud: "",
    };
    sign(&claims, &key.current(), key.name()).map(drop)
}
