//! The assertion of the jwt-bearer flow: a JWT that names the user and is signed with the app's private key.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::config::{Setting, SettingError};

/// How long an assertion is valid. Salesforce rejects assertions that are valid for more than a few minutes. A shorter time
/// would fail if the clocks of both sides differ.
const LIFETIME: Duration = Duration::from_mins(3);

/// The claims of an assertion.
#[derive(Serialize)]
pub(crate) struct AssertionClaims<'a> {
    /// The consumer key of the app that logs in.
    pub(crate) iss: &'a str,
    /// The name of the user that it logs in as.
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
/// [`SettingError::Key`] if the file does not contain a key that can sign.
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

/// Checks that a setting contains a key that can sign.
///
/// # Errors
/// [`SettingError::Key`] if it does not.
pub(super) fn check_key(key: &Setting) -> Result<(), SettingError> {
    let claims = AssertionClaims {
        iss: "",
        sub: "",
        aud: "",
    };
    sign(&claims, &key.current(), key.name()).map(drop)
}
