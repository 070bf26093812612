//! The token endpoint: the three flows without a browser, and the sessions that they open.

mod assertion;
mod refusal;

use std::collections::HashMap;

use axum::http::StatusCode;
use indexmap::IndexSet;
use serde_json::{Value, json};

use self::refusal::LoginRefusal;
use super::{id::RecordId, refusal::Answer};

/// The org's own id, as it begins every access token.
const ORG_ID: &str = "00D5g0000000001EAA";
/// The first user, who owns whatever nobody has written through the API.
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

/// The app that clients log in through.
#[derive(Debug, Default)]
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// The user as whom the client credentials flow runs.
    pub(super) run_as: Option<String>,
    /// The public key of the certificate by which assertions are checked, in PEM form.
    pub(super) certificate: Option<String>,
    /// Users for whom assertions are taken.
    pub(super) approved: Vec<String>,
}

/// Who may log in, and who is.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) users: Vec<User>,
    /// `None`: any client may ask.
    pub(super) app: Option<App>,
    /// Whether the org takes password logins no more.
    pub(super) password_flow_ended: bool,
    /// How long tokens say that they are good for, in seconds; `None`: they say nothing.
    pub(super) lifetime: Option<u64>,
    /// How many of the next tokens are refused from the start.
    pub(super) dead_tokens: usize,
    /// Whose session an access token stands for.
    sessions: HashMap<String, String>,
    issued: u64,
}

/// A parameter of a token request; empty where there is none.
type Given<'a> = &'a dyn Fn(&'static str) -> &'a str;

impl Accounts {
    /// Answers a token request: `form` is its body, `asked` the base URL that it was sent to, `instance_url` where the
    /// session is good for.
    pub(super) fn login(&mut self, form: &[u8], asked: &str, instance_url: &str) -> Answer {
        let form: HashMap<_, _> = url::form_urlencoded::parse(form).collect();
        let given = |name| form.get(name).map(AsRef::as_ref).unwrap_or_default();
        let named = match given("grant_type") {
            "password" => self.check_password(&given),
            "client_credentials" => self.check_client_credentials(&given),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                assertion::check(given("assertion"), self.app.as_ref(), asked)
            }
            _ => Err(LoginRefusal::UnsupportedGrantType),
        };
        let user = named.map(|username| self.user_id(&username).unwrap_or_else(|| USER_ID.into()));
        match user {
            Ok(user) => Answer::new(StatusCode::OK, self.token(&user, instance_url)),
            Err(refusal) => refusal.into(),
        }
    }

    fn check_password(&self, given: Given<'_>) -> Result<String, LoginRefusal> {
        if let Some(app) = &self.app {
            app.check_secret(given)?;
        }
        let known =
            |user: &User| given("username") == user.username && given("password") == user.password;
        // What an org says that has ended the flow is no more than this.
        if !self.password_flow_ended && self.users.iter().any(known) {
            Ok(given("username").into())
        } else {
            Err(LoginRefusal::InvalidGrant)
        }
    }

    fn check_client_credentials(&self, given: Given<'_>) -> Result<String, LoginRefusal> {
        let app = self.app.as_ref().ok_or(LoginRefusal::InvalidClientId)?;
        app.check_secret(given)?;
        match &app.run_as {
            Some(username) => Ok(username.clone()),
            None => Err(LoginRefusal::NoRunAsUser),
        }
    }

    fn token(&mut self, user: &str, instance_url: &str) -> Value {
        let access_token = self.open_session(user);
        if self.dead_tokens > 0 {
            self.dead_tokens -= 1;
            self.sessions.remove(&access_token);
        }
        let mut token = json!({
            "access_token": access_token,
            "instance_url": instance_url,
            "id": format!("{instance_url}/id/{ORG_ID}/{user}"),
            "token_type": "Bearer",
            "issued_at": (START_OF_2026 + self.issued * 1000).to_string(),
            "signature": "c2ltdWxhdGVk",
        });
        if let Some(lifetime) = self.lifetime {
            token["expires_in"] = lifetime.into();
        }
        token
    }

    /// Opens a session without a login, for the user of this id, and returns its access token.
    pub(super) fn open_session(&mut self, user: &str) -> String {
        self.issued += 1;
        let token = format!("{}!simulated.{}", &ORG_ID[..15], self.issued);
        self.sessions.insert(token.clone(), user.into());
        token
    }

    /// The id of the user whose session a token stands for; `None` for a token that is not good.
    pub(super) fn session_user(&self, token: &str) -> Option<&str> {
        self.sessions.get(token).map(String::as_str)
    }

    /// The id of the user of this name: users are numbered in the order in which the org got to know them.
    pub(super) fn user_id(&self, username: &str) -> Option<String> {
        let app = self.app.iter();
        let of_app = app.flat_map(|app| app.run_as.iter().chain(&app.approved));
        let users = self.users.iter().map(|user| &user.username);
        let names: IndexSet<&String> = users.chain(of_app).collect();
        let position = names.iter().position(|name| *name == username)?;
        Some(RecordId::numbered("005", position + 1).to_string())
    }

    pub(super) fn expire_sessions(&mut self) {
        self.sessions.clear();
    }
}

impl App {
    fn check_secret(&self, given: Given<'_>) -> Result<(), LoginRefusal> {
        if given("client_id") != self.client_id {
            return Err(LoginRefusal::InvalidClientId);
        }
        if given("client_secret") != self.client_secret {
            return Err(LoginRefusal::InvalidClient);
        }
        Ok(())
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
            app: Some(App {
                client_id: "id".into(),
                client_secret: "s+".into(),
                ..App::default()
            }),
            ..Accounts::default()
        };
        accounts
            .login(form.as_bytes(), "http://org", "http://org")
            .body
            .unwrap()
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
                "grant_type=password",
                "grant_type=client_credentials",
                "invalid_grant",
                "no client credentials user enabled",
            ),
            (
                "grant_type=password",
                "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer",
                "invalid_grant",
                "invalid assertion",
            ),
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
        let old = accounts.open_session(USER_ID);
        accounts.expire_sessions();
        assert_eq!(accounts.session_user(&old), None);
        assert_ne!(accounts.open_session(USER_ID), old);
    }

    #[test]
    fn the_user_has_a_proper_id() {
        assert!(super::super::id::RecordId::parse(USER_ID).is_some());
        assert!(super::super::id::RecordId::parse(ORG_ID).is_some());
    }
}
