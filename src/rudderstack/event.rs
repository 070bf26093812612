//! One RudderStack event, accessed by path.

use std::borrow::Cow;

use crate::{
    json::{Object, Value},
    rudderstack::ReadError,
};

/// The `message` of an entry: an object whose members are still raw text.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    message: Object<'a>,
    /// The values at the paths in [`ASKED_FOR`].
    known: [Option<Value<'a>>; ASKED_FOR.len()],
    /// Whether a key of the message or of its context contains a dot, in which case a whole path may be a single key.
    dotted: bool,
}

/// The paths that nearly every event needs, as such or as prefixes of others. They are looked up once.
const ASKED_FOR: [&str; 6] = [
    "type",
    "traits",
    "integrations",
    "context.traits",
    "context.externalId",
    "context.mappedToDestination",
];

impl<'a> Event<'a> {
    /// Parses a message.
    ///
    /// # Errors
    /// [`ReadError::NoMessage`] if it is absent or not an object.
    pub fn read(message: Option<Value<'a>>) -> Result<Self, ReadError> {
        let message = message
            .and_then(Value::as_object)
            .ok_or(ReadError::NoMessage)?;
        let [kind, traits, integrations, context] =
            message.pick(["type", "traits", "integrations", "context"]);
        let context = context.and_then(Value::as_object).unwrap_or_default();
        let [context_traits, external_id, mapped] =
            context.pick(["traits", "externalId", "mappedToDestination"]);
        let known = [
            kind,
            traits,
            integrations,
            context_traits,
            external_id,
            mapped,
        ];
        let dotted = message.has_dotted_keys() || context.has_dotted_keys();
        Ok(Self {
            message,
            known,
            dotted,
        })
    }

    /// The event's `type`, if it is a string.
    #[must_use]
    pub fn kind(&self) -> Option<Cow<'a, str>> {
        self.at("type")?.as_text()
    }

    /// Whether the event comes from a reverse-ETL sync, whose fields are already mapped (rule `reverse-etl`).
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.at("context.mappedToDestination")
            .is_some_and(Value::is_truthy)
    }

    /// Whether the message is already a request that was transformed before it was queued. A `statusCode` alone does
    /// not make an event one: rudder-server would count the event as delivered and send nothing.
    #[must_use]
    pub fn is_transformed(&self) -> bool {
        let was_transformed = self.message.get("statusCode").is_some_and(Value::is_truthy);
        was_transformed && self.is_request()
    }

    fn is_request(&self) -> bool {
        let text = |key| {
            let member = self.message.get(key).and_then(Value::as_text);
            member.filter(|text| !text.is_empty())
        };
        let files = self.message.get("files");
        let is_plain = files.is_none_or(|files| matches!(files.json(), "null" | "{}"));
        let is_rest = text("type").as_deref() == Some("REST") && text("method").is_some();
        is_rest && text("endpoint").is_some() && is_plain
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Object<'a> {
        self.message
    }

    /// The value at a dotted path of the message, following the rules of [`Object::at`].
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Value<'a>> {
        if self.dotted {
            return self.message.at(path);
        }
        let known = |path| {
            let known = ASKED_FOR.iter().position(|known| *known == path);
            known.map(|known| self.known[known])
        };
        known(path)
            .or_else(|| {
                let (head, last) = path.rsplit_once('.')?;
                Some(known(head)?.and_then(|value| value.at(last)))
            })
            .unwrap_or_else(|| self.message.at(path))
    }

    /// The event's traits: `traits` if present, else `context.traits`.
    #[must_use]
    pub fn traits(&self) -> Option<Value<'a>> {
        if self.dotted {
            return self.first_present(&["traits", "context.traits"]);
        }
        let [_, traits, _, of_context, ..] = self.known;
        let is_present = |value: &Value<'a>| value.is_present();
        traits.filter(is_present).or(of_context.filter(is_present))
    }

    /// The value of `context.externalId`.
    #[must_use]
    pub fn external_id(&self) -> Option<Value<'a>> {
        if self.dotted {
            return self.at("context.externalId");
        }
        let [.., external_id, _] = self.known;
        external_id
    }

    /// The first of the values at `paths` that is present and neither `null` nor `""`.
    #[must_use]
    pub fn first_present(&self, paths: &[&str]) -> Option<Value<'a>> {
        paths
            .iter()
            .filter_map(|path| self.at(path))
            .find(|value| value.is_present())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::value;

    fn event(json: &str) -> Event<'static> {
        Event::read(Some(value(json))).unwrap()
    }

    #[test]
    fn reads_through_context_and_through_keys_spelled_with_dots() {
        assert_eq!(
            event(r#"{"context":{"traits":{"a":1}}}"#)
                .at("context.traits.a")
                .unwrap()
                .json(),
            "1"
        );
        assert_eq!(
            event(r#"{"context.traits":{"a":2},"context":{"traits":{"a":1}}}"#)
                .at("context.traits")
                .unwrap()
                .json(),
            r#"{"a":2}"#
        );
    }

    #[test]
    fn a_dot_counts_in_a_key_of_the_context_too_and_when_it_is_an_escape() {
        let in_context = event(r#"{"context":{"traits.email":"a","traits":{"email":"b"}}}"#);
        assert_eq!(
            in_context.at("context.traits.email").unwrap().json(),
            r#""a""#
        );
        let escaped = event(r#"{"traits\u002eemail":"a","traits":{"email":"b"}}"#);
        assert_eq!(escaped.at("traits.email").unwrap().json(), r#""a""#);
    }

    #[test]
    fn the_first_present_value_wins_over_null_and_empty_text() {
        let event = event(
            r#"{"traits":{"email":""},"context":{"traits":{"email":null}},"properties":{"email":0}}"#,
        );
        let email =
            event.first_present(&["traits.email", "context.traits.email", "properties.email"]);
        assert_eq!(email.unwrap().json(), "0");
    }

    #[test]
    fn only_a_whole_request_counts_as_transformed() {
        let request =
            r#"{"statusCode":200,"type":"REST","method":"POST","endpoint":"https://x","files":{}}"#;
        assert!(event(request).is_transformed());
        for message in [
            r#"{"type":"identify","statusCode":200}"#,
            r#"{"statusCode":0,"type":"REST","method":"POST","endpoint":"https://x"}"#,
            r#"{"statusCode":200,"type":"REST","method":"POST"}"#,
            r#"{"statusCode":200,"type":"REST","method":"POST","endpoint":"https://x","files":{"a":1}}"#,
        ] {
            assert!(!event(message).is_transformed(), "{message}");
        }
    }

    #[test]
    fn a_message_that_is_no_object_is_no_event() {
        for message in ["null", "5", "[]", "\"x\""] {
            assert!(matches!(
                Event::read(Some(value(message))),
                Err(ReadError::NoMessage)
            ));
        }
    }
}
