//! Records that are named by an external id: written where they are, made where they are not.

use serde_json::Value;

use super::{Org, Refusal};
use crate::{
    caller::Caller,
    index,
    record::{self, Record},
    schema::Field,
};

/// What an upsert has done, with the id of the record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upserted {
    Created(String),
    Updated(String),
}

impl Org {
    /// Writes the record that a URL names by an external id; a new one if there is none, unless the call may only update.
    pub(crate) fn upsert(
        &mut self,
        caller: &Caller<'_>,
        (object, field, value): (&str, &str, &str),
        update_only: bool,
        body: &[u8],
    ) -> Result<Upserted, Refusal> {
        let (table, key) = self.external_id(caller, object, field)?;
        let mut body = record::parse(body)?;
        for name in ["Id", &key.name] {
            if body.keys().any(|key| key.eq_ignore_ascii_case(name)) {
                return Err(Refusal::KeyInBody(name.into()));
            }
        }
        let value = key_in_url(&key, value)?;
        match self.holders(table, &key, &value).as_slice() {
            [] if update_only => Err(Refusal::NotFound),
            [] => {
                body.insert(key.name, value);
                self.created(caller, object, body)
            }
            [one] => self.updated(caller, object, self.id_at(table, *one), body),
            several => Err(self.choices(caller, table, several)),
        }
    }

    /// Writes a record of a collection, which holds its own external id.
    pub(crate) fn upsert_record(
        &mut self,
        caller: &Caller<'_>,
        (object, field): (&str, &str),
        mut body: Record,
    ) -> Result<Upserted, Refusal> {
        let (table, key) = self.external_id(caller, object, field)?;
        let value = take_key(&key, &mut body)?;
        let value = value.ok_or_else(|| Refusal::KeyMissing(key.name.clone()))?;
        match self.holders(table, &key, &value).as_slice() {
            [] => {
                body.insert(key.name, value);
                self.created(caller, object, body)
            }
            [one] => self.updated(caller, object, self.id_at(table, *one), body),
            several => Err(self.several_matches(table, &key, several)),
        }
    }

    fn created(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        body: Record,
    ) -> Result<Upserted, Refusal> {
        let id = self.create_record(caller, object, body)?;
        Ok(Upserted::Created(id.to_string()))
    }

    fn updated(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: String,
        body: Record,
    ) -> Result<Upserted, Refusal> {
        self.update_record(caller, object, &id, body)?;
        Ok(Upserted::Updated(id))
    }

    /// The id of the record that a URL names by an external id.
    pub(crate) fn id_by_key(
        &mut self,
        caller: &Caller<'_>,
        (object, field, value): (&str, &str, &str),
    ) -> Result<String, Refusal> {
        let (table, key) = self.external_id(caller, object, field)?;
        let value = key_in_url(&key, value)?;
        match self.holders(table, &key, &value).as_slice() {
            [] => Err(Refusal::NotFound),
            [one] => Ok(self.id_at(table, *one)),
            several => Err(self.choices(caller, table, several)),
        }
    }

    /// The table of an object and its external id field of this name, as the caller sees it.
    pub(crate) fn external_id(
        &self,
        caller: &Caller<'_>,
        object: &str,
        field: &str,
    ) -> Result<(usize, Field), Refusal> {
        let table = self.position(object).ok_or(Refusal::NotFound)?;
        let key = self.tables[table].object.field_seen_by(caller, field);
        let key = key.filter(|key| key.external_id);
        let key = key.ok_or_else(|| Refusal::NoExternalId(field.into()))?;
        Ok((table, key.clone()))
    }

    /// The positions of the records that hold a value in a field.
    pub(super) fn holders(&mut self, table: usize, field: &Field, value: &Value) -> Vec<usize> {
        let fields = [field.name.clone()];
        let index = self.tables[table].index(&fields, field.comparison());
        let like = Record::from_iter([(field.name.clone(), value.clone())]);
        self.tables[table].like(index, &like).collect()
    }

    pub(super) fn id_at(&self, table: usize, position: usize) -> String {
        super::id_of(self.tables[table].row(position)).to_owned()
    }

    pub(super) fn several_matches(
        &self,
        table: usize,
        field: &Field,
        positions: &[usize],
    ) -> Refusal {
        Refusal::SeveralMatches {
            field: field.name.clone(),
            ids: positions
                .iter()
                .map(|position| self.id_at(table, *position))
                .collect(),
        }
    }

    /// The URLs of several records, of which a URL was to name one.
    fn choices(&self, caller: &Caller<'_>, table: usize, positions: &[usize]) -> Refusal {
        let object = &self.tables[table].object.name;
        let url = |position: &usize| {
            let id = self.id_at(table, *position);
            format!(
                "/services/data/v{}.0/sobjects/{object}/{id}",
                caller.version
            )
        };
        Refusal::MultipleChoices(positions.iter().map(url).collect())
    }
}

/// What a record of a collection holds in its external id field, as a text that equal keys share.
pub(crate) fn shared_key(key: &Field, body: &Record) -> Option<String> {
    let value = take_key(key, &mut body.clone()).ok().flatten()?;
    let record = Record::from_iter([(key.name.clone(), value)]);
    index::key(std::slice::from_ref(&key.name), key.comparison(), &record)
}

/// The value that a URL's last segment is in a field.
fn key_in_url(key: &Field, segment: &str) -> Result<Value, Refusal> {
    // The documents name this end as one that the URL cannot have, of an e-mail address as a rule.
    if segment
        .rsplit_once('.')
        .is_some_and(|(_, end)| end == "inc")
    {
        return Err(Refusal::NotFound);
    }
    let value = if key.kind.is_number() {
        segment.parse::<f64>().map_or(Value::Null, Value::from)
    } else {
        segment.into()
    };
    match record::stored(key, value)? {
        Value::Null => Err(Refusal::NotFound),
        value => Ok(value),
    }
}

/// Takes the value of an external id field out of a record; `None` where it is missing or empty.
fn take_key(key: &Field, body: &mut Record) -> Result<Option<Value>, Refusal> {
    let mut names = body.keys();
    let Some(name) = names
        .find(|name| name.eq_ignore_ascii_case(&key.name))
        .cloned()
    else {
        return Ok(None);
    };
    let value = record::stored(key, body.remove(&name).unwrap_or_default())?;
    Ok(Some(value).filter(|value| !value.is_null()))
}
