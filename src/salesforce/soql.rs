//! SOQL that can only be built safe: names are API names, values are escaped literals, and the query fits into a URI.
//!
//! Escapes and limits: Salesforce's SOQL reference ("Quoted String Escape Sequences", "SOQL limits").

use std::ops::Range;

use crate::salesforce::key::Key;

/// How long the encoded path and query of a lookup may become. Salesforce answers 414 past 16,384 bytes of URI and headers.
pub const LONGEST_URI: usize = 12_000;

/// What a lead is asked for, beyond its e-mail: which record it is, and what has become of it.
const LEAD_FIELDS: &str = "Id, Email, IsConverted, ConvertedContactId, IsDeleted, LastModifiedDate";

/// A query, and the keys that it asks for.
#[derive(Debug)]
pub struct Query {
    soql: String,
    /// The keys, all of one object and field.
    pub keys: Vec<Key>,
}

impl Query {
    /// The statement.
    #[must_use]
    pub fn soql(&self) -> &str {
        &self.soql
    }

    /// The value of the parameter `q`, encoded.
    #[must_use]
    pub fn encoded(&self) -> String {
        encode(&self.soql)
    }

    fn new(keys: &[Key]) -> Self {
        let names = |first: &Key| head(first.object(), first.field());
        let list: Vec<String> = keys.iter().map(Key::literal).collect();
        Self {
            soql: format!(
                "{}{})",
                keys.first().map(names).unwrap_or_default(),
                list.join(",")
            ),
            keys: keys.to_vec(),
        }
    }
}

/// The queries that find these keys: one for each object and field, split where a URI would exceed `longest_uri` bytes, of
/// which `path` bytes are the URI's path.
#[must_use]
pub fn queries(keys: &[Key], path: usize, longest_uri: usize) -> Vec<Query> {
    let mut groups: Vec<Vec<Key>> = Vec::new();
    for key in keys {
        match groups
            .iter_mut()
            .find(|group| group[0].kind() == key.kind())
        {
            Some(group) => group.push(key.clone()),
            None => groups.push(vec![key.clone()]),
        }
    }
    let room = longest_uri.saturating_sub(path + "?q=".len());
    groups
        .iter()
        .flat_map(|keys| {
            split(keys, room)
                .into_iter()
                .map(|range| Query::new(&keys[range]))
        })
        .collect()
}

/// Cuts the keys of one object and field where their encoded query would exceed `room` bytes.
fn split(keys: &[Key], room: usize) -> Vec<Range<usize>> {
    let Some(first) = keys.first() else {
        return Vec::new();
    };
    let empty = encode(&head(first.object(), first.field())).len() + encode(")").len();
    let mut ranges = Vec::new();
    let (mut start, mut length) = (0, empty);
    for (index, key) in keys.iter().enumerate() {
        let item = encode(&key.literal()).len() + encode(",").len();
        if index > start && length + item > room {
            ranges.push(start..index);
            (start, length) = (index, empty);
        }
        length += item;
    }
    ranges.push(start..keys.len());
    ranges
}

