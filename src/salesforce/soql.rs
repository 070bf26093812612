//! Builds SOQL queries that are safe by construction: names are valid API names, values are escaped literals, and the
//! query fits into a URI.
//!
//! The escapes and limits are those of Salesforce's SOQL reference ("Quoted String Escape Sequences", "SOQL limits").

use std::{collections::HashSet, fmt, ops::Range};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::salesforce::{
    form::Form,
    key::{Key, is_api_name},
};

/// A key to look up, and the further fields to read from its records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// API names of fields.
    pub fields: Vec<String>,
    /// Whether the record has to be looked up even if its key is an external id, by which it could be upserted.
    pub needs_record: bool,
}

/// The maximum length of a lookup's encoded path and query. Salesforce answers 414 if URI and headers exceed 16,384
/// bytes.
pub(crate) const MAX_URI: usize = 12_000;

/// The fields that are read from a lead in addition to its e-mail. They identify the record and show whether it was
/// converted or deleted.
pub(crate) const LEAD_FIELDS: [&str; 6] = [
    "Id",
    "Email",
    "IsConverted",
    "ConvertedContactId",
    "IsDeleted",
    "LastModifiedDate",
];

/// The maximum length of a statement in characters (Salesforce's "SOQL limits").
const MAX_STATEMENT: usize = 100_000;

/// The maximum number of values in one query. With more, the records might not fit into one page.
const MAX_VALUES: usize = 500;

/// How a query is sent, which determines its maximum length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In a URI whose path has this many bytes.
    Uri(usize),
    /// In the body of a Composite.
    Composite,
}

/// A query, and the keys that it looks up. Its `Debug` output omits the statement, which contains e-mail addresses.
pub struct Query {
    soql: String,
    /// The keys, all of one object and field.
    pub wanted: Vec<Wanted>,
    /// Whether it reads fields in addition to those that identify the record.
    pub reads_fields: bool,
    /// The form in which the field's values are written, if known.
    pub form: Option<Form>,
}

impl Query {
    /// The statement.
    #[must_use]
    pub fn soql(&self) -> &str {
        &self.soql
    }

    /// The encoded value of the parameter `q`.
    #[must_use]
    pub fn encoded(&self) -> String {
        let mut encoded = String::with_capacity(encoded_len(&self.soql));
        encoded.extend(utf8_percent_encode(&self.soql, PARAMETER));
        encoded
    }

    fn new(head: &str, items: &[&Item]) -> Self {
        let list: Vec<&str> = items.iter().map(|item| item.literal.as_str()).collect();
        Self {
            soql: format!("{head}{})", list.join(",")),
            wanted: items.iter().map(|item| item.wanted.clone()).collect(),
            reads_fields: items.iter().any(|item| !item.wanted.fields.is_empty()),
            form: items.first().and_then(|item| item.form),
        }
    }
}

/// A key with its literal, which `Debug` omits.
pub struct Item {
    /// The key and the fields to read.
    pub wanted: Wanted,
    /// Its value as a SOQL literal.
    pub literal: String,
    /// The form of the literal, if the form of the field is known.
    pub form: Option<Form>,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

/// Builds the queries for these keys: one for each object, field and form, split if a query would be too long for the
/// way in which it is sent.
#[must_use]
pub fn queries(items: &[Item], way: Way) -> Vec<Query> {
    let mut groups: Vec<Vec<&Item>> = Vec::new();
    for item in items {
        let is_same =
            |group: &&mut Vec<&Item>| group.first().is_some_and(|first| first.goes_with(item));
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    let queries = groups.iter().flat_map(|items| {
        let head = head(items);
        let ranges = split(&head, items, way);
        let query = |range: Range<usize>| Query::new(&head, &items[range]);
        ranges.into_iter().map(query).collect::<Vec<_>>()
    });
    queries.collect()
}

impl Item {
    fn goes_with(&self, other: &Self) -> bool {
        match (self.form, other.form) {
            (None, None) => self.wanted.key.kind() == other.wanted.key.kind(),
            (Some(form), Some(of_other)) => {
                form == of_other && self.wanted.key.field_kind() == other.wanted.key.field_kind()
            }
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

/// Splits the keys of one object and field if their query would become too long.
fn split(head: &str, items: &[&Item], way: Way) -> Vec<Range<usize>> {
    let (max_length, max_values) = match way {
        Way::Uri(path) => (MAX_URI.saturating_sub(path + "?q=".len()), usize::MAX),
        Way::Composite => (MAX_STATEMENT, MAX_VALUES),
    };
    let length_of = |text: &str| match way {
        Way::Uri(_) => encoded_len(text),
        Way::Composite => text.chars().count(),
    };
    let empty = length_of(head) + length_of(")");
    let mut ranges = Vec::new();
    let (mut start, mut length) = (0, empty);
    for (index, item) in items.iter().enumerate() {
        let item = length_of(&item.literal) + length_of(",");
        if index > start && (length + item > max_length || index - start >= max_values) {
            ranges.push(start..index);
            (start, length) = (index, empty);
        }
        length += item;
    }
    ranges.push(start..items.len());
    ranges
}

/// The beginning of the query for keys of one object and field. It selects the fields that identify the record, then
/// the other requested fields.
fn head(items: &[&Item]) -> String {
    let Some(key) = items.first().map(|item| &item.wanted.key) else {
        return String::new();
    };
    let (object, field) = (key.object(), key.field());
    let mut names: Vec<&str> = if key.is_lead() {
        LEAD_FIELDS.to_vec()
    } else {
        vec!["Id", field]
    };
    let mut known: HashSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    for name in items.iter().flat_map(|item| &item.wanted.fields) {
        if is_api_name(name) && known.insert(name.to_ascii_lowercase()) {
            names.push(name);
        }
    }
    format!(
        "SELECT {} FROM {object} WHERE {field} IN (",
        names.join(", ")
    )
}

/// The characters that are percent-encoded in a parameter. A space becomes `%20`: a `+` stands for a space in the query
/// of a URI, but it is not documented whether it does in the URL of a Composite's part.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The length of a text in bytes after encoding.
fn encoded_len(text: &str) -> usize {
    let length_of = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => 1,
        _ => 3,
    };
    text.bytes().map(length_of).sum()
}

#[cfg(test)]
mod tests;
