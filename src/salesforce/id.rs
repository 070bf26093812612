//! The ids of records.

/// How many bytes a record's id may have: more than any of Salesforce's.
const MAX_ID: usize = 64;

/// Whether a text is a record's id, of 15 or 18 characters in Salesforce and in any case one that keeps its place in a path.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
