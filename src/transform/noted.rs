//! What a change says, in a form that outlives the event.

use super::change::{Change, ChangeKind};

/// What a [`Change`] says. It contains no value of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedChange {
    /// The trait, if its name is known.
    pub trait_name: Option<String>,
    /// The field, if the change concerns a certain one.
    pub field: Option<String>,
    /// The kind of the change.
    pub kind: ChangeKind,
    /// The reason's label.
    pub reason: &'static str,
    /// A sentence for the author of the event.
    pub text: String,
}

impl From<&Change<'_>> for NotedChange {
    fn from(change: &Change<'_>) -> Self {
        Self {
            trait_name: change.trait_name(),
            field: change.field(),
            kind: change.kind(),
            reason: change.reason(),
            text: change.to_string(),
        }
    }
}
