//! How a write names its record.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::salesforce::key::Key;

/// How a write names its record.
pub enum Address<'a> {
    /// The record is new.
    New,
    /// The record with this id is updated.
    Id(Cow<'a, str>),
    /// The record with this external id is updated, or created if there is none.
    ExternalId(&'a Key),
}

/// What a write may do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// It creates a record.
    Create,
    /// It updates a record.
    Update,
    /// It does either, and only Salesforce knows which.
    Upsert,
}

/// Omits the id, because it may come from an event.
impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.effect(), f)
    }
}

impl Address<'_> {
    /// The record's id, if it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::New | Self::ExternalId(_) => None,
        }
    }

    /// What a write to it does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::New => Effect::Create,
            Self::Id(_) => Effect::Update,
            Self::ExternalId(_) => Effect::Upsert,
        }
    }

    /// Whether a write to it creates a record in any case.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.effect() == Effect::Create
    }
}

impl Effect {
    /// Whether a record may be created.
    #[must_use]
    pub fn may_create(self) -> bool {
        match self {
            Self::Create | Self::Upsert => true,
            Self::Update => false,
        }
    }
}
