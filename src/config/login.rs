//! The login of a destination: of the workspace configuration, or of the service's own settings.

use std::fmt;

use secrecy::SecretString;

/// The id of the destination that the settings describe, for events that bring none.
pub const OWN_DESTINATION: &str = "own";

/// What a password login needs.
#[derive(Clone)]
pub struct Login {
    /// `Config.userName`.
    pub username: String,
    /// `Config.password` followed by `Config.initialAccessToken` (the security token), as Salesforce wants it.
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
