//! What a field table says, and how a row of it reads the traits.

use std::borrow::Cow;

use crate::{
    contract::json::{Kind, Members},
    map::{
        fields::{self, FieldValue, LeftOut},
        name::Name,
    },
    rules::{CustomFields, Rules},
};

/// How an object's standard fields are filled.
#[derive(Debug)]
pub struct Table {
    pub(super) fields: &'static [Field],
    /// Traits that never become custom fields.
    pub(super) taken: &'static [&'static str],
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
    pub(super) fn value<'a>(
        &self,
        traits: &Members<'a>,
        name: &Name<'a>,
        table: &Table,
        rules: &Rules,
        left_out: &mut Vec<LeftOut<'a>>,
    ) -> Option<FieldValue<'a>> {
        let paths = match self.source {
            Source::FirstName => return name.first.clone(),
            Source::LastName => return name.last.clone(),
            Source::Traits(paths) => paths,
        };
        for path in paths {
            let Some(value) = traits.at(path).filter(|value| value.is_present()) else {
                continue;
            };
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

impl Table {
    /// Whether a field is filled from inside the trait.
    fn reads_below(&self, name: &str) -> bool {
        self.fields.iter().any(|field| match field.source {
            Source::Traits(paths) => paths.iter().any(|path| {
                path.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
            }),
            Source::FirstName | Source::LastName => false,
        })
    }
}
