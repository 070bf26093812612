//! The org's records: created, read, updated and deleted under Salesforce's rules.

mod references;
mod rules;
mod schema;
mod upsert;

use serde_json::Value;

use self::rules::Rules;
pub(super) use self::{
    schema::Settings,
    upsert::{Upserted, shared_key},
};
use super::{
    Refusal,
    caller::Caller,
    clock::Clock,
    composite::PartHeaders,
    id::RecordId,
    log::LoggedCall,
    pages::Pages,
    places::Places,
    query,
    record::{self, Record, system},
    schema::{CUSTOM, Object, STANDARD_OBJECTS, prefix},
    soql,
    table::Table,
};

/// Everything that an org stores.
#[derive(Debug)]
pub(super) struct Org {
    tables: Vec<Table>,
    clock: Clock,
    pub(super) pages: Pages,
    pub(super) rules: Rules,
    pub(super) settings: Settings,
    /// The states and countries that addresses may name; `None`: any.
    places: Option<Places>,
    /// How many updates have given a record to another owner.
    pub(super) owners_changed: u64,
    /// How many records of an object the org's own code copes with at once.
    pub(super) apex_limits: Vec<(String, usize)>,
    /// How many records of Collections are still locked by others.
    pub(super) locked: usize,
    /// Whose headers count for a part of a Composite.
    pub(super) part_headers: PartHeaders,
    /// The parts of the Composite that is being answered, for the log.
    pub(super) logged_parts: Vec<LoggedCall>,
    /// How many requests came in Composites.
    pub(super) composite_parts: u64,
    /// How many records came in Collections.
    pub(super) collection_records: u64,
    /// How many records were not written.
    pub(super) refused_records: u64,
}

impl Org {
    /// An org with the standard objects and no records.
    pub(super) fn new() -> Self {
        let mut org = Self {
            tables: Vec::new(),
            clock: Clock::default(),
            pages: Pages::default(),
            rules: Rules::default(),
            settings: Settings::default(),
            places: None,
            owners_changed: 0,
            apex_limits: Vec::new(),
            locked: 0,
            part_headers: PartHeaders::default(),
            logged_parts: Vec::new(),
            composite_parts: 0,
            collection_records: 0,
            refused_records: 0,
        };
        for (name, fields) in STANDARD_OBJECTS {
            org.add(Object::new(name, prefix(name, 0), fields));
        }
        org
    }

    /// The object of this name; a new one if there is none.
    pub(super) fn declare(&mut self, name: &str) -> &mut Object {
        let index = self.declared(name);
        &mut self.tables[index].object
    }

    /// The position of the object of this name, whoever may see it; of a new one if there is none.
    fn declared(&mut self, name: &str) -> usize {
        let mut tables = self.tables.iter();
        let known = tables.position(|table| table.object.name.eq_ignore_ascii_case(name));
        known.unwrap_or_else(|| {
            let custom = self.tables.len() - STANDARD_OBJECTS.len();
            self.add(Object::new(name, prefix(name, custom), CUSTOM))
        })
    }

    fn add(&mut self, object: Object) -> usize {
        self.tables.push(Table::new(object));
        self.tables.len() - 1
    }

    /// Stores a new record and returns its id.
    pub(super) fn create(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        body: &[u8],
    ) -> Result<RecordId, Refusal> {
        self.create_record(caller, object, record::parse(body)?)
    }

    /// Stores a new record of these fields.
    pub(super) fn create_record(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        body: Record,
    ) -> Result<RecordId, Refusal> {
        let index = self.position(object).ok_or(Refusal::NotFound)?;
        self.tables[index].object.admit_write()?;
        let body = self.with_parents(caller, index, body)?;
        let mut fields = record::create(&self.tables[index].object, caller, body)?;
        self.refuse_dead_references(index, &fields)?;
        if let Some(places) = &self.places {
            places.complete(&self.tables[index].object, &mut fields, None)?;
        }
        self.refuse_invalid(index, &fields, None)?;
        self.refuse_duplicates(caller, index, &fields, None)?;
        if let Some(owner) = self.assigned_owner(caller, index)? {
            fields.insert("OwnerId".into(), owner.as_str().into());
        }
        Ok(self.store(caller, index, fields))
    }

    /// The object of this name.
    pub(super) fn object(&self, name: &str) -> Option<&Object> {
        self.table(name).map(|table| &table.object)
    }

    /// Stores a record as its owner wants it, system fields included, except for the id.
    pub(super) fn seed(&mut self, object: &str, fields: Record) -> Result<RecordId, Refusal> {
        let index = self
            .position(object)
            .ok_or_else(|| Refusal::UnknownType(object.into()))?;
        let object = &self.tables[index].object;
        let mut fields = record::seed(object, fields)?;
        if fields.contains_key("Id") {
            return Err(Refusal::ReadOnly(vec!["Id".into()]));
        }
        if let Some(places) = &self.places {
            places.complete(object, &mut fields, None)?;
        }
        Ok(self.store(&Caller::inside(), index, fields))
    }

    fn store(&mut self, caller: &Caller<'_>, index: usize, fields: Record) -> RecordId {
        self.store_as(caller, index, None, fields)
    }

