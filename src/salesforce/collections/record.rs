//! A record of a collection, and its result.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    json::Writer,
    salesforce::{
        address::{Address, Effect},
        body,
        fault::{Fault, Refusal},
        headers::WriteHeaders,
        id::is_id,
        sent::ATTRIBUTES,
    },
};

/// A record to write.
#[derive(Debug)]
pub(crate) struct RecordWrite<'f> {
    /// The object's API name.
    pub(super) object: &'f str,
    /// What its write does.
    pub(super) effect: Effect,
    /// The field of its external id, if it is upserted.
    pub(super) field: Option<&'f str>,
    /// The headers of its write.
    pub(super) headers: WriteHeaders,
    /// Whether the caller needs the records that a duplicate rule finds.
    pub(super) updates_duplicates: bool,
    /// Whether the caller wants a refusal of the whole collection, instead of having the collection taken apart.
    pub(super) mends_refusals: bool,
    /// The record's JSON in a collection, or the reason why it cannot be sent.
    pub(super) body: Result<Box<RawValue>, Fault>,
}

impl<'f> RecordWrite<'f> {
    /// Builds the write of a record at `address` with `headers`. `names` are the names of its fields; `fields` writes all members
    /// except [`ATTRIBUTES`]. They include an external id.
    pub(crate) fn new(
        object: &'f str,
        address: &Address<'f>,
        headers: WriteHeaders,
        mut names: impl Iterator<Item = Cow<'f, str>>,
        fields: impl FnOnce(&mut Writer),
    ) -> Self {
        let body = if names.any(|name| name.eq_ignore_ascii_case("id")) {
            Err(names_an_id())
        } else {
            serialized(object, address.id(), fields)
        };
        let field = match address {
            Address::ExternalId(key) => Some(key.field()),
            Address::New | Address::Id(_) => None,
        };
        Self {
            object,
            effect: address.effect(),
            field,
            headers,
            updates_duplicates: false,
            mends_refusals: false,
            body,
        }
    }

    /// Sets whether the caller needs the records that a duplicate rule finds.
    pub(crate) fn updating_duplicates(self, updates_duplicates: bool) -> Self {
        Self {
            updates_duplicates,
            ..self
        }
    }

    /// Sets whether the caller wants a refusal of the whole collection, see [`super::Writes::refused_whole`].
    pub(crate) fn mending_refusals(self, mends_refusals: bool) -> Self {
        Self {
            mends_refusals,
            ..self
        }
    }

    /// The record's JSON in a collection; `None` if it cannot be sent.
    pub(crate) fn json(&self) -> Option<&str> {
        Some(self.body.as_ref().ok()?.get())
    }

    /// The record's JSON outside of a collection, where the resource names its object.
    pub(super) fn row(&self) -> Option<Box<RawValue>> {
        let body = self.body.as_ref().ok()?.get();
        let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(body).ok()?;
        members.remove(ATTRIBUTES);
        to_raw_value(&members).ok()
    }
}

fn names_an_id() -> Fault {
    Fault::Refused(Refusal {
        status: 400,
        code: "INVALID_FIELD_FOR_INSERT_UPDATE".to_owned(),
        message:
            "the traits hold an Id, which no request may set: name the record in context.externalId"
                .to_owned(),
        fields: vec!["Id".to_owned()],
        ..Refusal::default()
    })
}

fn serialized(
    object: &str,
    id: Option<&str>,
    fields: impl FnOnce(&mut Writer),
) -> Result<Box<RawValue>, Fault> {
    let mut json = Writer::default();
    json.object(|json| {
        json.key(ATTRIBUTES);
        json.object(|json| json.text_member("type", object));
        if let Some(id) = id {
            json.text_member("id", id);
        }
        fields(json);
    });
    RawValue::from_string(json.into_text()).map_err(|error| Fault::Unreadable(error.to_string()))
}

/// The id of a written record, or the fault if it is not known to be written.
pub(crate) type Written = Result<String, Fault>;

/// The result of a record.
#[derive(Deserialize)]
struct RecordResult<'a> {
    id: Option<String>,
    success: bool,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

/// Reads the results of a collection's records. If their number differs from the number of records, no result can be
/// attributed to a record.
///
/// # Errors
/// [`Fault::Unreadable`] if the body is not a list with one result for each record.
pub fn read(body: &[u8], records: usize) -> Result<Vec<Written>, Fault> {
    let results: Vec<RecordResult<'_>> = body::typed(body, "list of records' results")?;
    if results.len() != records {
        return Err(Fault::unreadable(
            "it has not as many results as there are records",
        ));
    }
    Ok(results.into_iter().map(RecordResult::written).collect())
}

/// Reads the result of a record that was written outside of a collection.
pub(super) fn read_row(body: &[u8]) -> Written {
    body::typed::<RecordResult<'_>>(body, "record's result")?.written()
}

impl RecordResult<'_> {
    fn written(self) -> Written {
        match (self.success, self.id) {
            (true, Some(id)) if is_id(&id) => Ok(id),
            (true, _) => Err(unanswered()),
            // The response has this status and Salesforce's own form, so a result without a code still comes from
            // Salesforce and not from another server.
            (false, _) => Err(Fault::read(
                200,
                self.errors.map_or("", RawValue::get).as_bytes(),
            )),
        }
    }
}

pub(super) fn unanswered() -> Fault {
    Fault::unreadable("it does not say what became of the record")
}
