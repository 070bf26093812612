//! API names of fields.
//!
//! Valid names of custom fields, from Salesforce's Metadata API guide ("`CustomField`", `fullName`) and its packaging
//! guide ("Register a Namespace"). A name consists of ASCII letters, digits and single underscores, begins with a
//! letter, does not end in an underscore, and has at most 40 characters. The namespace of a package, at most 15
//! characters, may precede it, separated by two underscores.

use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
};

use crate::{
    config::rules::LetterCase,
    json::{MemberName, Writer},
};

/// The suffix of every custom field's name.
const CUSTOM: &str = "__c";

/// The maximum length of a custom field's name, before [`CUSTOM`].
const MAX_NAME: usize = 40;

/// The maximum length of a namespace.
const MAX_NAMESPACE: usize = 15;

/// The API name of a field. For a custom field it borrows the trait's name and adds `__c` when it is written.
///
/// Two names are equal if they name the same field; the rule that both carry says whether letter case matters.
#[derive(Clone, Debug)]
pub struct FieldName<'a> {
    /// The part before the suffix.
    stem: Cow<'a, str>,
    suffix: Suffix,
    case: LetterCase,
    source: NameSource,
}

/// Where a name comes from. It does not matter for which field the name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameSource {
    /// A table names the field.
    Table,
    /// The name is a trait's.
    Trait,
    /// The name is a trait's with `__c` appended.
    Suffixed,
}

/// The suffix of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Suffix {
    /// No suffix: a standard field.
    None,
    /// `__c`
    Custom,
    /// `__C`
    CustomUpper,
}

impl Suffix {
    fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Custom => CUSTOM,
            Self::CustomUpper => "__C",
        }
    }

    fn of(name: &str) -> Self {
        match name.as_bytes() {
            [.., b'_', b'_', b'c'] => Self::Custom,
            [.., b'_', b'_', b'C'] => Self::CustomUpper,
            _ => Self::None,
        }
    }
}

impl<'a> FieldName<'a> {
    /// A standard field of a table.
    pub(super) fn standard(name: &'static str, case: LetterCase) -> Self {
        Self {
            stem: Cow::Borrowed(name),
            suffix: Suffix::None,
            case,
            source: NameSource::Table,
        }
    }

    /// Any field, in the given spelling.
    pub(crate) fn spelled(name: Cow<'a, str>, case: LetterCase) -> Self {
        let suffix = Suffix::of(&name);
        let length = name.len() - suffix.text().len();
        let stem = match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[..length]),
            Cow::Owned(mut name) => {
                name.truncate(length);
                Cow::Owned(name)
            }
        };
        Self {
            stem,
            suffix,
            case,
            source: NameSource::Trait,
        }
    }

    /// The custom field of a trait with any name: the suffix is always appended.
    pub(super) fn suffixed(name: Cow<'a, str>, case: LetterCase) -> Self {
        Self {
            stem: name,
            suffix: Suffix::Custom,
            case,
            source: NameSource::Suffixed,
        }
    }

    /// The custom field of a trait. The suffix is appended unless the trait's name already ends in it.
    ///
    /// # Errors
    /// The trait's name, if no field can have it.
    pub(crate) fn custom(name: Cow<'a, str>, case: LetterCase) -> Result<Self, Cow<'a, str>> {
        let suffix = Suffix::of(&name);
        let length = name.len() - suffix.text().len();
        if !is_custom_name(&name.as_bytes()[..length]) {
            return Err(name);
        }
        Ok(if suffix == Suffix::None {
            Self::suffixed(name, case)
        } else {
            Self::spelled(name, case)
        })
    }

    /// Another name for what this one names.
    #[must_use]
    pub(crate) fn renamed(&self, name: &str) -> FieldName<'a> {
        let name = Self::spelled(Cow::Owned(name.to_owned()), self.case);
        Self {
            source: NameSource::Table,
            ..name
        }
    }

    /// A field as the org spells it, which no trait names.
    pub(crate) fn of_org(name: &str) -> FieldName<'static> {
        FieldName {
            source: NameSource::Table,
            ..FieldName::spelled(Cow::Owned(name.to_owned()), LetterCase::Ignored)
        }
    }

    /// The two parts of the name: the one before the suffix of custom fields, and this suffix.
    #[must_use]
    #[inline]
    pub(crate) fn parts(&self) -> (&str, &'static str) {
        (&self.stem, self.suffix.text())
    }

    /// Whether the suffix of custom fields was appended to a trait's name.
    #[must_use]
    pub(crate) fn is_suffixed(&self) -> bool {
        self.source == NameSource::Suffixed
    }

    /// Whether a table names the field.
    #[must_use]
    pub(crate) fn is_of_table(&self) -> bool {
        self.source == NameSource::Table
    }

    /// The name as a text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self.suffix {
            Suffix::None => Cow::Borrowed(&self.stem),
            Suffix::Custom | Suffix::CustomUpper => {
                Cow::Owned([&self.stem, self.suffix.text()].concat())
            }
        }
    }

    /// The trait that fills the field; `None` for a field of a table, which several traits may fill.
    #[must_use]
    pub(crate) fn trait_name(&self) -> Option<Cow<'_, str>> {
        match self.source {
            NameSource::Table => None,
            NameSource::Trait => Some(self.text()),
            NameSource::Suffixed => Some(Cow::Borrowed(&self.stem)),
        }
    }

    /// Writes the name as a key.
    pub(super) fn write(&self, json: &mut Writer) {
        json.name(&self.stem, self.suffix.text());
    }
}

