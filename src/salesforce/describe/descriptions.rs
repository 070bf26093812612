//! The descriptions of the objects that the events of a batch write.

use std::sync::Arc;

use futures_util::future::join_all;
use smallvec::SmallVec;

use super::{ObjectDescription, refused::RefusedFields, state::MaxAge};
use crate::salesforce::{
    Credentials, Salesforce, address::Effect, cache::OrgUser, key::is_api_name, session::Session,
};

/// The usual number of objects of a batch: Lead, and the Contact that a lead may have been converted to.
const USUAL_OBJECTS: usize = 2;

/// The descriptions of some objects, as far as they can be read.
#[derive(Debug, Default)]
pub(crate) struct Descriptions(SmallVec<[Described; USUAL_OBJECTS]>);

/// An object that is described.
#[derive(Debug)]
struct Described {
    object: Box<str>,
    description: Arc<ObjectDescription>,
    /// The fields that Salesforce has refused again and again.
    refused: RefusedFields,
}

impl Descriptions {
    /// The description of an object; `None` if it is not known.
    #[must_use]
    pub(crate) fn of(&self, object: &str) -> Option<&ObjectDescription> {
        self.described(object).map(|known| &*known.description)
    }

    /// The fields that are left out of a write with this effect, although the description shows them as writable: Salesforce has
    /// refused them again and again.
    pub(crate) fn refused(&self, object: &str, effect: Effect) -> &[Box<str>] {
        let known = self.described(object);
        known.map_or(&[], |known| known.refused.of(effect))
    }

    fn described(&self, object: &str) -> Option<&Described> {
        let mut known = self.0.iter();
        known.find(|known| known.object.eq_ignore_ascii_case(object))
    }

    /// Adds descriptions, which take the place of earlier ones of the same objects.
    pub(crate) fn extend(&mut self, later: Self) {
        let is_new = |name: &str| later.of(name).is_none();
        self.0.retain(|known| is_new(&known.object));
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
            let described = self.described(&user, session, object, MaxAge::Any);
            Some(self.with_refused(&user, object, described.await?))
        });
        Descriptions(join_all(described).await.into_iter().flatten().collect())
    }

    /// Describes an object again that Salesforce has contradicted, see [`Salesforce::described_again`]; nothing if it cannot be
    /// described.
    pub(crate) async fn describe_again(
        self: &Arc<Self>,
        credentials: &Credentials,
        session: &Arc<Session>,
        object: &str,
    ) -> Descriptions {
        if !is_api_name(object) {
            return Descriptions::default();
        }
        let user = self.creator(Some(credentials), session);
        let described = self.described_again(&user, session, object).await;
        let described = described.map(|described| self.with_refused(&user, object, described));
        Descriptions(described.into_iter().collect())
    }

    fn with_refused(
        &self,
        user: &OrgUser,
        object: &str,
        description: Arc<ObjectDescription>,
    ) -> Described {
        Described {
            object: object.into(),
            description,
            refused: self.refused_fields(user, object),
        }
    }
}
