//! Record ids.

/// The maximum length of a record id in bytes, longer than any id of Salesforce.
const MAX_ID: usize = 64;

/// Whether a text is usable as a record id. Salesforce's ids have 15 or 18 characters; any id accepted here stays
/// within its path segment.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
