//! Why the store cannot be used at present.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

use crate::config::SettingError;

/// Why the store cannot be used at present. No text contains the password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A setting is wrong.
    #[error("{0}")]
    Setting(String),
    /// The store has not answered in time.
    #[error("it has not answered within SHARED_STATE_TIMEOUT")]
    Timeout,
    /// The store cannot be reached, or the connection has ended.
    #[error("it cannot be reached: {0}")]
    Connection(String),
    /// The store rejects the user or the password.
    #[error("it rejects the user or the password: check SHARED_STATE_URL")]
    Login,
    /// The user may not do what is needed.
    #[error(
        "its user may not do all that is needed: allow ~sft:* +@read +@write +@scripting +time +info ({0})"
    )]
    Permission(String),
    /// The node only reads, as after a failover.
    #[error("it is read-only at present, as after a failover")]
    ReadOnly,
    /// The store is starting, or its cluster is incomplete.
    #[error("it is not ready: {0}")]
    NotReady(String),
    /// A command was refused.
    #[error("it has refused a command: {0}")]
    Refused(String),
}

impl Failure {
    /// The value of the label `reason`.
    #[must_use]
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::Timeout => "timeout",
            Self::Connection(_) => "connection",
            Self::Login => "login",
            Self::Permission(_) => "permission",
            Self::ReadOnly => "read_only",
            Self::NotReady(_) => "not_ready",
            Self::Refused(_) => "refused",
        }
    }
}

impl From<&RedisError> for Failure {
    fn from(error: &RedisError) -> Self {
        let text = || error.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Login,
            ErrorKind::InvalidClientConfig => Self::Setting(format!("SHARED_STATE_URL: {error}")),
            ErrorKind::Server(kind) => Self::of_server(kind, error),
            // The codes of a wrong password have no kind of their own.
            ErrorKind::Extension if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => {
                Self::Login
            }
            // Such as WRONGTYPE: the store has answered.
            ErrorKind::Extension => Self::Refused(text()),
            ErrorKind::Io if error.is_timeout() => Self::Timeout,
            ErrorKind::Parse => Self::Connection(
                "what answers there is no Redis or Valkey, or not with this encryption".to_owned(),
            ),
            _ => Self::Connection(text()),
        }
    }
}

impl Failure {
    fn of_server(kind: ServerErrorKind, error: &RedisError) -> Self {
        let text = || error.to_string();
        match kind {
            ServerErrorKind::ReadOnly => Self::ReadOnly,
            ServerErrorKind::NoPerm => Self::Permission(text()),
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain => Self::NotReady(text()),
            _ => Self::Refused(text()),
        }
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        Self::Setting(error.to_string())
    }
}
