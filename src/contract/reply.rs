//! The answers, in the shapes that rudder-server decodes (wire contract, sections 1.2 and 3.2).
//!
//! Metadata and destination go out as they came in. An answer is one buffer.

pub mod processor;
pub mod proxy;
pub mod router;

use std::borrow::Cow;

use serde::Serialize;

use crate::error::{RequestError, StatTags};

/// The tags of a failure with all that tells where it happened.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FullTags<'a> {
    #[serde(flatten)]
    own: StatTags,
    dest_type: &'static str,
    module: &'static str,
    implementation: &'static str,
    feature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<Cow<'a, str>>,
}

/// Writes an answer into one buffer.
fn buffer(answer: &impl Serialize) -> Result<Vec<u8>, RequestError> {
    serde_json::to_vec(answer).map_err(RequestError::Unwritable)
}
