//! First and last name: from traits of their own, else from `name`.

use std::borrow::Cow;

use crate::{
    contract::json::{Kind, Members, Object, Value},
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
    /// Reads the names. A `firstName` or `lastName` that JavaScript holds for true replaces its part; a `name` that is
    /// no text is ignored.
    ///
    /// # Errors
    /// [`EventError::EmptyName`] for an empty list or object under [`NameCut::SingleSpaces`].
    pub(super) fn of(traits: &Members<'a>, cut: NameCut) -> Result<Self, EventError> {
        if cut == NameCut::SingleSpaces && traits.get("name").is_some_and(is_empty_structure) {
            return Err(EventError::EmptyName);
        }
        let (first, last) = traits
            .get("name")
            .and_then(Value::as_text)
            .map_or((None, None), |name| parts(&name, cut));
        let own = |key, part: Option<String>| {
            let value = traits.get(key).filter(|value| {
                value.is_truthy() && value.as_text_or_number().is_some()
                    || is_stock_value(*value, cut)
            });
            value
                .map(FieldValue::Trait)
                .or_else(|| part.map(|part| FieldValue::Text(Cow::Owned(part))))
        };
        Ok(Self {
            first: own("firstName", first),
            last: own("lastName", last),
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

fn parts(name: &str, cut: NameCut) -> (Option<String>, Option<String>) {
    let words: Vec<&str> = match cut {
        NameCut::Words => name.split_whitespace().collect(),
        NameCut::SingleSpaces if name.is_empty() => Vec::new(),
        NameCut::SingleSpaces => name.split(' ').collect(),
    };
    let part = |word: &&str| (*word).to_owned();
    (
        words.first().map(part),
        words.get(1..).and_then(<[_]>::last).map(part),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::value;

    fn names(traits: &str, cut: NameCut) -> (Option<String>, Option<String>) {
        let name = Name::of(&value(traits).as_members().unwrap(), cut).unwrap();
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
