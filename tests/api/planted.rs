//! The secrets that the suite plants. All of them have `planted` in them, so that one word finds them wherever they should not be.

pub(crate) const PASSWORD: &str = "planted-password";
pub(crate) const SECURITY_TOKEN: &str = "planted-security-token";
pub(crate) const CLIENT_ID: &str = "planted-client-id";
pub(crate) const CLIENT_SECRET: &str = "planted-client-secret";
/// The user of the fixtures' events.
pub(crate) const USER_ID: &str = "planted-user-id";
/// An access token of a Salesforce that is no simulated org, and the header that it makes.
pub(crate) const TOKEN: &str = "planted-token";
pub(crate) const BEARER: &str = "Bearer planted-token";
