//! Asks which records exist.

use std::{collections::HashMap, fmt, sync::Arc};

use bytes::Bytes;
use reqwest::Method;

use crate::{
    json::{Document, Object, Unread, Value},
    metrics::Call,
    salesforce::{
        client::Client,
        fault::{Fault, Refusal},
        id::is_id,
        literal::FoundValue,
        session::Session,
        soql::Query,
    },
    server::memory::Memory,
};

/// How many pages of one query are read: 2,000 records each.
const MAX_PAGES: usize = 50;

/// A record that a lookup has found. Its `Debug` shows the id alone.
#[derive(Clone, Default)]
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
    /// The value that it was found by.
    pub(super) found_by: Option<FoundValue>,
    /// The fields that were read, by their names in lower case.
    values: Option<Arc<HashMap<String, Document<'static>>>>,
    /// The memory of what was read with it, while fields are kept.
    memory: Option<Arc<Memory>>,
}

/// How many times its answer's length the fields of records are counted that are kept.
const FIELDS_WEIGHT: usize = 8;

/// How many bytes of places an answer may be read into, for each of its own. A page of records has less than one.
const MAX_PLACES: usize = 4;

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A page of a query's answer.
struct Page<'a> {
    /// The next page; `None` where there is none.
    next: Option<String>,
    /// How many records all pages hold, where it says so.
    total: Option<usize>,
    records: Vec<Object<'a>>,
}

impl<'a> Page<'a> {
    fn read(answer: &'a Document<'a>) -> Result<Self, Fault> {
        let answer = answer.root().as_object();
        let answer = answer.ok_or_else(|| unreadable("no query result but another JSON value"))?;
        let [done, next, total, records] =
            answer.pick(["done", "nextRecordsUrl", "totalSize", "records"]);
        let records = records.and_then(Value::as_array);
        let records =
            records.and_then(|records| records.into_iter().map(Value::as_object).collect());
        let next = next.and_then(Value::as_text);
        let next = match done.map(Value::json) {
            Some("true") => None,
            Some("false") => match next {
                Some(url) if url.starts_with("/services/data/") => Some(url.into_owned()),
                Some(_) | None => return Err(unreadable("it is not done and names no next page")),
            },
            Some(_) | None => return Err(unreadable("it does not say whether it is done")),
        };
        Ok(Self {
            next,
            total: total
                .filter(|total| !total.is_null())
                .map(|total| total.json().parse())
                .transpose()
                .map_err(|_| unreadable("it does not say how many records it holds"))?,
            records: records.ok_or_else(|| unreadable("it has no list of records"))?,
        })
    }
}

impl Row {
    /// Reads a record that was found by `field`, in whatever letter case; `None` without an id, or with one that would leave
    /// its place in a path.
    pub(crate) fn read(record: Object<'_>, field: &str) -> Option<Self> {
        let names = [
            "Id",
            "IsConverted",
            "ConvertedContactId",
            "IsDeleted",
            "LastModifiedDate",
        ];
        let [id, converted, contact, deleted, modified] = record.pick(names);
        let text = |value: Option<Value<'_>>| Some(value?.as_text()?.into_owned());
        let found_by = record.get_ignoring_case(field);
        let contact = text(contact).filter(|id| !id.is_empty());
        if contact.as_deref().is_some_and(|id| !is_id(id)) {
            return None;
        }
        Some(Self {
            id: text(id).filter(|id| is_id(id))?,
            is_converted: converted.is_some_and(Value::is_true),
            converted_contact_id: contact,
            is_deleted: deleted.is_some_and(Value::is_true),
            last_modified_date: text(modified),
            found_by: found_by.and_then(FoundValue::read),
            values: None,
            memory: None,
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
            values: None,
            memory: None,
            ..self.clone()
        }
    }

    /// The record with the values of all fields that were read.
    pub(super) fn with_values(self, record: Object<'_>) -> Self {
        let values = record
            .members()
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.to_document()?)));
        Self {
            values: Some(Arc::new(values.collect())),
            ..self
        }
    }

    /// What a field holds, in whatever letter case it is named; `None` where it was not read.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<Value<'_>> {
        let value = self.values.as_ref()?.get(&field.to_ascii_lowercase())?;
        Some(value.root())
    }
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
    for _ in 0..MAX_PAGES {
        let before = rows.len();
        let next = page(&answer, field, query.reads_fields, &mut rows)?;
        if query.reads_fields {
            let mut memory = client.memory();
            memory.count(answer.len() * FIELDS_WEIGHT);
            let memory = Arc::new(memory);
            let new = rows.iter_mut().skip(before);
            new.for_each(|row| row.memory = Some(Arc::clone(&memory)));
        }
        let Some(next) = next else {
            return Ok(rows);
        };
        let request = client.request_of(session, Method::GET, &next);
        answer = client
            .send(Call::Query, Some(session.instance()), request)
            .await
            .map_err(of_query)?;
    }
    Err(unreadable("it has too many pages"))
}

