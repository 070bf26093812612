//! Determines which keys are external ids: Salesforce finds their records itself, and creates those that do not exist.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::salesforce::{Credentials, Key, Salesforce, Session, Wanted, describe::MaxAge};

/// The first version of the REST API whose Collections upsert records, without its minor number.
const FIRST_VERSION: u32 = 46;

/// Fields that are unique external ids, each as [`Key::field_kind`].
#[derive(Debug, Default)]
pub(super) struct ExternalIds(Vec<Box<str>>);

impl ExternalIds {
    /// The field of this key.
    pub(super) fn of(key: &Key) -> Self {
        Self(vec![key.field_kind().into()])
    }

    /// Whether a key is a value of one of the fields.
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.0.iter().any(|field| **field == *key.field_kind())
    }

    /// The keys that have to be looked up all the same.
    pub(super) fn without<'w>(&self, wanted: &'w [Wanted]) -> impl Iterator<Item = &'w Wanted> {
        let mut wanted = wanted.iter();
        std::iter::from_fn(move || {
            wanted.find(|wanted| wanted.needs_record || !self.contains(&wanted.key))
        })
    }

    /// Adds fields.
    pub(super) fn extend(&mut self, others: Self) {
        for field in others.0 {
            if !self.0.contains(&field) {
                self.0.push(field);
            }
        }
    }
}

impl Salesforce {
    /// The fields of these keys by which records are upserted, as far as their objects can be described. `max_age` is how long ago
    /// a description may have been confirmed, and with it the session.
    pub(super) async fn external_ids(
        self: &Arc<Self>,
        credentials: &Credentials,
        session: &Arc<Session>,
        wanted: &[Wanted],
        max_age: MaxAge,
    ) -> ExternalIds {
        let mut keys: Vec<&Key> = Vec::new();
        for wanted in wanted.iter().filter(|wanted| !wanted.needs_record) {
            let is_new = keys
                .iter()
                .all(|key| key.field_kind() != wanted.key.field_kind());
            if is_new {
                keys.push(&wanted.key);
            }
        }
        if keys.is_empty() || !self.upserts_collections() {
            return ExternalIds::default();
        }
        let user = self.creator(Some(credentials), session);
        let described = keys.iter().map(async |key| {
            let object = self
                .described(&user, session, key.object(), max_age)
                .await?;
            let field = object.field(key.field())?;
            field.identifies().then(|| key.field_kind().into())
        });
        ExternalIds(join_all(described).await.into_iter().flatten().collect())
    }

    /// Whether the version of the REST API upserts Collections by external id.
    pub(crate) fn upserts_collections(&self) -> bool {
        let major = self.api_version.split('.').next();
        let major = major.and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major >= FIRST_VERSION)
    }
}
