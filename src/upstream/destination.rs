//! The `destType` of a body, found without parsing its events: rudder-server writes it last, so it is looked for from the end.

use std::{borrow::Cow, fmt, io::Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::held::Held;
use crate::{
    http::request_error::RequestError, rudderstack::DestinationName, server::memory::Share,
};

/// How much of a compressed body is opened at a time, in bytes.
const CHUNK: usize = 16 << 10;

/// Whose a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestType {
    /// One of our destinations.
    Ours,
    /// Another one, none, or a body that cannot be read: the upstream answers it as it always has.
    Theirs,
}

/// Whose a body is, by its `destType`. A compressed one is looked into as well: what it opens to takes its memory from the
/// request's share.
///
/// # Errors
/// [`RequestError::TooLarge`] where a compressed body opens to more than `largest` bytes, [`RequestError::Overloaded`] where
/// there is no room for that.
pub fn dest_type(
    held: &Held,
    gzip: bool,
    largest: usize,
    share: &Share,
) -> Result<DestType, RequestError> {
    if !gzip {
        return Ok(plain(held));
    }
    let opened = opened(&held.whole(), largest, share)?.map(Held::from);
    Ok(opened.map_or(DestType::Theirs, |held| plain(&held)))
}

fn plain(held: &Held) -> DestType {
    let is_ours = |name: &str| DestinationName::parse(name).is_some();
    let is_ours = match last_member(held.end()) {
        Some(name) => is_ours(name),
        None => member(&held.whole()).is_some_and(|name| is_ours(&name)),
    };
    if is_ours {
        DestType::Ours
    } else {
        DestType::Theirs
    }
}

/// What a compressed body opens to; `None` where it is broken.
fn opened(body: &Bytes, largest: usize, share: &Share) -> Result<Option<Bytes>, RequestError> {
    let mut reader = MultiGzDecoder::new(&**body);
    let (mut opened, mut chunk) = (Vec::new(), [0; CHUNK]);
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok(Some(opened.into())),
            Ok(read) => read,
            Err(_) => return Ok(None),
        };
        opened.extend_from_slice(&chunk[..read]);
        if opened.len() > largest {
            return Err(RequestError::TooLarge {
                limit: largest,
                arrived: opened.len(),
            });
        }
        share.grow(opened.len())?;
    }
}

/// The value of `destType` where it is the last member of the object and a plain name. What ends a valid document so cannot
/// be part of a text: its quotes would be escaped.
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

/// The value of `destType` wherever it stands; of several the last. Everything else is skipped.
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
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::server::memory::InFlight;

    fn whose(body: &str) -> DestType {
        plain(&Held::from(Bytes::copy_from_slice(body.as_bytes())))
    }

    #[test]
    fn the_last_member_is_read_from_the_end_and_any_other_by_skipping() {
        for body in [
            r#"{"input":[{"message":{}}],"destType":"salesforce"}"#,
            "{\"destType\" : \"SALESFORCE_OAUTH\" }\n",
            r#"{"destType":"salesforce","input":[]}"#,
            r#"{"destType":"klaviyo","input":[],"destType":"salesforce"}"#,
            r#"{"destType":"sales\u0066orce"}"#,
        ] {
            assert_eq!(whose(body), DestType::Ours, "{body}");
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
            assert_eq!(whose(body), DestType::Theirs, "{body}");
        }
    }

    #[test]
    fn a_compressed_body_is_looked_into() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(br#"{"input":[],"destType":"salesforce"}"#)
            .unwrap();
        let body = Held::from(Bytes::from(gzip.finish().unwrap()));
        let share = InFlight::new(u64::MAX).begin();
        let whose = |gzip| dest_type(&body, gzip, 1_000, &share).unwrap();
        assert_eq!(
            (whose(true), whose(false)),
            (DestType::Ours, DestType::Theirs)
        );
    }

    #[test]
    fn a_compressed_body_is_opened_only_as_far_as_there_is_room() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&vec![b' '; 100_000]).unwrap();
        let body = Held::from(Bytes::from(gzip.finish().unwrap()));
        let opened = |largest, most| dest_type(&body, true, largest, &InFlight::new(most).begin());
        assert!(matches!(
            opened(50_000, u64::MAX),
            Err(RequestError::TooLarge { limit: 50_000, .. })
        ));
        assert!(matches!(
            opened(usize::MAX, 150_000),
            Err(RequestError::Overloaded(_))
        ));
    }

    /// What a full parse says: `serde_json` keeps the last of several members.
    fn parsed(body: &str) -> DestType {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let name = value["destType"].as_str().unwrap_or_default();
        match DestinationName::parse(name) {
            Some(_) if value.is_object() => DestType::Ours,
            Some(_) | None => DestType::Theirs,
        }
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
            prop_assert_eq!(whose(&body), parsed(&body));
            let text_only = json!({"a": body}).to_string();
            prop_assert_eq!(whose(&text_only), parsed(&text_only));
        }
    }
}
