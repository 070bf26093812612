//! A field table: which traits fill an object's standard fields.

use std::sync::LazyLock;

use crate::transform::mapping::{
    field::Field,
    index::{FieldPlaces, Index},
};

/// Which traits fill an object's standard fields.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) fields: &'static [Field],
    /// The slots of the traits that fields are read from, and of those that never become custom fields.
    pub(super) index: LazyLock<Index>,
    /// The table of the object from which the record was converted. Traits that only that table knows do not become
    /// custom fields.
    pub(super) before: Option<&'static Self>,
}

impl Table {
    /// The rows, each with the places of its paths.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Field, &FieldPlaces)> {
        self.fields.iter().zip(self.index.places())
    }

    /// Whether a trait fills a standard field or is never sent by RudderStack, so that it never becomes a custom field.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.index.takes(name)
    }

    /// Whether a field is read from a member of the trait.
    pub(super) fn reads_below(&self, name: &str) -> bool {
        let is_below = |path: &&str| {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let mut paths = self.fields.iter().flat_map(|field| field.source.paths());
        paths.any(is_below)
    }
}
