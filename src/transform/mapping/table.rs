//! What a field table says, and how a row of it reads the traits.

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    json::{Kind, Value},
    transform::mapping::{
        fields::FieldValue,
        index::{Index, Places},
        left_out::LeftOut,
        reading::Reading,
    },
};

/// How an object's standard fields are filled.
#[derive(Debug)]
pub struct Table {
    pub(super) fields: &'static [Field],
    /// Where traits are sorted to, for the fields and the traits that never become custom ones.
    pub(super) index: LazyLock<Index>,
    /// The table of the object that the record was before it became this one: the traits that only that one knows become no
    /// custom fields.
    pub(super) before: Option<&'static Self>,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Field {
    /// The field's API name.
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What is sent where the traits have nothing.
    pub(super) default: Option<&'static str>,
    pub(super) access: Access,
}

/// Whether Salesforce's REST API writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It does.
    Written,
    /// Salesforce alone does.
    System,
    /// The object has no such standard field, though RudderStack's mapping names it.
    Missing,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The first of these paths that has a value.
    Traits(&'static [&'static str]),
    /// `email`, as the record was looked up by it.
    Email,
    /// `firstName`, else the first part of `name`.
    FirstName,
    /// `lastName`, else the last part of `name`.
    LastName,
}

impl Field {
    /// The field's value from the traits: the first path that has one. An object or array is no value and is noted, unless
    /// it is one that the table reads from, such as `company`; so is a value that another one comes before.
    #[inline]
    pub(super) fn value<'a>(
        &self,
        reading: &Reading<'_, '_, 'a>,
        places: &Places,
        left_out: &mut Vec<LeftOut<'a>>,
    ) -> Option<FieldValue<'a>> {
        match self.source {
            Source::FirstName => reading.name.first.clone(),
            Source::LastName => reading.name.last.clone(),
            Source::Email => {
                let own = first(reading, places, left_out);
                reading.email(own)
            }
            Source::Traits(_) if !reading.traits.is_any(places) => None,
            Source::Traits(_) => first(reading, places, left_out).map(FieldValue::Trait),
        }
    }
}

/// The first value at these places that a field can hold.
fn first<'a>(
    reading: &Reading<'_, '_, 'a>,
    places: &Places,
    left_out: &mut Vec<LeftOut<'a>>,
) -> Option<Value<'a>> {
    let mut first: Option<(&'static str, Value<'a>)> = None;
    for place in &places.places {
        let path = place.path;
        for value in reading.traits.at(place, reading.rules.blank_text) {
            let Some(value) = value.filter(|value| reading.counts(*value)) else {
                continue;
            };
            match first {
                _ if !reading.is_sent(value) => left_out.extend(structure(reading, path, value)),
                None => first = Some((path, value)),
                Some((first, taken)) if reading.notes() && !taken.is_same_as(value) => {
                    left_out.push(LeftOut::ComesAfter { path, first });
                }
                Some(_) => {}
            }
        }
    }
    first.map(|(_, value)| value)
}

/// What is said of an object or array at a path; nothing of an object that the table reads from.
fn structure<'a>(
    reading: &Reading<'_, '_, 'a>,
    path: &'static str,
    value: Value<'a>,
) -> Option<LeftOut<'a>> {
    let is_read = value.kind() == Kind::Object && reading.table.reads_below(path);
    (!is_read).then_some(LeftOut::Structure(Cow::Borrowed(path)))
}

impl Source {
    /// The paths, of which the first that has a value counts.
    pub(super) fn paths(&self) -> &'static [&'static str] {
        match self {
            Self::Traits(paths) => paths,
            Self::Email => &["email"],
            Self::FirstName | Self::LastName => &[],
        }
    }
}

impl Table {
    /// The rows, each with the places of its paths.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Field, &Places)> {
        self.fields.iter().zip(self.index.places())
    }

    /// Whether a trait fills a field, or is one that RudderStack keeps to itself, so that it never becomes a custom one.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.index.takes(name)
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
