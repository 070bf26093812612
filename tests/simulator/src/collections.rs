//! sObject Collections: up to 200 records in one call, each with its own result.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    caller::Caller,
    org::{Org, Upserted, shared_key},
    record::Record,
    refusal::Answer,
    schema::Field,
};

/// How many records one collection takes.
const MAX_RECORDS: usize = 200;

/// What is done with the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection<'a> {
    Create,
    Update,
    /// By an external id of records of one object.
    Upsert {
        object: &'a str,
        field: &'a str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    records: Vec<Record>,
}

/// A record of a collection: what it is, which one, and what it is to hold.
struct Item {
    object: Option<String>,
    id: Option<String>,
    fields: Record,
}

/// Writes the records of a collection and answers each in its place. One that cannot be read at all refuses the whole.
pub(super) fn answer(
    org: &mut Org,
    caller: &Caller<'_>,
    collection: Collection<'_>,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| Refusal::Json(error.to_string()))?;
    if body.records.len() > MAX_RECORDS {
        return Err(Refusal::TooManyRecords);
    }
    if body.all_or_none {
        return Err(Refusal::Composite("allOrNone is not simulated".into()));
    }
    let key = collection.key(org, caller)?;
    let items: Vec<Item> = body.records.into_iter().map(Item::of).collect();
    for item in &items {
        if let Some(object) = &item.object {
            let read = org.refuse_unreadable(caller, object, &item.fields);
            read.inspect_err(|_| org.refused_records += items.len() as u64)?;
        }
    }
    org.collection_records += items.len() as u64;
    let too_many = exceeded(org, &items);
    let named = items
        .iter()
        .map(|item| item.named(collection, key.as_ref()));
    let named: Vec<Option<String>> = named.collect();
    let results = items.into_iter().zip(&named).map(|(item, name)| {
        let is_twice = named.iter().filter(|other| *other == name).count() > 1;
        let result = match name {
            Some(name) if is_twice => Err(collection.named_twice(name)),
            _ if item.is_one_of(&too_many) => Err(Refusal::ApexLimit),
            _ => item.write(org, caller, collection),
        };
        result.unwrap_or_else(|refusal| {
            org.refused_records += 1;
            refused(&refusal)
        })
    });
    Ok(Answer::new(StatusCode::OK, Value::Array(results.collect())))
}

impl Collection<'_> {
    /// The field that the records are upserted by.
    fn key(self, org: &Org, caller: &Caller<'_>) -> Result<Option<Field>, Refusal> {
        let Collection::Upsert { object, field } = self else {
            return Ok(None);
        };
        match org.external_id(caller, object, field) {
            Ok((_, key)) => Ok(Some(key)),
            Err(Refusal::NoExternalId(field)) => Err(Refusal::NotAnExternalId {
                field,
                object: object.into(),
            }),
            Err(refusal) => Err(refusal),
        }
    }

    fn named_twice(self, name: &str) -> Refusal {
        match self {
            Collection::Create | Collection::Update => Refusal::DuplicateId(name.into()),
            Collection::Upsert { .. } => Refusal::DuplicateKey(name.into()),
        }
    }
}

impl Item {
    fn of(mut fields: Record) -> Self {
        let attributes = fields.remove("attributes");
        let object =
            attributes.and_then(|attributes| Some(attributes["type"].as_str()?.to_owned()));
        let key = fields
            .keys()
            .find(|key| key.eq_ignore_ascii_case("id"))
            .cloned();
        let id = key.and_then(|key| Some(fields.remove(&key)?.as_str()?.to_owned()));
        Self { object, id, fields }
    }

    /// What names the record among the others: its id, or its external id.
    fn named(&self, collection: Collection<'_>, key: Option<&Field>) -> Option<String> {
        match collection {
            Collection::Create => None,
            Collection::Update => self.id.clone(),
            Collection::Upsert { .. } => shared_key(key?, &self.fields),
        }
    }

    fn is_one_of(&self, objects: &[String]) -> bool {
        let object = self.object.as_deref().unwrap_or_default();
        objects
            .iter()
            .any(|other| other.eq_ignore_ascii_case(object))
    }

    /// Writes the record and says how that is answered.
    fn write(
        self,
        org: &mut Org,
        caller: &Caller<'_>,
        collection: Collection<'_>,
    ) -> Result<Value, Refusal> {
        let object = self.object.ok_or_else(|| {
            Refusal::Composite("Include the type in the attributes of each record".into())
        })?;
        if org.locked > 0 {
            org.locked -= 1;
            return Err(Refusal::RowLocked);
        }
        let fields = self.fields;
        match (collection, self.id) {
            (Collection::Create, None) => {
                let id = org.create_record(caller, &object, fields)?;
                Ok(written(id.as_str()))
            }
            (Collection::Create, Some(_)) => Err(Refusal::ReadOnly(vec!["Id".into()])),
            (Collection::Update, None) => Err(Refusal::RequiredMissing(vec!["Id".into()])),
            (Collection::Update, Some(id)) => {
                match org.update_record(caller, &object, &id, fields) {
                    Ok(()) => Ok(written(&id)),
                    Err(Refusal::NotFound) => Err(Refusal::NoSuchRecord),
                    Err(refusal) => Err(refusal),
                }
            }
            (Collection::Upsert { object: of, .. }, _) if !object.eq_ignore_ascii_case(of) => {
                Err(Refusal::OtherType(of.into()))
            }
            (Collection::Upsert { .. }, Some(_)) => Err(Refusal::IdInUpsert),
            (Collection::Upsert { field, .. }, None) => {
                let upserted = org.upsert_record(caller, (&object, field), fields)?;
                Ok(upserted.shown())
            }
        }
    }
}

impl Upserted {
    /// The result of an upsert.
    pub(super) fn shown(&self) -> Value {
        let (id, created) = match self {
            Self::Created(id) => (id, true),
            Self::Updated(id) => (id, false),
        };
        let mut result = written(id);
        result["created"] = created.into();
        result
    }
}

/// The result of a write.
fn written(id: &str) -> Value {
    json!({"id": id, "success": true, "errors": []})
}

/// The objects of which the collection has more records than the org's own code copes with.
fn exceeded(org: &Org, items: &[Item]) -> Vec<String> {
    let limits = org.apex_limits.iter().filter(|(object, limit)| {
        let object = std::slice::from_ref(object);
        items.iter().filter(|item| item.is_one_of(object)).count() > *limit
    });
    limits.map(|(object, _)| object.clone()).collect()
}

fn refused(refusal: &Refusal) -> Value {
    json!({"success": false, "errors": [refusal.error_in_collection()]})
}

#[cfg(test)]
mod tests;
