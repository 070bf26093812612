//! Asks which records exist.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    contract::json::{Object, Value},
    metrics::Call,
    salesforce::{
        client::Client,
        fault::{Fault, Refusal},
        key::Key,
        literal::Literal,
        session::Session,
        soql::Query,
    },
};

/// How many pages of one query are read: 2,000 records each.
const MOST_PAGES: usize = 50;

/// A record that a lookup has found.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The record's id.
    pub id: String,
    /// Whether the lead has become a contact.
    pub is_converted: bool,
    /// The contact that a converted lead has become.
    pub converted_contact_id: Option<String>,
    /// Whether the lead is in the recycle bin.
    pub is_deleted: bool,
    /// When the record was last written, in UTC; ordered as text.
    pub last_modified_date: Option<String>,
    /// The forms of the value that it was found by.
    pub(super) found_by: Vec<String>,
    /// The fields that were read, by their names in lower case.
    values: Arc<HashMap<String, Box<RawValue>>>,
}

/// A key to ask for, and the further fields to read of its records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// API names of fields.
    pub fields: Vec<String>,
}

/// Whether a lookup may be answered with what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Ids that were found lately are good enough.
    Known,
    /// Salesforce is to be asked.
    Fresh,
}

/// A page of a query's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    done: bool,
    next_records_url: Option<String>,
    total_size: Option<usize>,
    #[serde(borrow)]
    records: Vec<Object<'a>>,
}

impl Row {
    /// Reads a record that was found by `field`, in whatever letter case; `None` without an id.
    pub(crate) fn read(record: &Object<'_>, field: &str) -> Option<Self> {
        let text = |name| {
            record
                .get(name)
                .and_then(Value::as_text)
                .map(std::borrow::Cow::into_owned)
        };
        let is = |name| record.get(name).is_some_and(Value::is_true);
        let found_by = record
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(field))
            .map(|(_, value)| Literal::of_answer(value));
        Some(Self {
            id: text("Id").filter(|id| is_id(id))?,
            is_converted: is("IsConverted"),
            converted_contact_id: text("ConvertedContactId"),
            is_deleted: is("IsDeleted"),
            last_modified_date: text("LastModifiedDate"),
            found_by: found_by.unwrap_or_default(),
            values: Arc::default(),
        })
    }

    /// A record that was created for a key.
    pub(super) fn created(id: String) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// The record without the values of fields.
    pub(super) fn without_values(&self) -> Self {
        Self {
            values: Arc::default(),
            ..self.clone()
        }
    }

    /// The record with the values of all fields that were read.
    pub(super) fn with_values(self, record: &Object<'_>) -> Self {
        let values = record
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.raw().to_owned()));
        Self {
            values: Arc::new(values.collect()),
            ..self
        }
    }

    /// What a field holds, in whatever letter case it is named; `None` where it was not read.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<Value<'_>> {
        let value = self.values.get(&field.to_ascii_lowercase())?;
        Some(Value::from(&**value))
    }
}

/// Whether a text is a record's id, of 15 or 18 characters in Salesforce and in any case one that keeps its place in a path.
fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Reads all records that a query finds, from its first page on.
///
/// # Errors
/// [`Fault`] where the query fails, or its answer is not the whole of what was asked for: a record that is overlooked
/// would be created a second time.
pub(super) async fn rows(
    client: &Client,
    session: &Session,
    query: &Query,
    first: Result<Bytes, Fault>,
) -> Result<Vec<Row>, Fault> {
    let field = query.wanted.first().map_or("", |wanted| wanted.key.field());
    let mut rows = Vec::new();
    let mut answer = first.map_err(of_query)?;
    for _ in 0..MOST_PAGES {
        // serde's own text would quote the answer, personal data included.
        let page: Page<'_> = serde_json::from_slice(&answer).map_err(|error| {
            unreadable(&format!(
                "no query result at line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        let read = |record: &Object<'_>| {
            let row = Row::read(record, field)?;
            Some(if query.reads_fields {
                row.with_values(record)
            } else {
                row
            })
        };
        let read: Option<Vec<Row>> = page.records.iter().map(read).collect();
        rows.extend(read.ok_or_else(|| unreadable("it holds a record without an id"))?);
        let next = match (page.done, page.next_records_url) {
            (true, _) if page.total_size.is_some_and(|total| total != rows.len()) => {
                return Err(unreadable("it does not hold as many records as it says"));
            }
            (true, _) => return Ok(rows),
            (false, Some(url)) if url.starts_with("/services/data/") => url,
            (false, _) => return Err(unreadable("it is not done and names no next page")),
        };
        let request = client.request_of(session, Method::GET, &next);
        answer = client
            .send(Call::Query, Some(session.instance()), request)
            .await
            .map_err(of_query)?;
    }
    Err(unreadable("it has too many pages"))
}

/// Whether Salesforce refuses a query for one of its values.
pub(super) fn is_about_a_value(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_str(),
        "MALFORMED_QUERY" | "INVALID_QUERY_FILTER_OPERATOR" | "QUERY_TOO_COMPLICATED"
    )
}

/// What a refusal means for a query. Salesforce quotes a query that it does not understand, and with it the e-mails of other
/// events; and a query resource that does not exist is a wrong `SALESFORCE_API_VERSION`, which no event is to blame for.
fn of_query(fault: Fault) -> Fault {
    match fault {
        Fault::Refused(refusal) if is_about_a_value(&refusal) => Fault::Refused(Refusal {
            message: String::new(),
            ..refusal
        }),
        Fault::Refused(refusal) if refusal.code == "NOT_FOUND" => {
            unreadable("the org has no query resource of this SALESFORCE_API_VERSION")
        }
        other => other,
    }
}

fn unreadable(why: &str) -> Fault {
    Fault::Unreadable(why.to_owned())
}
