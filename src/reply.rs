//! The response bodies, in the shapes that rudder-server decodes (`docs/rudder-server.md`).
//!
//! Metadata and destination are echoed unchanged. A short answer is one buffer; a long one is written in pieces.

mod changes;
pub(crate) mod explanation;
pub(crate) mod pieces;
pub(crate) mod processor;
pub(crate) mod proxy;
pub(crate) mod router;

use std::borrow::Cow;

use crate::{json::Writer, transform::error::StatTags};

/// The tags of a failure, including those that locate it.
struct FullTags<'a> {
    own: StatTags,
    dest_type: &'static str,
    feature: &'static str,
    destination_id: Option<Cow<'a, str>>,
    workspace_id: Option<Cow<'a, str>>,
}

impl FullTags<'_> {
    fn write(&self, json: &mut Writer) {
        json.key("statTags");
        json.object(|json| {
            own_tags(self.own, json);
            json.text_member("destType", self.dest_type);
            json.text_member("module", "destination");
            json.text_member("implementation", "native");
            json.text_member("feature", self.feature);
            if let Some(id) = &self.destination_id {
                json.text_member("destinationId", id);
            }
            if let Some(id) = &self.workspace_id {
                json.text_member("workspaceId", id);
            }
        });
    }
}

fn own_tags(tags: StatTags, json: &mut Writer) {
    json.text_member("errorCategory", tags.error_category);
    json.text_member("errorType", tags.error_type);
    if let Some(meta) = tags.meta {
        json.text_member("meta", meta);
    }
}
