//! Who sends a request, and what its headers ask of the org.

use axum::http::HeaderMap;

use super::oauth::USER_ID;

/// Which rules decide who owns a Lead, a Case or an Account that is written. Absent means `TRUE`.
pub(super) const AUTO_ASSIGN: &str = "Sforce-Auto-Assign";
/// Which app calls.
pub(super) const CALL_OPTIONS: &str = "Sforce-Call-Options";
/// Whether a duplicate is saved all the same.
pub(super) const DUPLICATE_RULE: &str = "Sforce-Duplicate-Rule-Header";

/// Who writes, in which version of the API, and what the request's headers say about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// The id of the user whose session it is.
    pub(super) user: &'a str,
    /// Of `v50.0`, the 50.
    pub(super) version: u32,
    pub(super) auto_assign: Option<&'a str>,
    pub(super) duplicate_rule: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// Whoever holds the session of `user` and sends these headers to a URL of this version.
    pub(super) fn of(user: &'a str, version: &str, headers: &'a HeaderMap) -> Self {
        let number = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .unwrap_or_default();
        Self {
            user,
            version: number.parse().unwrap_or_default(),
            auto_assign: text(headers, AUTO_ASSIGN),
            duplicate_rule: text(headers, DUPLICATE_RULE),
        }
    }

    /// Whether no field is hidden from whoever writes.
    pub(super) fn sees_all(&self) -> bool {
        self.version == 0
    }

    /// The first user, who writes past the API: no assignment rule runs.
    pub(super) fn inside() -> Self {
        Self {
            user: USER_ID,
            version: 0,
            auto_assign: Some("FALSE"),
            duplicate_rule: None,
        }
    }
}

/// A header's value, where it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
