//! The org that the demo and the binary start from: who may log in, and the fields besides the standard ones.

use super::{Builder, FieldType, Simulator};

/// The user name of the one user.
pub const USERNAME: &str = "crm@company123.example";
/// The user's password.
pub const PASSWORD: &str = "password";
/// The user's security token, which a login appends to the password.
pub const SECURITY_TOKEN: &str = "security-token";
/// The connected app's consumer key.
pub const CLIENT_ID: &str = "consumer-key";
/// The connected app's consumer secret.
pub const CLIENT_SECRET: &str = "consumer-secret";

/// An org with one user, one connected app, two custom fields of leads and the object `Individual`.
pub fn org() -> Builder {
    Simulator::builder()
        .user(USERNAME, PASSWORD, SECURITY_TOKEN)
        .client(CLIENT_ID, CLIENT_SECRET)
        .run_as(USERNAME)
        .custom_field("Lead", "newProp__c", FieldType::Text)
        .custom_field("Lead", "plan__c", FieldType::Text)
        .custom_object(
            "Individual",
            &[
                ("FirstName", FieldType::Text),
                ("LastName", FieldType::Text),
            ],
        )
}
