//! A row of a field table: a field of Salesforce, and what fills it.

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
    /// The traits that the field is read from. An object of which only a field that is missing reads a part is none of them.
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
    /// The paths, of which the first that has a value counts.
    pub(super) fn paths(&self) -> &'static [&'static str] {
        match self {
            Self::Traits(paths) => paths,
            Self::Email => &["email"],
            Self::FirstName | Self::LastName => &[],
        }
    }
}
