//! First and last name: from their own traits, otherwise from `name`.

use std::borrow::Cow;

use crate::{
    config::rules::NameCut,
    json::{Kind, Object, Value},
    text,
    transform::{
        change::Change,
        changes::Changes,
        error::EventError,
        mapping::{fields::FieldValue, index::PARTS},
    },
};

const NAME: &str = PARTS[0];
const FIRST_NAME: &str = PARTS[1];
const LAST_NAME: &str = PARTS[2];

/// The two parts of a person's name. A part is `None` if it is unknown, and empty if it is known to be empty; no
/// placeholder replaces an empty part.
pub(super) struct Name<'a> {
    pub(super) first: Option<FieldValue<'a>>,
    pub(super) last: Option<FieldValue<'a>>,
}

impl<'a> Name<'a> {
    /// Reads the traits `name`, `firstName` and `lastName`. The latter two replace their part if they are a non-blank
    /// text or a number other than zero; a `name` that is not a text is ignored. Unused values are added to `changes`.
    ///
    /// # Errors
    /// [`EventError::EmptyName`] for an empty list or object under [`NameCut::SingleSpaces`].
    pub(super) fn of(
        [name, first_name, last_name]: [Option<Value<'a>>; 3],
        cut: NameCut,
        changes: &mut Changes<'a>,
    ) -> Result<Self, EventError> {
        if cut == NameCut::SingleSpaces {
            return Self::of_stock([name, first_name, last_name]);
        }
        let mut own = |value: Option<Value<'a>>, name| {
            let value = value?;
            match value.kind() {
                Kind::Text => text::is_filled(value).then_some(value),
                Kind::Number if value.is_truthy() => Some(value),
                Kind::Null => None,
                Kind::Number | Kind::Bool | Kind::Array | Kind::Object => {
                    changes.push(Change::NotName(name));
                    None
                }
            }
        };
        let (first, last) = (own(first_name, FIRST_NAME), own(last_name, LAST_NAME));
        let parts = match name.filter(|name| text::is_filled(*name)) {
            None => NameParts::default(),
            Some(name) => name.as_text().map_or_else(
                || {
                    changes.push(Change::NotName(NAME));
                    NameParts::default()
                },
                parts,
            ),
        };
        if parts.has_middle {
            changes.push(Change::MiddleOfName);
        }
        Ok(Self {
            first: taken(first, parts.first, FIRST_NAME, changes),
            last: taken(last, parts.last, LAST_NAME, changes),
        })
    }

    /// The same for the stock set: any truthy value is passed on, including lists and objects.
    fn of_stock([name, first_name, last_name]: [Option<Value<'a>>; 3]) -> Result<Self, EventError> {
        if name.is_some_and(is_empty_structure) {
            return Err(EventError::EmptyName);
        }
        let name = name.and_then(Value::as_text);
        let name = name.filter(|name| !name.is_empty());
        let cut = |name| pair(name, |name| ends(name.split(' ')));
        let parts = name.map(cut).unwrap_or_default();
        let own = |value: Option<Value<'a>>, part: Option<Cow<'a, str>>| {
            let value = value.filter(|value| value.is_truthy());
            let value = value.map(FieldValue::Trait);
            value.or_else(|| part.map(FieldValue::Text))
        };
        Ok(Self {
            first: own(first_name, parts.first),
            last: own(last_name, parts.last),
        })
    }
}

/// A part's own trait, otherwise the part of `name`. If the two differ, the part of `name` is noted as left out.
fn taken<'a>(
    own: Option<Value<'a>>,
    part: Option<Cow<'a, str>>,
    first: &'static str,
    changes: &mut Changes<'a>,
) -> Option<FieldValue<'a>> {
    let Some(own) = own else {
        return part.map(FieldValue::Text);
    };
    if part.is_some_and(|part| !own.says(&part)) {
        changes.push(Change::ComesAfter { path: NAME, first });
    }
    Some(FieldValue::Trait(own))
}

