//! A field table: how an object's standard fields are filled.

use std::sync::LazyLock;

use crate::transform::mapping::{
    field::Field,
    index::{FieldPlaces, Index},
};

/// How an object's standard fields are filled.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) fields: &'static [Field],
    /// Where traits are sorted to, for the fields and the traits that never become custom ones.
    pub(super) index: LazyLock<Index>,
    /// The table of the object that the record was before it became this one: the traits that only that one knows become no
    /// custom fields.
    pub(super) before: Option<&'static Self>,
}

impl Table {
    /// The rows, each with the places of its paths.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Field, &FieldPlaces)> {
        self.fields.iter().zip(self.index.places())
    }

    /// Whether a trait fills a field, or is one that RudderStack keeps to itself, so that it never becomes a custom one.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.index.takes(name)
    }

    /// Whether a field is filled from inside the trait.
    pub(super) fn reads_below(&self, name: &str) -> bool {
        let is_below = |path: &&str| {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let mut paths = self.fields.iter().flat_map(|field| field.source.paths());
        paths.any(is_below)
    }
}