/// Reads a page of a query's answer: adds its records, found by `field`, to those of the pages before it, and gives the
/// path of the next page; `None` after the last.
///
/// # Errors
/// [`Fault::Unreadable`] where it is no page, or the last and not all records have come.
pub fn page(
    answer: &[u8],
    field: &str,
    reads_fields: bool,
    rows: &mut Vec<Row>,
) -> Result<Option<String>, Fault> {
    let outline = outline(answer)?;
    let page = Page::read(&outline)?;
    let read = |record: Object<'_>| {
        let row = Row::read(record, field)?;
        Some(if reads_fields {
            row.with_values(record)
        } else {
            row
        })
    };
    let read: Option<Vec<Row>> = page.records.into_iter().map(read).collect();
    rows.extend(read.ok_or_else(|| unreadable("it holds a record without a usable id"))?);
    let is_whole = page.total.is_none_or(|total| total == rows.len());
    if page.next.is_none() && !is_whole {
        return Err(unreadable("it does not hold as many records as it says"));
    }
    Ok(page.next)
}

/// What a short answer may be read into in any case, in bytes.
const SMALL: usize = 1 << 10;

/// The JSON of an answer. serde's own text would quote the answer, personal data included.
fn outline(answer: &[u8]) -> Result<Document<'_>, Fault> {
    let text = std::str::from_utf8(answer).map_err(|_| unreadable("it is no UTF-8"))?;
    let mut left = MAX_PLACES * text.len() + SMALL;
    let room = |bytes| {
        left = left.checked_sub(bytes).ok_or(())?;
        Ok(())
    };
    Document::read_within(text, None, room).map_err(|unread| match unread {
        Unread::NoRoom(()) => unreadable("it holds far too many values"),
        Unread::NotJson(error) => {
            let (line, column) = (error.line(), error.column());
            unreadable(&format!("no query result at line {line} column {column}"))
        }
    })
}

/// Whether Salesforce refuses a query for one of its values.
pub(super) fn is_about_a_value(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_str(),
        "MALFORMED_QUERY" | "INVALID_QUERY_FILTER_OPERATOR" | "QUERY_TOO_COMPLICATED"
    )
}

/// What a refusal means for a query. Salesforce quotes a query that it does not understand, and with it the e-mails of other
/// events: whole where a value is to blame, else in the lines above the one that says what is wrong.
fn of_query(fault: Fault) -> Fault {
    let mut fault = fault.of_resource();
    if let Some(refusal) = fault.refusal_mut() {
        refusal.message = if is_about_a_value(refusal) {
            String::new()
        } else {
            last_line(&refusal.message).to_owned()
        };
    }
    fault
}

fn last_line(text: &str) -> &str {
    text.trim_end().rsplit('\n').next().unwrap_or_default()
}

fn unreadable(why: &str) -> Fault {
    Fault::Unreadable(why.to_owned())
}
