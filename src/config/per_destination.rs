//! Settings that can be overridden for one destination.

use std::collections::BTreeMap;

/// A destination id as it is spelled in variable names.
#[must_use]
pub fn spelled(destination: &str) -> String {
    let spelled = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    destination.chars().map(spelled).collect()
}

/// A setting with a value for all destinations and overrides for some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerDestination<T> {
    all: T,
    own: BTreeMap<String, T>,
}

impl<T> PerDestination<T> {
    /// The value for all destinations, and the overrides by spelled destination id.
    pub(super) fn new(all: T, own: BTreeMap<String, T>) -> Self {
        Self { all, own }
    }

    /// The value for the destination with this id.
    #[must_use]
    pub fn of(&self, destination: &str) -> &T {
        // Most deployments have no overrides. Spelling the id is then unnecessary.
        if self.own.is_empty() {
            return &self.all;
        }
        self.own.get(&spelled(destination)).unwrap_or(&self.all)
    }

    /// The value for all destinations and all overrides.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.all).chain(self.own.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_of_an_id_stand_as_they_are_and_the_rest_as_underscores() {
        assert_eq!(spelled("2aBc-9.ü"), "2aBc_9__");
    }
}