fn is_empty_structure(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Array => value.as_array().is_some_and(|elements| elements.is_empty()),
        Kind::Object => value.as_object().is_some_and(Object::is_empty),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Text => false,
    }
}

/// The first word of a name and, if there are several, the last one.
#[derive(Default)]
struct NameParts<'n> {
    first: Option<Cow<'n, str>>,
    last: Option<Cow<'n, str>>,
    /// Whether the name has words between them.
    has_middle: bool,
}

/// The parts of a name that is split at white space of any kind and length. Words of invisible characters only do not
/// count.
fn parts(name: Cow<'_, str>) -> NameParts<'_> {
    pair(name, |name| {
        ends(name.split_whitespace().filter(|word| !text::is_blank(word)))
    })
}

/// The parts that `cut` finds. They are copied only if the name is an owned text.
fn pair<'n>(
    name: Cow<'n, str>,
    cut: impl for<'t> Fn(&'t str) -> (Option<&'t str>, Option<&'t str>, bool),
) -> NameParts<'n> {
    let (first, last, has_middle) = match name {
        Cow::Borrowed(name) => {
            let (first, last, has_middle) = cut(name);
            (
                first.map(Cow::Borrowed),
                last.map(Cow::Borrowed),
                has_middle,
            )
        }
        Cow::Owned(name) => {
            let (first, last, has_middle) = cut(&name);
            let owned = |word: &str| Cow::Owned(word.to_owned());
            (first.map(owned), last.map(owned), has_middle)
        }
    };
    NameParts {
        first,
        last,
        has_middle,
    }
}

fn ends<'n>(
    mut words: impl DoubleEndedIterator<Item = &'n str>,
) -> (Option<&'n str>, Option<&'n str>, bool) {
    let (first, last) = (words.next(), words.next_back());
    (first, last, words.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::value;

    fn names(traits: &str, cut: NameCut) -> (Option<String>, Option<String>) {
        let traits = value(traits).as_object().unwrap();
        let name = Name::of(traits.pick(PARTS), cut, &mut Changes::default()).unwrap();
        let show = |part: Option<FieldValue<'_>>| {
            part.map(|part| match part {
                FieldValue::Trait(value) => value.json().to_owned(),
                FieldValue::Text(text) | FieldValue::Json(text) => text.into_owned(),
                FieldValue::Placeholder(text) => text.to_owned(),
            })
        };
        (show(name.first), show(name.last))
    }

    fn pair(first: &str, last: &str) -> (Option<String>, Option<String>) {
        (Some(first.to_owned()), Some(last.to_owned()))
    }

    #[test]
    fn the_documented_cut_is_at_white_space() {
        for (name, expected) in [
            ("John Doe", pair("John", "Doe")),
            (" John  van\\tDoe ", pair("John", "Doe")),
            ("John ", (Some("John".to_owned()), None)),
            ("", (None, None)),
            (" ", (None, None)),
        ] {
            assert_eq!(
                names(&format!(r#"{{"name":"{name}"}}"#), NameCut::Words),
                expected,
                "{name:?}"
            );
        }
    }

    #[test]
    fn the_stock_cut_is_at_each_single_space_and_knows_empty_parts() {
        for (name, expected) in [
            ("A B C", pair("A", "C")),
            ("A  B", pair("A", "B")),
            ("A ", pair("A", "")),
            (" B", pair("", "B")),
            ("A\\tB", (Some("A\tB".to_owned()), None)),
            ("", (None, None)),
        ] {
            assert_eq!(
                names(&format!(r#"{{"name":"{name}"}}"#), NameCut::SingleSpaces),
                expected,
                "{name:?}"
            );
        }
    }

    #[test]
    fn names_of_their_own_come_before_parts() {
        assert_eq!(
            names(
                r#"{"name":"A B","firstName":"X","lastName":""}"#,
                NameCut::Words
            ),
            pair("\"X\"", "B")
        );
        assert_eq!(
            names(r#"{"name":5,"lastName":7}"#, NameCut::Words),
            (None, Some("7".to_owned()))
        );
    }
}
