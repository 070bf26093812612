//! What becomes of a trait, in one of a few words.

use serde::Serialize;

/// What becomes of a trait, or where a field comes from that no trait fills.
#[derive(PartialEq, Eq, Serialize)]
pub(crate) struct TraitFate {
    /// The path of the trait; `None` if no trait fills the field.
    #[serde(rename = "trait", skip_serializing_if = "Option::is_none")]
    pub trait_name: Option<String>,
    /// What becomes of it.
    pub fate: Fate,
    /// The field that it fills, or would fill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why it is not sent as it came, from the list in `docs/behaviour.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What becomes of a trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// It is sent as it came.
    Sent,
    /// It is sent in another field or form.
    Changed,
    /// It is not sent.
    LeftOut,
    /// It is not sent, because the record already has this value.
    Unchanged,
    /// It has no value.
    NoValue,
    /// No trait fills the field; the service does.
    Filled,
    /// New records require the field, and nothing fills it.
    Missing,
    /// There are more traits than are listed.
    Unlisted,
}

impl TraitFate {
    /// A fate without further particulars.
    pub(super) fn new(fate: Fate) -> Self {
        Self {
            trait_name: None,
            fate,
            field: None,
            reason: None,
            message: None,
        }
    }
}
