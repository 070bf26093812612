//! A refused login without the words that repeat what was sent.

use secrecy::ExposeSecret;
use url::form_urlencoded::byte_serialize;

use super::{AuthError, grant::TokenForm};

/// An error without Salesforce's words where they repeat a value of the form, or of what its assertion claims. What they say
/// of the cause has been read by then.
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
