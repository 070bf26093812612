//! A record inside a collection, and the result that comes back for it.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    json::Writer,
    salesforce::{
        fault::{Fault, Refusal},
        record_id::is_id,
    },
};

/// The fields of a record, as whoever writes the record holds them.
pub trait RecordFields: fmt::Debug + Sync {
    /// Whether any field has a name of which `is_meant` is true.
    fn has(&self, is_meant: &dyn Fn(&str) -> bool) -> bool;

    /// Writes the fields of whose names `is_wanted` is true, as members of an object.
    fn write_members(&self, json: &mut Writer, is_wanted: &dyn Fn(&str) -> bool);
}

/// A record to write.
#[derive(Debug)]
pub struct RecordWrite<'f> {
    /// The object's API name.
    pub object: &'f str,
    /// The record to update; `None` creates one.
    pub id: Option<&'f str>,
    /// What it is to hold.
    pub fields: &'f dyn RecordFields,
}

/// The id of a written record, or why it is not known to be written.
pub type Written = Result<String, Fault>;

/// A record's result.
#[derive(Deserialize)]
struct RecordResult<'a> {
    id: Option<String>,
    success: bool,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

pub(super) fn serialized(record: &RecordWrite<'_>) -> Result<Box<RawValue>, Fault> {
    if record.fields.has(&|name| name.eq_ignore_ascii_case("id")) {
        return Err(Fault::Refused(Refusal {
            status: 400,
            code: "INVALID_FIELD_FOR_INSERT_UPDATE".to_owned(),
            message: "the traits hold an Id, which no request may set: name the record in context.externalId".to_owned(),
            fields: vec!["Id".to_owned()],
            ..Refusal::default()
        }));
    }
    let mut json = Writer::default();
    record.write(&mut json);
    RawValue::from_string(json.into_text()).map_err(|error| Fault::Unreadable(error.to_string()))
}

impl RecordWrite<'_> {
    fn write(&self, json: &mut Writer) {
        json.object(|json| {
            json.key("attributes");
            json.object(|json| json.text_member("type", self.object));
            if let Some(id) = self.id {
                json.text_member("id", id);
            }
            self.fields
                .write_members(json, &|name| name != "attributes");
        });
    }
}

/// The results of a collection's records. An answer of another length tells of no record what became of it.
///
/// # Errors
/// [`Fault::Unreadable`] where the body is no list of as many results as there are records.
pub fn read(body: &[u8], records: usize) -> Result<Vec<Written>, Fault> {
    let unreadable = |why: &str| Fault::Unreadable(why.to_owned());
    let results: Vec<RecordResult<'_>> = serde_json::from_slice(body)
        .map_err(|_| unreadable("it is no list of records' results"))?;
    if results.len() != records {
        return Err(unreadable(
            "it has not as many results as there are records",
        ));
    }
    Ok(results.into_iter().map(RecordResult::written).collect())
}

impl RecordResult<'_> {
    fn written(self) -> Written {
        match (self.success, self.id) {
            (true, Some(id)) if is_id(&id) => Ok(id),
            (true, _) => Err(unanswered()),
            // The refusal came with this status: what has no code is no other server's answer.
            (false, _) => Err(Fault::read(
                200,
                self.errors.map_or("", RawValue::get).as_bytes(),
            )),
        }
    }
}

pub(super) fn unanswered() -> Fault {
    Fault::Unreadable("it does not say what became of the record".to_owned())
}
