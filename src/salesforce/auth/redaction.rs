//! Removes from the error of a refused login any text that repeats what was sent.

use secrecy::ExposeSecret;
use url::form_urlencoded::byte_serialize;

use super::{AuthError, grant::TokenForm};

/// Removes Salesforce's text from an error if it repeats a value of the form or a claim of its assertion. The cause has
/// been derived from the text before that.
pub(super) fn redacted(mut error: AuthError, form: &TokenForm) -> AuthError {
    let repeats = |text: &str| {
        let text = text.to_lowercase();
        form.sensitive().any(|value| {
            let value = value.expose_secret();
            let encoded: String = byte_serialize(value.as_bytes()).collect();
            let is_in_text = |value: &str| text.contains(&value.to_lowercase());
            !value.is_empty() && (is_in_text(value) || is_in_text(&encoded))
        })
    };
    if let Some(refusal) = error.refusal_mut() {
        for text in [&mut refusal.code, &mut refusal.message] {
            if repeats(text) {
                text.clear();
            }
        }
        refusal.fields.retain(|field| !repeats(field));
    }
    error
}
