//! The token endpoint: the username-password grant, and the sessions that it opens.

use std::collections::{HashMap, HashSet};

use axum::http::StatusCode;
use serde_json::{Value, json};
use thiserror::Error;

use super::refusal::Answer;

/// The org's own id, as it begins every access token.
const ORG_ID: &str = "00D5g0000000001EAA";
/// The user who owns whatever the API writes.
pub(super) const USER_ID: &str = "0055g0000000001AAA";
/// The first second of 2026, in milliseconds since 1970.
const START_OF_2026: u64 = 1_767_225_600_000;

/// Somebody who may log in.
#[derive(Debug)]
pub(super) struct User {
    pub(super) username: String,
    /// The password with the security token appended, as a client from an unknown network has to send it.
    pub(super) password: String,
}

/// The connected app that clients log in through.
#[derive(Debug)]
pub(super) struct ConnectedApp {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// A refused login. `Display` is Salesforce's `error_description`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum LoginRefusal {
    #[error("grant type not supported")]
    UnsupportedGrantType,
    #[error("client identifier invalid")]
    InvalidClientId,
    #[error("invalid client credentials")]
    InvalidClient,
    #[error("authentication failure")]
    InvalidGrant,
}

impl LoginRefusal {
    fn code(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidClientId => "invalid_client_id",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
        }
    }
}

impl From<LoginRefusal> for Answer {
    fn from(refusal: LoginRefusal) -> Self {
        let body = json!({"error": refusal.code(), "error_description": refusal.to_string()});
        Self::new(StatusCode::BAD_REQUEST, body)
    }
}

/// Who may log in, and who is.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) users: Vec<User>,
    /// `None`: any client may ask.
    pub(super) app: Option<ConnectedApp>,
    sessions: HashSet<String>,
    issued: u64,
}

impl Accounts {
    /// Answers a token request: `form` is its body, `instance_url` where the session is good for.
    pub(super) fn login(&mut self, form: &[u8], instance_url: &str) -> Answer {
        let form: HashMap<_, _> = url::form_urlencoded::parse(form).collect();
        let given = |name| form.get(name).map(AsRef::as_ref).unwrap_or_default();
        match self.check(given) {
            Ok(()) => Answer::new(StatusCode::OK, self.token(instance_url)),
            Err(refusal) => refusal.into(),
        }
    }

    fn check<'a>(&self, given: impl Fn(&'static str) -> &'a str) -> Result<(), LoginRefusal> {
        if given("grant_type") != "password" {
            return Err(LoginRefusal::UnsupportedGrantType);
        }
        if let Some(app) = &self.app {
            if given("client_id") != app.client_id {
                return Err(LoginRefusal::InvalidClientId);
            }
            if given("client_secret") != app.client_secret {
                return Err(LoginRefusal::InvalidClient);
            }
        }
        let known =
            |user: &User| given("username") == user.username && given("password") == user.password;
        if self.users.iter().any(known) {
            Ok(())
        } else {
            Err(LoginRefusal::InvalidGrant)
        }
    }

    fn token(&mut self, instance_url: &str) -> Value {
        let access_token = self.open_session();
        json!({
            "access_token": access_token,
            "instance_url": instance_url,
            "id": format!("{instance_url}/id/{ORG_ID}/{USER_ID}"),
            "token_type": "Bearer",
            "issued_at": (START_OF_2026 + self.issued * 1000).to_string(),
            "signature": "c2ltdWxhdGVk",
        })
    }

    /// Opens a session without a login and returns its access token.
    pub(super) fn open_session(&mut self) -> String {
        self.issued += 1;
        let token = format!("{}!simulated.{}", &ORG_ID[..15], self.issued);
        self.sessions.insert(token.clone());
        token
    }

    pub(super) fn has_session(&self, token: &str) -> bool {
        self.sessions.contains(token)
    }

    pub(super) fn expire_sessions(&mut self) {
        self.sessions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str = "grant_type=password&client_id=id&client_secret=s%2B&username=user%40example.com&password=pw+token";

    fn answer(form: &str) -> Value {
        let mut accounts = Accounts {
            users: vec![User {
                username: "user@example.com".into(),
                password: "pw token".into(),
            }],
            app: Some(ConnectedApp {
                client_id: "id".into(),
                client_secret: "s+".into(),
            }),
            ..Accounts::default()
        };
        accounts.login(form.as_bytes(), "http://org").body.unwrap()
    }

    #[test]
    fn the_right_credentials_open_a_session() {
        let token = answer(LOGIN);
        assert_eq!(
            (&token["instance_url"], &token["token_type"]),
            (&json!("http://org"), &json!("Bearer"))
        );
        assert_eq!(token["access_token"], "00D5g0000000001!simulated.1");
        for name in ["id", "issued_at", "signature"] {
            assert!(token[name].is_string(), "{name}");
        }
    }

    #[test]
    fn refusals_are_salesforces() {
        let cases = [
            (
                "grant_type=password",
                "grant_type=magic",
                "unsupported_grant_type",
                "grant type not supported",
            ),
            (
                "client_id=id",
                "client_id=x",
                "invalid_client_id",
                "client identifier invalid",
            ),
            ("s%2B", "x", "invalid_client", "invalid client credentials"),
            (
                "user%40",
                "nobody%40",
                "invalid_grant",
                "authentication failure",
            ),
            ("pw+token", "pw", "invalid_grant", "authentication failure"),
        ];
        for (right, wrong, error, description) in cases {
            let refused = json!({"error": error, "error_description": description});
            assert_eq!(answer(&LOGIN.replace(right, wrong)), refused, "{wrong}");
        }
    }

    #[test]
    fn expired_sessions_are_gone_and_new_ones_differ() {
        let mut accounts = Accounts::default();
        let old = accounts.open_session();
        accounts.expire_sessions();
        assert!(!accounts.has_session(&old));
        assert_ne!(accounts.open_session(), old);
    }

    #[test]
    fn the_user_has_a_proper_id() {
        assert!(super::super::id::RecordId::parse(USER_ID).is_some());
        assert!(super::super::id::RecordId::parse(ORG_ID).is_some());
    }
}
