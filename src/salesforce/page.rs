//! Reads the result pages of queries.

use std::{collections::HashMap, fmt, sync::Arc};

use bytes::Bytes;
use reqwest::Method;

use crate::{
    json::{Document, Object, Value},
    metrics::Call,
    salesforce::{
        body,
        client::Client,
        fault::{Fault, Refusal},
        id::is_id,
        literal::FoundValue,
        session::Session,
        soql::Query,
    },
    server::memory::Memory,
};

/// The maximum number of pages that are read for one query, with 2,000 records each.
const MAX_PAGES: usize = 50;

/// A record that a lookup has found. Its `Debug` output contains only the id.
#[derive(Clone, Default)]
pub struct Row {
    /// The record's id.
    pub id: String,
    /// Whether the lead was converted to a contact.
    pub is_converted: bool,
    /// The contact that a converted lead was converted to.
    pub converted_contact_id: Option<String>,
    /// Whether the lead is in the recycle bin.
    pub is_deleted: bool,
    /// When the record was last written, in UTC. Comparing the texts orders them by time.
    pub last_modified_date: Option<String>,
    /// The record's object, if a duplicate rule found the record; `None` if a lookup found it.
    pub matched_as: Option<String>,
    /// The value by which it was found.
    pub(super) found_by: Option<FoundValue>,
    /// The fields that were read, by name in lower case.
    values: Option<Arc<HashMap<String, Document<'static>>>>,
    /// The memory of the whole response, counted for as long as field values are kept.
    memory: Option<Arc<Memory>>,
}

/// The factor by which the length of a response counts against the memory limit if its fields are kept.
const FIELDS_WEIGHT: usize = 8;

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A page of a query's result.
struct Page<'a> {
    /// The path of the next page; `None` on the last page.
    next: Option<String>,
    /// The number of records on all pages, if the page states it.
    total: Option<usize>,
    records: Vec<Object<'a>>,
}

impl<'a> Page<'a> {
    fn read(answer: &'a Document<'a>) -> Result<Self, Fault> {
        let answer = answer.root().as_object();
        let answer =
            answer.ok_or_else(|| Fault::unreadable("no query result but another JSON value"))?;
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
                Some(_) | None => {
                    return Err(Fault::unreadable("it is not done and names no next page"));
                }
            },
            Some(_) | None => return Err(Fault::unreadable("it does not say whether it is done")),
        };
        Ok(Self {
            next,
            total: total
                .filter(|total| !total.is_null())
                .map(|total| total.json().parse())
                .transpose()
                .map_err(|_| Fault::unreadable("it does not say how many records it holds"))?,
            records: records.ok_or_else(|| Fault::unreadable("it has no list of records"))?,
        })
    }
}

impl Row {
    /// Reads a record that was found by `field`, whose name may be in any letter case. Returns `None` if there is no
    /// id, or if the id could leave its path segment.
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
            matched_as: None,
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

    /// A record that a duplicate rule found when it refused a create.
    pub(crate) fn matched(object: String, id: String) -> Self {
        Self {
            id,
            matched_as: Some(object),
            ..Self::default()
        }
    }

    /// The record without field values.
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

    /// The value of a field, whose name may be in any letter case; `None` if it was not read.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<Value<'_>> {
        let value = self.values.as_ref()?.get(&field.to_ascii_lowercase())?;
        Some(value.root())
    }
}

/// Reads all records that a query finds, beginning with its first page.
///
/// # Errors
/// [`Fault`] if the query fails or its result is incomplete: a record that is overlooked would be created a second
/// time.
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
    Err(Fault::unreadable("it has too many pages"))
}

/// Reads a page of a query's result. Its records, found by `field`, are appended to those of the previous pages.
/// Returns the path of the next page; `None` after the last.
///
/// # Errors
/// [`Fault::Unreadable`] if the body is not a page, or if it is the last page and records are missing.
pub fn page(
    answer: &[u8],
    field: &str,
    reads_fields: bool,
    rows: &mut Vec<Row>,
) -> Result<Option<String>, Fault> {
    let document = body::document(answer, "query result")?;
    let page = Page::read(&document)?;
    let read = |record: Object<'_>| {
        let row = Row::read(record, field)?;
        Some(if reads_fields {
            row.with_values(record)
        } else {
            row
        })
    };
    let read: Option<Vec<Row>> = page.records.into_iter().map(read).collect();
    rows.extend(read.ok_or_else(|| Fault::unreadable("it holds a record without a usable id"))?);
    let is_whole = page.total.is_none_or(|total| total == rows.len());
    if page.next.is_none() && !is_whole {
        return Err(Fault::unreadable(
            "it does not hold as many records as it says",
        ));
    }
    Ok(page.next)
}

/// Whether Salesforce refuses a query because of one of its values.
pub(super) fn is_about_a_value(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_str(),
        "MALFORMED_QUERY" | "INVALID_QUERY_FILTER_OPERATOR" | "QUERY_TOO_COMPLICATED"
    )
}

/// Interprets the refusal of a query and removes quoted data from its text. Salesforce quotes a query that it does not
/// understand, and with it the e-mail addresses of other events: the whole query if a value is the cause, otherwise in
/// the lines above the one that states the error.
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
