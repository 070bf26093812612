//! Reads the token endpoint's response: the session, and how long to cache it.

use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::dangerous::insecure_decode_claims;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::AuthError;
use crate::{
    config::AllowedHosts,
    salesforce::session::{Instance, Session, is_token},
};

/// The response of the token endpoint.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: Option<SecretString>,
    instance_url: Option<String>,
    /// Seconds, as a number or a string. Salesforce states them for some kinds of token only.
    expires_in: Option<Value>,
}

/// The claims of an access token that is a JWT. They are read without verification, which is Salesforce's task.
#[derive(Deserialize)]
struct TokenClaims {
    exp: u64,
}

/// A token, and the instance that it is valid for.
struct Issued {
    access_token: SecretString,
    instance_url: String,
    /// The time until the token expires, if Salesforce states it.
    lifetime: Option<Duration>,
}

impl Issued {
    /// Reads a response.
    ///
    /// # Errors
    /// [`AuthError::NoToken`] if the response contains no instance, or no token that is a valid header value.
    fn read(body: &[u8]) -> Result<Self, AuthError> {
        let answer: TokenResponse = serde_json::from_slice(body).map_err(|_| AuthError::NoToken)?;
        let token = answer.access_token;
        let token = token.filter(|token| is_token(token.expose_secret()));
        let access_token = token.ok_or(AuthError::NoToken)?;
        let instance_url = answer.instance_url.filter(|url| !url.is_empty());
        let said = answer.expires_in.as_ref().and_then(seconds);
        Ok(Self {
            lifetime: said.or_else(|| until_expiry(access_token.expose_secret())),
            instance_url: instance_url.ok_or(AuthError::NoToken)?,
            access_token,
        })
    }
}

/// Opens a session from a token response. Returns it with the time until it expires, if the response states that.
///
/// # Errors
/// [`AuthError::NoToken`] if the response contains no instance, or no token that is a valid header value;
/// [`AuthError::Instance`] if the instance is not among the allowed hosts.
pub fn opened(body: &[u8], hosts: &AllowedHosts) -> Result<(Session, Option<Duration>), AuthError> {
    let issued = Issued::read(body)?;
    let instance = Instance::new(&issued.instance_url, hosts)?;
    Ok((
        Session::new(instance, issued.access_token.expose_secret()),
        issued.lifetime,
    ))
}

fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.map(Duration::from_secs)
}

/// The time until a JWT access token expires.
fn until_expiry(access_token: &str) -> Option<Duration> {
    let TokenClaims { exp } = insecure_decode_claims(access_token).ok()?;
    let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(exp))?;
    let left = end.duration_since(SystemTime::now());
    Some(left.unwrap_or_default())
}

/// How long tokens are cached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeping {
    /// The maximum time.
    pub(super) ttl: Duration,
    /// How long before its expiry a token is renewed.
    pub(super) margin: Duration,
}

impl Keeping {
    /// How long a token is used before a new one is requested. A short-lived token is renewed after half of its
    /// lifetime.
    pub(super) fn renewal(self, lifetime: Option<Duration>) -> Duration {
        let Some(lifetime) = lifetime else {
            return self.ttl;
        };
        let margin = self.margin.min(lifetime / 2);
        self.ttl.min(lifetime.saturating_sub(margin))
    }

    /// When a token is no longer worth trying. If Salesforce does not state its expiry, this is twice the maximum
    /// caching time. With the default of one hour, that is how long Salesforce keeps an idle session, unless the org is
    /// configured otherwise.
    pub(super) fn end(self, lifetime: Option<Duration>, now: Instant) -> Option<Instant> {
        now.checked_add(lifetime.unwrap_or_else(|| self.ttl.saturating_mul(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn lifetime(answer: &str) -> Option<Duration> {
        Issued::read(answer.as_bytes()).unwrap().lifetime
    }

    #[test]
    fn the_answer_says_how_long_a_token_is_good_for_or_does_not() {
        for (answer, seconds) in [
            (
                r#"{"access_token":"t","instance_url":"u","expires_in":1799}"#,
                Some(1799),
            ),
            (
                r#"{"access_token":"t","instance_url":"u","expires_in":"60"}"#,
                Some(60),
            ),
            (
                r#"{"access_token":"t","instance_url":"u","expires_in":null}"#,
                None,
            ),
            (r#"{"access_token":"00D!a.b.c","instance_url":"u"}"#, None),
        ] {
            assert_eq!(
                lifetime(answer),
                seconds.map(Duration::from_secs),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_token_that_is_a_jwt_says_itself_when_it_ends() {
        // {"alg":"none"}.{"exp":4102444800}: expires on 2100-01-01
        let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";
        let answer = format!(r#"{{"access_token":"{token}","instance_url":"u"}}"#);
        assert!(lifetime(&answer).unwrap() > Duration::from_hours(24 * 365));
        // {"exp":1}: expired long ago
        let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln";
        let answer = format!(r#"{{"access_token":"{token}","instance_url":"u"}}"#);
        assert_eq!(lifetime(&answer), Some(Duration::ZERO));
    }

    #[test]
    fn a_token_is_renewed_before_its_end_and_at_the_latest_after_its_ttl() {
        let keeping = Keeping {
            ttl: 60 * MINUTE,
            margin: 2 * MINUTE,
        };
        for (lifetime, renewal) in [
            (None, 60 * MINUTE),
            (Some(30 * MINUTE), 28 * MINUTE),
            (Some(120 * MINUTE), 60 * MINUTE),
            (Some(3 * MINUTE), MINUTE * 3 / 2),
            (Some(Duration::ZERO), Duration::ZERO),
        ] {
            assert_eq!(keeping.renewal(lifetime), renewal, "{lifetime:?}");
        }
    }
}
