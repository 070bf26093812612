//! SOQL that can only be built safe: names are API names, values are escaped literals, and the query fits into a URI.
//!
//! Escapes and limits: Salesforce's SOQL reference ("Quoted String Escape Sequences", "SOQL limits").

use std::{collections::HashSet, fmt, ops::Range};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::salesforce::{
    form::Form,
    key::{Key, is_api_name},
};

/// A key to ask for, and the further fields to read of its records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// API names of fields.
    pub fields: Vec<String>,
}

/// How long the encoded path and query of a lookup may become. Salesforce answers 414 past 16,384 bytes of URI and headers.
pub(crate) const MAX_URI: usize = 12_000;

/// What a lead is asked for, beyond its e-mail: which record it is, and what has become of it.
pub(crate) const LEAD_FIELDS: [&str; 6] = [
    "Id",
    "Email",
    "IsConverted",
    "ConvertedContactId",
    "IsDeleted",
    "LastModifiedDate",
];

/// How many characters a statement may have (Salesforce's "SOQL limits").
const MAX_STATEMENT: usize = 100_000;

/// How many values one query asks for: with more, its records might not fit into one page.
const MAX_VALUES: usize = 500;

/// How a query is sent, and so how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In a URI whose path has so many bytes.
    Uri(usize),
    /// In the body of a Composite.
    Composite,
}

/// A query, and what it asks for. Its `Debug` leaves the statement out, which holds e-mails.
pub struct Query {
    soql: String,
    /// The keys, all of one object and field.
    pub wanted: Vec<Wanted>,
    /// Whether it reads fields beyond those that tell which record it is.
    pub reads_fields: bool,
    /// The form in which the field's values are known to be written.
    pub form: Option<Form>,
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

/// A key with the literal that asks for it, which `Debug` leaves out.
pub struct Item {
    /// What is wanted.
    pub wanted: Wanted,
    /// Its value as SOQL writes it.
    pub literal: String,
    /// The form of the literal, where the field's is known.
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

/// The queries that find these keys: one for each object, field and form, split where one would grow too long for its way.
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

/// Cuts the keys of one object and field where their query would grow too long.
fn split(head: &str, items: &[&Item], way: Way) -> Vec<Range<usize>> {
    let (room, values) = match way {
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
        if index > start && (length + item > room || index - start >= values) {
            ranges.push(start..index);
            (start, length) = (index, empty);
        }
        length += item;
    }
    ranges.push(start..items.len());
    ranges
}

/// The beginning of the query for keys of one object and field: what tells which record it is, then what else is wanted.
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

/// What stands in a parameter as it is. A blank does not: a `+` is one in the query of a URI, and whether it is in the URL of
/// a Composite's part is not documented.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// How long a text gets when it is encoded, in bytes.
fn encoded_len(text: &str) -> usize {
    let length_of = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => 1,
        _ => 3,
    };
    text.bytes().map(length_of).sum()
}

#[cfg(test)]
mod tests;
