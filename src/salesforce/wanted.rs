//! What a lookup is to find.

use crate::salesforce::key::Key;

/// A key to ask for, and the further fields to read of its records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// API names of fields.
    pub fields: Vec<String>,
}

/// Whether a lookup may be answered with what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Ids that were found lately are good enough.
    Known,
    /// Salesforce is to be asked.
    Fresh,
}