    /// Stores a record under this id, or under the next one.
    fn store_as(
        &mut self,
        caller: &Caller<'_>,
        index: usize,
        id: Option<RecordId>,
        mut fields: Record,
    ) -> RecordId {
        let now = self.clock.tick();
        let table = &mut self.tables[index];
        let next = || RecordId::numbered(&table.object.prefix, table.len() + 1);
        let id = id.unwrap_or_else(next);
        for field in table.object.fields.iter().filter(|field| field.auto_number) {
            let number = format!("{:08}", table.len() + 1);
            let entry = fields.entry(field.name.clone());
            entry.or_insert_with(|| number.into());
        }
        system::stamp(&table.object, &mut fields, &id, caller.user, &now);
        table.add(id.clone(), fields);
        id
    }

    /// Changes a record's fields.
    pub(super) fn update(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: &str,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let body = record::parse(body)?;
        self.update_record(caller, object, id, body)
    }

    /// Changes these fields of a record.
    pub(super) fn update_record(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: &str,
        body: Record,
    ) -> Result<(), Refusal> {
        let (index, position) = self.live(object, id)?;
        self.tables[index].object.admit_write()?;
        let body = self.with_parents(caller, index, body)?;
        let table = &self.tables[index];
        let mut changes = record::update(&table.object, caller, body)?;
        if system::is_converted(table.row(position)) {
            return Err(Refusal::ConvertedLead);
        }
        self.refuse_dead_references(index, &changes)?;
        if let Some(places) = &self.places {
            places.complete(&table.object, &mut changes, Some(table.row(position)))?;
        }
        self.refuse_invalid(index, &changes, Some(position))?;
        self.refuse_duplicates(caller, index, &changes, Some(position))?;
        if let Some(owner) = self.assigned_owner(caller, index)? {
            changes.insert("OwnerId".into(), owner.as_str().into());
        }
        let is_given_away = changes
            .get("OwnerId")
            .is_some_and(|owner| self.tables[index].row(position).get("OwnerId") != Some(owner));
        self.owners_changed += u64::from(is_given_away);
        self.change(caller, object, id, changes)
    }

    /// Changes a record as its owner wants it, system fields included.
    pub(super) fn change(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: &str,
        changes: Record,
    ) -> Result<(), Refusal> {
        let (index, position) = self.live(object, id)?;
        let now = self.clock.tick();
        self.tables[index].alter(position, |object, row| {
            row.extend(changes);
            system::touch(object, row, caller.user, &now);
        });
        Ok(())
    }

    /// Marks a record as deleted: a query no longer finds it, and its id is refused.
    pub(super) fn delete(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: &str,
    ) -> Result<(), Refusal> {
        let deleted = Record::from_iter([("IsDeleted".to_owned(), true.into())]);
        self.change(caller, object, id, deleted)
    }

    /// A record with all its fields.
    pub(super) fn read(
        &self,
        caller: &Caller<'_>,
        version: &str,
        object: &str,
        id: &str,
    ) -> Result<Value, Refusal> {
        let (index, position) = self.live(object, id)?;
        Ok(shown(caller, version, &self.tables[index], position))
    }

    /// The answer to a query: its first page of records.
    pub(super) fn query(
        &mut self,
        caller: &Caller<'_>,
        version: &str,
        soql: &str,
    ) -> Result<Value, Refusal> {
        let query = soql::parse(soql)?;
        let table = self
            .table(&query.object)
            .ok_or_else(|| Refusal::UnknownType(query.object.clone()))?;
        let records = query::run(caller, version, table, &query)?;
        Ok(self.pages.first(version, records))
    }

    /// The records of an object that are not deleted, in order of creation.
    pub(super) fn records(&self, object: &str) -> Vec<Value> {
        let rows = self.table(object).into_iter().flat_map(Table::rows);
        rows.filter(|row| !system::is_deleted(row))
            .cloned()
            .map(Value::Object)
            .collect()
    }

    fn position(&self, object: &str) -> Option<usize> {
        self.tables.iter().position(|table| {
            table.object.is_visible && table.object.name.eq_ignore_ascii_case(object)
        })
    }

    fn table(&self, object: &str) -> Option<&Table> {
        self.position(object).map(|index| &self.tables[index])
    }

    /// The record that a URL names: its table, and its position there.
    fn live(&self, object: &str, id: &str) -> Result<(usize, usize), Refusal> {
        let index = self.position(object).ok_or(Refusal::NotFound)?;
        let key = RecordId::parse(id).ok_or_else(|| Refusal::MalformedId(id.into()))?;
        let table = &self.tables[index];
        let position = table.position(&key).ok_or(Refusal::NotFound)?;
        if system::is_deleted(table.row(position)) {
            Err(Refusal::EntityIsDeleted)
        } else {
            Ok((index, position))
        }
    }
}

/// A record with all its fields, as an answer shows it.
fn shown(caller: &Caller<'_>, version: &str, table: &Table, position: usize) -> Value {
    let object = &table.object;
    record::shown(version, object, table.row(position), object.seen_by(caller))
}

fn id_of(row: &Record) -> &str {
    row.get("Id").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