/// Whether a custom field can have this name, without its suffix.
fn is_custom_name(name: &[u8]) -> bool {
    is_part(name, MAX_NAME) || is_of_package(name)
}

/// Whether a text consists of a namespace and a name.
fn is_of_package(name: &[u8]) -> bool {
    let end = name.windows(2).position(|pair| pair == b"__");
    end.is_some_and(|end| {
        is_part(&name[..end], MAX_NAMESPACE) && is_part(&name[end + 2..], MAX_NAME)
    })
}

/// Whether a text is a valid namespace or name of at most this many characters.
fn is_part(name: &[u8], longest: usize) -> bool {
    let mut last = b'_';
    for byte in name {
        let is_allowed = match byte {
            b'_' => last != b'_',
            byte => byte.is_ascii_alphanumeric(),
        };
        if !is_allowed {
            return false;
        }
        last = *byte;
    }
    last != b'_' && name.len() <= longest && name.first().is_some_and(u8::is_ascii_alphabetic)
}

impl PartialEq for FieldName<'_> {
    fn eq(&self, other: &Self) -> bool {
        match self.case {
            LetterCase::Counts => self.suffix == other.suffix && self.stem == other.stem,
            LetterCase::Ignored => {
                (self.suffix == Suffix::None) == (other.suffix == Suffix::None)
                    && self.stem.eq_ignore_ascii_case(&other.stem)
            }
        }
    }
}

impl Eq for FieldName<'_> {}

impl Hash for FieldName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.case {
            LetterCase::Counts => {
                self.stem.hash(state);
                self.suffix.hash(state);
            }
            LetterCase::Ignored => {
                for byte in self.stem.bytes() {
                    state.write_u8(byte.to_ascii_lowercase());
                }
                (self.suffix == Suffix::None).hash(state);
            }
        }
    }
}

impl MemberName for FieldName<'_> {
    fn stem(&self) -> &str {
        &self.stem
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const CASES: [LetterCase; 2] = [LetterCase::Counts, LetterCase::Ignored];

    #[test]
    fn a_name_that_gets_its_suffix_is_the_one_that_came_with_it() {
        for case in CASES {
            let custom = FieldName::custom("plan".into(), case).unwrap();
            let spelled = FieldName::spelled("plan__c".into(), case);
            let owned = FieldName::spelled(Cow::Owned("plan__c".to_owned()), case);
            assert_eq!((&spelled, &owned), (&custom, &custom));
            assert_eq!(FieldName::custom("plan__c".into(), case).unwrap(), custom);
            assert_ne!(FieldName::spelled("plan".into(), case), custom);
            assert_eq!(custom.text(), "plan__c");
        }
    }

    #[test]
    fn a_second_suffix_is_another_name() {
        for case in CASES {
            let twice = FieldName::suffixed("plan__c".into(), case);
            assert_eq!(twice.text(), "plan__c__c");
            let spelled = FieldName::spelled("plan__c__c".into(), case);
            assert_eq!(spelled, twice);
        }
    }

    #[test]
    fn letter_case_tells_two_names_apart_only_where_it_counts_and_is_kept_in_both() {
        for (case, distinct) in [(LetterCase::Counts, 4), (LetterCase::Ignored, 1)] {
            let names = ["Plan__c", "plan__c", "PLAN__C", "plan__C"];
            let names: HashSet<_> = names
                .map(|name| FieldName::spelled(name.into(), case))
                .into();
            assert_eq!(names.len(), distinct, "{names:?}");
        }
        let kept = FieldName::custom("PLAN__C".into(), LetterCase::Ignored).unwrap();
        assert_eq!(kept.text(), "PLAN__C");
    }

    #[test]
    fn a_custom_field_is_called_as_salesforce_allows() {
        let long = "a".repeat(40);
        let of_package = format!("{}__{long}__c", "n".repeat(15));
        for name in [
            "a",
            "A1",
            "new_prop",
            "a__c",
            "a__C",
            "ns__a",
            "my_ns__a_b__c",
            &long,
            &of_package,
        ] {
            assert!(
                FieldName::custom(name.into(), LetterCase::Ignored).is_ok(),
                "{name}"
            );
        }
        let long = "a".repeat(41);
        let of_package = format!("{}__a__c", "n".repeat(16));
        for name in [
            "",
            "__c",
            "_a",
            "a_",
            "a___c",
            "1a",
            "a b",
            "a-b",
            "a.b",
            "$a",
            "a$",
            "é",
            "aé",
            "名前",
            "a__b__d__c",
            "ns__",
            "__a",
            "1__a",
            "ns__1",
            "ns___a",
            "a\u{0}",
            "a\n",
            &long,
            &of_package,
        ] {
            assert!(
                FieldName::custom(name.into(), LetterCase::Ignored).is_err(),
                "{name}"
            );
        }
    }
}
