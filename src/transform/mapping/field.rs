//! A row of a field table: a Salesforce field and the traits that fill it.

/// A row of a table.
#[derive(Debug)]
pub(super) struct Field {
    /// The field's API name.
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What is sent if the traits have no value.
    pub(super) default: Option<&'static str>,
    pub(super) access: Access,
}

/// Whether a field can be written through Salesforce's REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The field can be written.
    Written,
    /// Only Salesforce itself writes the field.
    System,
    /// The object has no such standard field, although RudderStack's mapping names it.
    Missing,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The first of these paths that has a value.
    Traits(&'static [&'static str]),
    /// `email`, in the form in which the record was looked up.
    Email,
    /// `firstName`, else the first part of `name`.
    FirstName,
    /// `lastName`, else the last part of `name`.
    LastName,
}

impl Field {
    /// The traits that the field is read from. For a missing field this excludes objects of which it would read only a
    /// part.
    pub(super) fn traits(&self) -> impl Iterator<Item = &'static str> {
        let paths = self.source.paths().iter();
        paths.filter_map(|path| match path.split_once('.') {
            Some(_) if self.access == Access::Missing => None,
            Some((root, _)) => Some(root),
            None => Some(*path),
        })
    }
}

impl Source {
    /// The paths in order of preference: the first one with a value counts.
    pub(super) fn paths(&self) -> &'static [&'static str] {
        match self {
            Self::Traits(paths) => paths,
            Self::Email => &["email"],
            Self::FirstName | Self::LastName => &[],
        }
    }
}
