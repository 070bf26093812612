//! A record inside a collection, and the result that comes back for it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    json::Writer,
    salesforce::{
        fault::{Fault, Refusal},
        id::is_id,
    },
};

/// The member of a record's JSON that names its object, and so no field.
pub(crate) const ATTRIBUTES: &str = "attributes";

/// A record to write.
#[derive(Debug)]
pub(crate) struct RecordWrite<'f> {
    /// The object's API name.
    pub(super) object: &'f str,
    /// Whether it is a record that exists.
    pub(super) is_update: bool,
    /// The record as a collection holds it, or why it cannot be sent.
    pub(super) body: Result<Box<RawValue>, Fault>,
}

impl<'f> RecordWrite<'f> {
    /// The write of a record of an object: an update where it has an `id`, else a create. `names` are those of its fields,
    /// and `fields` writes all but [`ATTRIBUTES`] as members.
    pub(crate) fn new(
        object: &'f str,
        id: Option<&str>,
        mut names: impl Iterator<Item = Cow<'f, str>>,
        fields: impl FnOnce(&mut Writer),
    ) -> Self {
        let body = if names.any(|name| name.eq_ignore_ascii_case("id")) {
            Err(names_an_id())
        } else {
            serialized(object, id, fields)
        };
        Self {
            object,
            is_update: id.is_some(),
            body,
        }
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

/// The id of a written record, or why it is not known to be written.
pub(crate) type Written = Result<String, Fault>;

/// A record's result.
#[derive(Deserialize)]
struct RecordResult<'a> {
    id: Option<String>,
    success: bool,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
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
