//! What is known about the objects of an org, for people.

use std::time::Instant;

use serde::Serialize;

use super::{Describes, lock};
use crate::salesforce::session::Instance;

/// What is known about one object, as one user sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeView {
    /// The object, in lower case.
    object: String,
    /// How many fields the user may see; `null` if the description is not known.
    fields: Option<usize>,
    /// How long ago the org confirmed the description, in seconds.
    confirmed_seconds_ago: Option<u64>,
}

impl Describes {
    /// The objects of an org that were described, ordered by name.
    pub(in crate::salesforce) fn views(&self, org: &Instance, now: Instant) -> Vec<DescribeView> {
        let Some(org) = self.orgs.get(org) else {
            return Vec::new();
        };
        let views = org.objects.iter().map(|(key, state)| {
            let known = lock(&state).known();
            let known = known.as_ref();
            DescribeView {
                object: key.1.clone(),
                fields: known.map(|(description, _)| description.fields().count()),
                confirmed_seconds_ago: known
                    .map(|(_, confirmed)| now.saturating_duration_since(*confirmed).as_secs()),
            }
        });
        let mut views: Vec<_> = views.collect();
        views.sort_by(|one, other| one.object.cmp(&other.object));
        views
    }
}
