//! The login of a destination, from the workspace configuration or the service's own settings.

use std::fmt;

use secrecy::SecretString;

/// The id of the destination that the settings describe, for events without a destination.
pub const OWN_DESTINATION: &str = "own";

/// A user name and password.
#[derive(Clone)]
pub struct Login {
    /// `Config.userName`.
    pub username: String,
    /// `Config.password` followed by `Config.initialAccessToken` (the security token), as Salesforce requires.
    pub password: SecretString,
    /// `Config.sandbox`: the login host of sandboxes.
    pub sandbox: bool,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}
