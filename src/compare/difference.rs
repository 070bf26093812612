//! Compares two events and lists where they differ.

use serde_json::Value;

/// A place where two events differ.
#[derive(Debug)]
pub(crate) struct Difference {
    /// JSON pointer below the event.
    pub(crate) pointer: String,
    /// The value in the reference's answer.
    pub(crate) reference: Option<Value>,
    /// The value in the candidate's answer.
    pub(crate) candidate: Option<Value>,
    /// The rule of `docs/behaviour.md` that explains the difference; `None` if it is unintended.
    pub(crate) intended: Option<&'static str>,
}

impl Difference {
    /// The pointer with `*` in place of array positions, so that differences of one kind share a name.
    pub(super) fn kind(&self) -> String {
        if self.pointer.is_empty() {
            return "the event as a whole".to_owned();
        }
        let general = |part: &str| match part.parse::<usize>() {
            Ok(_) => "*".to_owned(),
            Err(_) => part.to_owned(),
        };
        let parts: Vec<String> = self.pointer.split('/').map(general).collect();
        parts.join("/")
    }
}

/// The differences to ignore.
#[derive(Debug)]
pub(crate) struct Ignored {
    pointers: Vec<Vec<String>>,
    tokens: bool,
}

impl Ignored {
    pub(crate) fn new(pointers: &[String], tokens: bool) -> Self {
        let parts = |pointer: &String| pointer.split('/').map(str::to_owned).collect();
        Self {
            pointers: pointers.iter().map(parts).collect(),
            tokens,
        }
    }

    /// Whether the pointer, or one of its parents, is ignored.
    fn contains(&self, pointer: &str) -> bool {
        let parts: Vec<&str> = pointer.split('/').collect();
        self.pointers.iter().any(|ignored| {
            let mut pairs = ignored.iter().zip(&parts);
            ignored.len() <= parts.len()
                && pairs.all(|(ignored, part)| ignored == "*" || ignored == part)
        })
    }

    /// Each service logs in on its own, so the tokens differ. Only the presence of a token is compared.
    fn is_token(&self, pointer: &str, reference: &Value, candidate: &Value) -> bool {
        let has_texts = reference.is_string() && candidate.is_string();
        !self.tokens && has_texts && pointer.ends_with("/headers/Authorization")
    }
}

/// Lists the differences of two events. An event that only one side has counts as one difference.
pub(crate) fn between(
    reference: Option<&Value>,
    candidate: Option<&Value>,
    ignored: &Ignored,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    walk(
        String::new(),
        reference,
        candidate,
        ignored,
        &mut differences,
    );
    differences
}

fn walk(
    pointer: String,
    reference: Option<&Value>,
    candidate: Option<&Value>,
    ignored: &Ignored,
    found: &mut Vec<Difference>,
) {
    if ignored.contains(&pointer) {
        return;
    }
    match (reference, candidate) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let further = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(further) {
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                walk(below, one.get(key), other.get(key), ignored, found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for place in 0..one.len().max(other.len()) {
                let below = format!("{pointer}/{place}");
                walk(below, one.get(place), other.get(place), ignored, found);
            }
        }
        (Some(one), Some(other)) if one == other || ignored.is_token(&pointer, one, other) => {}
        (None, None) => {}
        (reference, candidate) => found.push(Difference {
            pointer,
            reference: reference.cloned(),
            candidate: candidate.cloned(),
            intended: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(one: &Value, other: &Value, ignored: &[&str]) -> Vec<String> {
        let pointers: Vec<String> = ignored
            .iter()
            .map(|pointer| (*pointer).to_owned())
            .collect();
        let found = between(Some(one), Some(other), &Ignored::new(&pointers, false));
        found
            .into_iter()
            .map(|difference| difference.pointer)
            .collect()
    }

    #[test]
    fn differences_are_named_by_their_place() {
        let one = json!({"a": 1, "b": [1, {"c": "x"}], "d/e": null});
        let other = json!({"a": 2, "b": [1, {"c": "y"}, 3], "f": null});
        assert_eq!(
            places(&one, &other, &[]),
            ["/a", "/b/1/c", "/b/2", "/d~1e", "/f"]
        );
        assert_eq!(
            places(&one, &other, &["/a", "/b/*/c", "/d~1e", "/f"]),
            ["/b/2"]
        );
    }

    #[test]
    fn of_tokens_only_the_presence_counts() {
        let with = |token: Value| json!({"headers": {"Authorization": token}});
        assert!(places(&with(json!("Bearer a")), &with(json!("Bearer b")), &[]).is_empty());
        assert_eq!(
            places(&with(json!("Bearer a")), &json!({"headers": {}}), &[]).len(),
            1
        );
    }

    #[test]
    fn an_event_that_only_one_has_differs_as_a_whole() {
        let found = between(Some(&json!({"a": 1})), None, &Ignored::new(&[], false));
        assert_eq!(
            (found.len(), found[0].kind().as_str()),
            (1, "the event as a whole")
        );
    }
}
