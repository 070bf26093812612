//! The name of a field.

use std::borrow::Cow;

use crate::contract::json::{MemberName, Writer};

/// How the names of custom fields end.
const CUSTOM: &str = "__c";

/// The API name of a field. That of a custom field is its trait's with `__c` behind, which is not copied for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldName<'a> {
    /// What comes before `__c`.
    stem: Cow<'a, str>,
    is_custom: bool,
}

impl<'a> FieldName<'a> {
    /// A field of a table: no custom one.
    pub(super) fn standard(name: &'static str) -> Self {
        Self {
            stem: Cow::Borrowed(name),
            is_custom: false,
        }
    }

    /// The custom field of a trait.
    pub(super) fn custom(name: Cow<'a, str>) -> Self {
        Self {
            stem: name,
            is_custom: true,
        }
    }

    /// The name as a text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        if self.is_custom {
            Cow::Owned([&self.stem, CUSTOM].concat())
        } else {
            Cow::Borrowed(&self.stem)
        }
    }

    /// Writes the name as a key.
    pub(super) fn write(&self, json: &mut Writer) {
        json.name(&self.stem, if self.is_custom { CUSTOM } else { "" });
    }
}

/// Two names are the same that are spelled alike, whether they came with `__c` or got it.
impl<'a> From<Cow<'a, str>> for FieldName<'a> {
    fn from(name: Cow<'a, str>) -> Self {
        let Some(stem) = name.strip_suffix(CUSTOM).map(str::len) else {
            return Self {
                stem: name,
                is_custom: false,
            };
        };
        Self::custom(match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[..stem]),
            Cow::Owned(mut name) => {
                name.truncate(stem);
                Cow::Owned(name)
            }
        })
    }
}

impl MemberName for FieldName<'_> {
    fn stem(&self) -> &str {
        &self.stem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_gets_its_suffix_is_the_one_that_came_with_it() {
        let [plan, came] = ["plan", "plan__c"].map(Cow::Borrowed);
        let owned = Cow::Owned("plan__c".to_owned());
        let custom = FieldName::custom(plan.clone());
        assert_eq!(FieldName::from(came), custom);
        assert_eq!(FieldName::from(owned), custom);
        assert_ne!(FieldName::from(plan), custom);
        assert_eq!(custom.text(), "plan__c");
    }

    #[test]
    fn a_second_suffix_is_another_name() {
        let twice = FieldName::custom(Cow::Borrowed("plan__c"));
        assert_eq!(twice.text(), "plan__c__c");
        assert_eq!(FieldName::from(twice.text()), twice);
    }
}
