//! Finds the `destType` of a body without parsing its events. rudder-server writes it last, so the search starts at the
//! end.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::rudderstack::DestinationName;

/// How much of the end of a body is searched, in bytes: far more than the name of a destination needs.
const END: usize = 256;

/// Whether the `destType` of a body names one of our destinations. The answer is no if it is missing or cannot be
/// parsed.
#[must_use]
pub(crate) fn is_for_salesforce(body: &[u8]) -> bool {
    let is_ours = |name: &str| DestinationName::parse(name).is_some();
    match last_member(&body[body.len().saturating_sub(END)..]) {
        Some(name) => is_ours(name),
        None => member(body).is_some_and(|name| is_ours(&name)),
    }
}

/// The value of `destType`, if it is the last member of the object and a plain name. A valid document with this ending
/// cannot have it inside a string, because the quotes would be escaped there.
fn last_member(body: &[u8]) -> Option<&str> {
    let rest = body.trim_ascii_end().strip_suffix(b"}")?;
    let rest = rest.trim_ascii_end().strip_suffix(b"\"")?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = rest.iter().rev().take_while(|byte| is_name(byte)).count();
    let (rest, name) = rest.split_at(rest.len() - length);
    let rest = rest.strip_suffix(b"\"")?.trim_ascii_end();
    let rest = rest.strip_suffix(b":")?.trim_ascii_end();
    let rest = rest.strip_suffix(b"\"destType\"")?.trim_ascii_end();
    let is_member = rest.ends_with(b",") || rest == b"{";
    std::str::from_utf8(name).ok().filter(|_| is_member)
}

/// The value of `destType` at any position; the last one if there are several. Everything else is skipped.
fn member(body: &[u8]) -> Option<Cow<'_, str>> {
    struct Member;
    impl<'de> Visitor<'de> for Member {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                if key == "destType" {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let raw = deserializer.deserialize_map(Member).ok()??;
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_last_member_is_read_from_the_end_and_any_other_by_skipping() {
        for body in [
            r#"{"input":[{"message":{}}],"destType":"salesforce"}"#,
            "{\"destType\" : \"SALESFORCE_OAUTH\" }\n",
            r#"{"destType":"salesforce","input":[]}"#,
            r#"{"destType":"klaviyo","input":[],"destType":"salesforce"}"#,
            r#"{"destType":"sales\u0066orce"}"#,
        ] {
            assert!(is_for_salesforce(body.as_bytes()), "{body}");
        }
        for body in [
            r#"{"input":[],"destType":"salesforce_bulk_upload"}"#,
            r#"{"input":[{"destType":"salesforce"}]}"#,
            r#"{"a":",\"destType\":\"salesforce"}"#,
            r#"{"destType":"salesforce","destType":5}"#,
            r#"{"destType":"salesforce""#,
            "[]",
            "",
        ] {
            assert!(!is_for_salesforce(body.as_bytes()), "{body}");
        }
    }

    /// The result of a full parse: `serde_json` keeps the last of several members.
    fn parsed(body: &str) -> bool {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let name = value["destType"].as_str().unwrap_or_default();
        value.is_object() && DestinationName::parse(name).is_some()
    }

    proptest! {
        #[test]
        fn the_end_and_a_full_parse_agree(
            texts in prop::collection::vec(r#"[a-z"\\,:{}\[\] ]{0,12}|salesforce|destType"#, 3),
            name in "salesforce|salesforce_oauth|salesforce_bulk_upload|klaviyo|Salesforce",
            place in 0..3usize, blanks in "[ \n]{0,2}",
        ) {
            let mut members: Vec<String> = texts.iter().enumerate().map(|(n, text)| {
                format!("{blanks}\"k{n}\":{blanks}{}", json!({"destType": text, "x": [text]}))
            }).collect();
            members.insert(place, format!("\"destType\"{blanks}:{blanks}\"{name}\"{blanks}"));
            let body = format!("{{{}}}{blanks}", members.join(","));
            prop_assert_eq!(is_for_salesforce(body.as_bytes()), parsed(&body));
            let text_only = json!({"a": body}).to_string();
            prop_assert_eq!(is_for_salesforce(text_only.as_bytes()), parsed(&text_only));
        }
    }
}
