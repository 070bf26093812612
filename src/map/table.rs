//! What a field table says, and how a row of it reads the traits.

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    contract::json::Kind,
    map::{
        fields::{self, FieldValue, LeftOut},
        name::Name,
        sorted::{Index, Places, Sorted},
    },
    rules::{CustomFields, Rules},
};

/// How an object's standard fields are filled.
#[derive(Debug)]
pub struct Table {
    pub(super) fields: &'static [Field],
    /// Where traits are sorted to, for the fields and the traits that never become custom ones.
    pub(super) index: LazyLock<Index>,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Field {
    /// The field's API name.
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What is sent where the traits have nothing.
    pub(super) default: Option<&'static str>,
    /// Whether Salesforce's REST API writes the field.
    pub(super) writable: bool,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The first of these paths that has a value.
    Traits(&'static [&'static str]),
    /// `firstName`, else the first part of `name`.
    FirstName,
    /// `lastName`, else the last part of `name`.
    LastName,
}

impl Field {
    /// The field's value from the traits: the first path that has one. An object or array is no value and is noted, unless
    /// it is one that the table reads from, such as `company`.
    #[inline]
    pub(super) fn value<'a>(
        &self,
        traits: &Sorted<'_, 'a>,
        places: &Places,
        name: &Name<'a>,
        table: &Table,
        rules: &Rules,
        left_out: &mut Vec<LeftOut<'a>>,
    ) -> Option<FieldValue<'a>> {
        match self.source {
            Source::FirstName => return name.first.clone(),
            Source::LastName => return name.last.clone(),
            Source::Traits(_) if !traits.is_any(places) => return None,
            Source::Traits(_) => {}
        }
        let present = traits.at(places).filter(|(_, value)| value.is_present());
        for (place, value) in present {
            let path = place.path;
            if rules.custom_fields == CustomFields::Truthy || fields::is_scalar(value) {
                return Some(FieldValue::Trait(value));
            }
            if value.kind() == Kind::Array || !table.reads_below(path) {
                left_out.push(LeftOut::Structure(Cow::Borrowed(path)));
            }
        }
        None
    }
}

impl Source {
    /// The paths, of which the first that has a value counts.
    pub(super) fn paths(&self) -> &'static [&'static str] {
        match self {
            Self::Traits(paths) => paths,
            Self::FirstName | Self::LastName => &[],
        }
    }
}

impl Table {
    /// The rows, each with the places of its paths.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Field, &Places)> {
        self.fields.iter().zip(self.index.places())
    }

    /// Whether a field is filled from inside the trait.
    fn reads_below(&self, name: &str) -> bool {
        let is_below = |path: &&str| {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let mut paths = self.fields.iter().flat_map(|field| field.source.paths());
        paths.any(is_below)
    }
}
