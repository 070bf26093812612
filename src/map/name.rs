//! First and last name: from traits of their own, else from `name`.

use std::borrow::Cow;

use crate::{
    contract::json::{Kind, Object, Value},
    error::EventError,
    map::fields::FieldValue,
    rules::NameCut,
};

/// The two parts of a person's name. A part is `None` where nothing is known of it, and empty where it is known to be
/// empty, which no placeholder replaces.
pub(super) struct Name<'a> {
    pub(super) first: Option<FieldValue<'a>>,
    pub(super) last: Option<FieldValue<'a>>,
}

impl<'a> Name<'a> {
    /// Reads the traits `name`, `firstName` and `lastName`. The latter two replace their part where JavaScript holds them for
    /// true; a `name` that is no text is ignored.
    ///
    /// # Errors
    /// [`EventError::EmptyName`] for an empty list or object under [`NameCut::SingleSpaces`].
    pub(super) fn of(
        [name, first_name, last_name]: [Option<Value<'a>>; 3],
        cut: NameCut,
    ) -> Result<Self, EventError> {
        if cut == NameCut::SingleSpaces && name.is_some_and(is_empty_structure) {
            return Err(EventError::EmptyName);
        }
        let name = name.and_then(Value::as_text);
        let (first, last) = name.map_or((None, None), |name| parts(name, cut));
        let own = |value: Option<Value<'a>>, part: Option<Cow<'a, str>>| {
            let value = value.filter(|value| {
                value.is_truthy() && value.as_text_or_number().is_some()
                    || is_stock_value(*value, cut)
            });
            value
                .map(FieldValue::Trait)
                .or_else(|| part.map(FieldValue::Text))
        };
        Ok(Self {
            first: own(first_name, first),
            last: own(last_name, last),
        })
    }
}

fn is_empty_structure(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Array => value.as_array().is_some_and(|elements| elements.is_empty()),
        Kind::Object => value.as_object().is_some_and(Object::is_empty),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Text => false,
    }
}

/// The stock service passes any truthy value on, lists and objects included.
fn is_stock_value(value: Value<'_>, cut: NameCut) -> bool {
    cut == NameCut::SingleSpaces && value.is_truthy()
}

/// The first word of a name, and the last one where it has several.
type Parts<'n> = (Option<Cow<'n, str>>, Option<Cow<'n, str>>);

fn parts(name: Cow<'_, str>, cut: NameCut) -> Parts<'_> {
    match name {
        Cow::Borrowed(name) => {
            let (first, last) = cut_apart(name, cut);
            (first.map(Cow::Borrowed), last.map(Cow::Borrowed))
        }
        Cow::Owned(name) => {
            let (first, last) = cut_apart(&name, cut);
            let owned = |word: &str| Cow::Owned(word.to_owned());
            (first.map(owned), last.map(owned))
        }
    }
}

fn cut_apart(name: &str, cut: NameCut) -> (Option<&str>, Option<&str>) {
    match cut {
        NameCut::Words => ends(name.split_whitespace()),
        NameCut::SingleSpaces if name.is_empty() => (None, None),
        NameCut::SingleSpaces => ends(name.split(' ')),
    }
}

fn ends<'n>(
    mut words: impl DoubleEndedIterator<Item = &'n str>,
) -> (Option<&'n str>, Option<&'n str>) {
    let first = words.next();
    (first, words.next_back())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::json::value, map::sorted::PARTS};

    fn names(traits: &str, cut: NameCut) -> (Option<String>, Option<String>) {
        let traits = value(traits).as_object().unwrap();
        let name = Name::of(traits.pick(PARTS), cut).unwrap();
        let show = |part: Option<FieldValue<'_>>| {
            part.map(|part| match part {
                FieldValue::Trait(value) => value.json().to_owned(),
                FieldValue::Text(text) => text.into_owned(),
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
