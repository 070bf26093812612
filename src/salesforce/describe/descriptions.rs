//! The descriptions of the objects that the events of a batch write.

use std::sync::Arc;

use futures_util::future::join_all;
use smallvec::SmallVec;

use super::ObjectDescription;
use crate::salesforce::{Credentials, Salesforce, key::is_api_name, session::Session};

/// The usual number of objects of a batch: Lead, and the Contact that a lead may have been converted to.
const USUAL_OBJECTS: usize = 2;

/// The descriptions of some objects, as far as they can be read.
#[derive(Debug, Default)]
pub(crate) struct Descriptions(SmallVec<[(Box<str>, Arc<ObjectDescription>); USUAL_OBJECTS]>);

impl Descriptions {
    /// The description of an object; `None` if it is not known.
    #[must_use]
    pub(crate) fn of(&self, object: &str) -> Option<&ObjectDescription> {
        let mut known = self.0.iter();
        let known = known.find(|(name, _)| name.eq_ignore_ascii_case(object));
        known.map(|(_, description)| &**description)
    }

    /// Adds descriptions, which take the place of earlier ones of the same objects.
    pub(crate) fn extend(&mut self, later: Self) {
        let is_new = |name: &str| later.of(name).is_none();
        self.0.retain(|(name, _)| is_new(name));
        self.0.extend(later.0);
    }
}

impl Salesforce {
    /// Describes objects as the user of these credentials sees them. Callers wait for the first description of an object only,
    /// and not long.
    pub(crate) async fn describe_all(
        self: &Arc<Self>,
        credentials: &Credentials,
        session: &Arc<Session>,
        objects: impl IntoIterator<Item = &str>,
    ) -> Descriptions {
        let user = self.creator(Some(credentials), session);
        let objects = objects.into_iter().filter(|object| is_api_name(object));
        let described = objects.map(async |object| {
            let described = self.described(&user, session, object, std::time::Duration::MAX);
            Some((object.into(), described.await?))
        });
        Descriptions(join_all(described).await.into_iter().flatten().collect())
    }
}