fn head(object: &str, field: &str) -> String {
    let is_lead = object.eq_ignore_ascii_case("Lead") && field.eq_ignore_ascii_case("Email");
    let fields = if is_lead {
        LEAD_FIELDS.to_owned()
    } else {
        format!("Id, {field}")
    };
    format!("SELECT {fields} FROM {object} WHERE {field} IN (")
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simulator::soql::{Condition, Literal as Parsed, parse};
    use crate::{
        contract::json::Value,
        salesforce::key::{LONGEST_VALUE, NoKey, is_api_name},
    };

    fn leads(emails: &[String]) -> Vec<Key> {
        emails
            .iter()
            .map(|email| Key::lead(email).unwrap())
            .collect()
    }

    /// The e-mails that a query asks for, as the simulated Salesforce understands it.
    fn asked(query: &Query) -> Vec<String> {
        let parsed = parse(query.soql()).unwrap();
        assert_eq!((parsed.object.as_str(), parsed.fields.len()), ("Lead", 6));
        let Some(Condition::In { field, values }) = parsed.condition else {
            panic!("no condition")
        };
        assert_eq!(field, "Email");
        let text = |literal| match literal {
            Parsed::Text(text) => text,
            other @ (Parsed::Number(_) | Parsed::Bool(_) | Parsed::Null) => panic!("{other:?}"),
        };
        values.into_iter().map(text).collect()
    }

    proptest! {
        #[test]
        fn any_text_survives_the_round_trip_and_none_changes_the_shape_of_the_query(texts in prop::collection::vec(any::<String>(), 1..8)) {
            let asked: Vec<String> = queries(&leads(&texts), 0, LONGEST_URI).iter().flat_map(asked).collect();
            prop_assert_eq!(asked, texts);
        }

        #[test]
        fn text_made_to_break_out_stays_inside_its_literal(text in r#"['"\\\n\r\t\x08\x0c (),=]*( OR Email != ')?[a-z'\\]*"#) {
            let texts = vec![text, "b@c.d".to_owned()];
            prop_assert_eq!(asked(&queries(&leads(&texts), 0, LONGEST_URI)[0]), texts);
        }

        #[test]
        fn no_uri_grows_past_the_limit(count in 1..400usize, length in 1..60usize) {
            let texts: Vec<String> = (0..count).map(|n| format!("{}+{n}@é'.example", "x".repeat(length))).collect();
            let queries = queries(&leads(&texts), 30, LONGEST_URI);
            prop_assert!(queries.iter().all(|query| 30 + "?q=".len() + query.encoded().len() < LONGEST_URI));
            prop_assert_eq!(queries.iter().map(|query| query.keys.len()).sum::<usize>(), count);
        }
    }

    #[test]
    fn a_hundred_ordinary_emails_fit_into_one_query() {
        let texts: Vec<String> = (0..100)
            .map(|n| format!("ada.lovelace.{n:06}@example.com"))
            .collect();
        assert_eq!(queries(&leads(&texts), 30, LONGEST_URI).len(), 1);
    }

    #[test]
    fn records_of_different_objects_fields_and_types_are_asked_for_apart() {
        let value = |json| serde_json::from_str(json).unwrap();
        let keys = [
            ("Contact", "Ext__c", "\"a'b\""),
            ("contact", "ext__C", "\"c\""),
            ("Contact", "Ext__c", "5"),
            ("Account", "Ext__c", "\"a\""),
        ];
        let keys = keys.map(|(object, field, json)| Key::new(object, field, value(json)).unwrap());
        let queries = queries(&keys, 30, LONGEST_URI);
        let soql: Vec<&str> = queries.iter().map(Query::soql).collect();
        let expected = [
            r"SELECT Id, Ext__c FROM Contact WHERE Ext__c IN ('a\'b','c')",
            "SELECT Id, Ext__c FROM Contact WHERE Ext__c IN (5)",
            "SELECT Id, Ext__c FROM Account WHERE Ext__c IN ('a')",
        ];
        assert_eq!(soql, expected);
    }

    #[test]
    fn a_value_beyond_the_limit_is_refused_and_the_longest_fits_into_a_uri() {
        assert_eq!(
            Key::lead(&"x".repeat(LONGEST_VALUE + 1)),
            Err(NoKey::TooLong(LONGEST_VALUE + 1))
        );
        let longest = Key::lead(&"\u{1}".repeat(LONGEST_VALUE)).unwrap();
        assert!(queries(&[longest], 30, LONGEST_URI)[0].encoded().len() < LONGEST_URI);
    }

    #[test]
    fn names_that_are_no_api_names_stand_in_no_query() {
        let value: Value<'_> = serde_json::from_str("\"x\"").unwrap();
        for name in [
            "",
            "_x",
            "1x",
            "a b",
            "a-b",
            "a/b",
            "a.b",
            "é",
            "x\0",
            "Ext'--",
            "Ext__c = '' OR Id",
        ] {
            assert_eq!(Key::new("Contact", name, value), Err(NoKey::Name), "{name}");
            assert_eq!(Key::new(name, "Ext__c", value), Err(NoKey::Name), "{name}");
        }
        assert!(
            ["Lead", "My_Object__c", "ns__X2__c"]
                .into_iter()
                .all(is_api_name)
        );
    }
}
