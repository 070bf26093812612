//! SOQL that can only be built safe: names are API names, values are escaped literals, and the query fits into a URI.
//!
//! Escapes and limits: Salesforce's SOQL reference ("Quoted String Escape Sequences", "SOQL limits").

use std::fmt::Write;

/// How many bytes an e-mail may have to be looked up. Salesforce's Email fields hold 80 characters; with this limit even
/// a text that is all escapes fits into a URI on its own.
pub const LONGEST_EMAIL: usize = 1_000;

/// How long the encoded path and query of a lookup may become. Salesforce answers 414 past 16,384 bytes of URI and headers.
pub const LONGEST_URI: usize = 12_000;

/// Whether `name` is an API name of an object or a field: letters, digits and underscores, a letter first.
#[must_use]
pub fn is_api_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An e-mail to look a lead up by.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Takes the text of an e-mail.
    ///
    /// # Errors
    /// The text's length in bytes where it exceeds [`LONGEST_EMAIL`].
    pub fn new(text: &str) -> Result<Self, usize> {
        match text.len() {
            length if length > LONGEST_EMAIL => Err(length),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The e-mail as the event spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which two e-mails are the same to Salesforce, which compares them without letter case.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A text as Salesforce compares it.
#[must_use]
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A text as a SOQL literal, quotes included.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            control if control.is_ascii_control() => {
                // Writing to a String cannot fail.
                let _ = write!(literal, "\\u{:04X}", u32::from(control));
            }
            plain => literal.push(plain),
        }
    }
    literal.push('\'');
    literal
}

/// A query, and the path by which it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// The statement.
    #[must_use]
    pub fn soql(&self) -> &str {
        &self.0
    }

    /// The value of the parameter `q`, encoded.
    #[must_use]
    pub fn encoded(&self) -> String {
        encode(&self.0)
    }
}

/// The queries that find the leads with these e-mails: as few as fit into URIs of `longest_uri` bytes, of which
/// `path` bytes are the URI's path. Each query comes with the range of `emails` that it asks for.
#[must_use]
pub fn leads_by_email(
    emails: &[Email],
    path: usize,
    longest_uri: usize,
) -> Vec<(Query, std::ops::Range<usize>)> {
    const HEAD: &str = "SELECT Id, Email, IsConverted, ConvertedContactId, IsDeleted, LastModifiedDate FROM Lead WHERE Email IN (";
    let room =
        longest_uri.saturating_sub(path + "?q=".len() + encode(HEAD).len() + encode(")").len());
    let mut queries = Vec::new();
    let mut start = 0;
    while start < emails.len() {
        let mut list = String::new();
        let mut length = 0;
        let mut end = start;
        for email in &emails[start..] {
            let separator = if end == start { "" } else { "," };
            let item = format!("{separator}{}", literal(email.as_str()));
            length += encode(&item).len();
            // The first one goes in whatever its length, so that the loop ends.
            if end > start && length > room {
                break;
            }
            list.push_str(&item);
            end += 1;
        }
        queries.push((Query(format!("{HEAD}{list})")), start..end));
        start = end;
    }
    queries
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simulator::soql::{Condition, Literal, parse};

    fn emails(texts: &[&str]) -> Vec<Email> {
        texts.iter().map(|text| Email::new(text).unwrap()).collect()
    }

    fn asked(query: &Query) -> Vec<String> {
        let parsed = parse(query.soql()).unwrap();
        assert_eq!((parsed.object.as_str(), parsed.fields.len()), ("Lead", 6));
        let Some(Condition::In { field, values }) = parsed.condition else {
            panic!("no condition")
        };
        assert_eq!(field, "Email");
        let text = |literal| match literal {
            Literal::Text(text) => text,
            other @ (Literal::Number(_) | Literal::Bool(_) | Literal::Null) => panic!("{other:?}"),
        };
        values.into_iter().map(text).collect()
    }

    proptest! {
        #[test]
        fn any_text_survives_the_round_trip_and_none_changes_the_shape_of_the_query(texts in prop::collection::vec(any::<String>(), 1..8)) {
            let emails: Vec<Email> = texts.iter().map(|text| Email::new(text).unwrap()).collect();
            let asked: Vec<String> = leads_by_email(&emails, 0, LONGEST_URI).iter().flat_map(|(query, _)| asked(query)).collect();
            prop_assert_eq!(asked, texts);
        }

        #[test]
        fn text_made_to_break_out_stays_inside_its_literal(text in r#"['"\\\n\r\t\x08\x0c (),=]*( OR Email != ')?[a-z'\\]*"#) {
            let emails = vec![Email::new(&text).unwrap(), Email::new("b@c.d").unwrap()];
            let (query, _) = &leads_by_email(&emails, 0, LONGEST_URI)[0];
            prop_assert_eq!(asked(query), vec![text, "b@c.d".to_owned()]);
        }

        #[test]
        fn no_uri_grows_past_the_limit(count in 1..400usize, length in 1..60usize) {
            let emails: Vec<Email> = (0..count).map(|n| Email::new(&format!("{}+{n}@é'.example", "x".repeat(length))).unwrap()).collect();
            let queries = leads_by_email(&emails, 30, LONGEST_URI);
            prop_assert!(queries.iter().all(|(query, _)| 30 + "?q=".len() + query.encoded().len() <= LONGEST_URI));
            prop_assert_eq!(queries.iter().map(|(_, range)| range.len()).sum::<usize>(), count);
        }
    }

    #[test]
    fn a_hundred_ordinary_emails_fit_into_one_query() {
        let texts: Vec<String> = (0..100)
            .map(|n| format!("ada.lovelace.{n:06}@example.com"))
            .collect();
        let emails = emails(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(leads_by_email(&emails, 30, LONGEST_URI).len(), 1);
    }

    #[test]
    fn an_email_beyond_the_limit_is_refused_and_the_longest_fits_into_a_uri() {
        assert_eq!(
            Email::new(&"x".repeat(LONGEST_EMAIL + 1)),
            Err(LONGEST_EMAIL + 1)
        );
        let longest = Email::new(&"\u{1}".repeat(LONGEST_EMAIL)).unwrap();
        assert!(
            leads_by_email(&[longest], 30, LONGEST_URI)[0]
                .0
                .encoded()
                .len()
                < LONGEST_URI
        );
    }

    #[test]
    fn api_names_are_letters_digits_and_underscores() {
        for name in ["Lead", "My_Object__c", "ns__X2__c"] {
            assert!(is_api_name(name));
        }
        for name in ["", "_x", "1x", "a b", "a-b", "a/b", "é", "x\0"] {
            assert!(!is_api_name(name), "{name}");
        }
    }
}
