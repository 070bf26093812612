//! Settings that a destination may have of its own.

use std::collections::BTreeMap;

/// A destination id as variable names spell it.
#[must_use]
pub fn spelled(destination: &str) -> String {
    let spelled = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    destination.chars().map(spelled).collect()
}

/// A setting for all destinations, and the values of those that have their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerDestination<T> {
    all: T,
    own: BTreeMap<String, T>,
}

impl<T> PerDestination<T> {
    /// The value for all destinations, and those of single ones by their spelled ids.
    pub(super) fn new(all: T, own: BTreeMap<String, T>) -> Self {
        Self { all, own }
    }

    /// The value for a destination, by its id.
    #[must_use]
    pub fn of(&self, destination: &str) -> &T {
        // Most deployments set nothing for single destinations.
        if self.own.is_empty() {
            return &self.all;
        }
        self.own.get(&spelled(destination)).unwrap_or(&self.all)
    }

    /// All values that some destination may have.
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
