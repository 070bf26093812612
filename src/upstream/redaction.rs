//! Removes secrets from what is written to a file or shown.

use serde_json::Value;

/// Members whose values are secrets.
const SECRETS: [&str; 8] = [
    "authorization",
    "secret",
    "access_token",
    "refresh_token",
    "password",
    "initialaccesstoken",
    "oauthaccesstoken",
    "username",
];

/// Whether the value of a member with this name is a secret. Segments of a JSON pointer are names in this sense, too.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name.to_ascii_lowercase().as_str())
}

/// Removes the values of secret members.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret(name) && !member.is_null() {
                    *member = "(a secret)".into();
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
