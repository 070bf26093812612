//! The org's records: created, read, updated and deleted under Salesforce's rules.

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    Refusal,
    caller::Caller,
    clock::Clock,
    composite::PartHeaders,
    id::RecordId,
    log::LoggedCall,
    pages::Pages,
    query,
    record::{self, Record, system},
    schema::{CUSTOM, Object, STANDARD_OBJECTS, prefix},
    soql,
};

/// An object with its records, deleted ones included, in order of creation.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) object: Object,
    pub(super) rows: IndexMap<RecordId, Record>,
}

/// Everything that an org stores.
#[derive(Debug)]
pub(super) struct Org {
    tables: Vec<Table>,
    clock: Clock,
    pub(super) pages: Pages,
    /// Fields whose values no two records share.
    unique: Vec<(String, String)>,
    /// Objects, the rules that block duplicates of their records, and the field that each compares.
    pub(super) duplicate_rules: Vec<(String, String, String)>,
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
}

impl Org {
    /// An org with the standard objects and no records.
    pub(super) fn new() -> Self {
        let mut org = Self {
            tables: Vec::new(),
            clock: Clock::default(),
            pages: Pages::default(),
            unique: Vec::new(),
            duplicate_rules: Vec::new(),
            apex_limits: Vec::new(),
            locked: 0,
            part_headers: PartHeaders::default(),
            logged_parts: Vec::new(),
            composite_parts: 0,
            collection_records: 0,
        };
        for (name, fields) in STANDARD_OBJECTS {
            org.add(Object::new(name, prefix(name, 0), fields));
        }
        org
    }

    /// The object of this name; a new one if there is none.
    pub(super) fn declare(&mut self, name: &str) -> &mut Object {
        let index = self.position(name).unwrap_or_else(|| {
            let custom = self.tables.len() - STANDARD_OBJECTS.len();
            self.add(Object::new(name, prefix(name, custom), CUSTOM))
        });
        &mut self.tables[index].object
    }

    fn add(&mut self, object: Object) -> usize {
        let rows = IndexMap::new();
        self.tables.push(Table { object, rows });
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
        let fields = record::create(&self.tables[index].object, body)?;
        self.refuse_duplicates(index, &fields, None)?;
        Ok(self.store(caller, index, fields))
    }

    /// Lets no two records of an object have the same value in a field.
    pub(super) fn make_unique(&mut self, object: &str, field: &str) {
        self.unique.push((object.to_owned(), field.to_owned()));
    }

    fn refuse_duplicates(
        &self,
        index: usize,
        fields: &Record,
        own: Option<&RecordId>,
    ) -> Result<(), Refusal> {
        let object = &self.tables[index].object.name;
        let is_of = |of: &str| of.eq_ignore_ascii_case(object);
        for (_, field) in self.unique.iter().filter(|(of, _)| is_of(of)) {
            if let Some(id) = self.alike(index, fields, field, own).into_iter().next() {
                let field = field.clone();
                return Err(Refusal::DuplicateValue { field, id });
            }
        }
        let mut rules = self.duplicate_rules.iter();
        let blocked = rules.find_map(|(of, rule, field)| {
            let ids = self.alike(index, fields, field, own);
            (is_of(of) && !ids.is_empty()).then(|| Refusal::DuplicatesDetected {
                rule: rule.clone(),
                object: object.clone(),
                ids,
            })
        });
        blocked.map_or(Ok(()), Err)
    }

    /// The other records that hold the same text in a field, without letter case.
    fn alike(
        &self,
        index: usize,
        fields: &Record,
        field: &str,
        own: Option<&RecordId>,
    ) -> Vec<String> {
        let text = |record: &Record| Some(record.get(field)?.as_str()?.to_ascii_lowercase());
        let Some(value) = text(fields) else {
            return Vec::new();
        };
        let others = self.tables[index].rows.iter().filter(|(id, row)| {
            Some(*id) != own && !system::is_deleted(row) && text(row).as_ref() == Some(&value)
        });
        others.map(|(id, _)| id.to_string()).collect()
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
        let fields = record::seed(&self.tables[index].object, fields)?;
        if fields.contains_key("Id") {
            return Err(Refusal::ReadOnly(vec!["Id".into()]));
        }
        Ok(self.store(&Caller::inside(), index, fields))
    }

    fn store(&mut self, caller: &Caller<'_>, index: usize, mut fields: Record) -> RecordId {
        let now = self.clock.tick();
        let table = &mut self.tables[index];
        let id = RecordId::numbered(&table.object.prefix, table.rows.len() + 1);
        system::stamp(&table.object, &mut fields, &id, caller.user, &now);
        table.rows.insert(id.clone(), fields);
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
        let (of, row) = self.live(object, id)?;
        of.admit_write()?;
        let changes = record::update(of, body)?;
        if system::is_converted(row) {
            return Err(Refusal::ConvertedLead);
        }
        let own = RecordId::parse(id);
        let index = self.position(object).ok_or(Refusal::NotFound)?;
        self.refuse_duplicates(index, &changes, own.as_ref())?;
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
        let now = self.clock.tick();
        let (object, row) = self.live(object, id)?;
        row.extend(changes);
        system::touch(object, row, caller.user, &now);
        Ok(())
    }

    /// Marks a record as deleted: a query no longer finds it, and its id is refused.
    pub(super) fn delete(
        &mut self,
        caller: &Caller<'_>,
        object: &str,
        id: &str,
    ) -> Result<(), Refusal> {
        let now = self.clock.tick();
        let (object, row) = self.live(object, id)?;
        row.insert("IsDeleted".into(), true.into());
        system::touch(object, row, caller.user, &now);
        Ok(())
    }

    /// A record with all its fields.
    pub(super) fn read(&mut self, version: &str, object: &str, id: &str) -> Result<Value, Refusal> {
        let (object, row) = self.live(object, id)?;
        Ok(record::shown(version, object, row, &object.fields))
    }

    /// The answer to a query: its first page of records.
    pub(super) fn query(&mut self, version: &str, soql: &str) -> Result<Value, Refusal> {
        let query = soql::parse(soql)?;
        let table = self
            .table(&query.object)
            .ok_or_else(|| Refusal::UnknownType(query.object.clone()))?;
        let records = query::run(version, table, &query)?;
        Ok(self.pages.first(version, records))
    }

    /// The records of an object that are not deleted, in order of creation.
    pub(super) fn records(&self, object: &str) -> Vec<Value> {
        let rows = self
            .table(object)
            .into_iter()
            .flat_map(|table| table.rows.values());
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

    /// The record that a URL names.
    fn live(&mut self, object: &str, id: &str) -> Result<(&Object, &mut Record), Refusal> {
        let index = self.position(object).ok_or(Refusal::NotFound)?;
        let key = RecordId::parse(id).ok_or_else(|| Refusal::MalformedId(id.into()))?;
        let table = &mut self.tables[index];
        let row = table.rows.get_mut(&key).ok_or(Refusal::NotFound)?;
        if system::is_deleted(row) {
            Err(Refusal::EntityIsDeleted)
        } else {
            Ok((&table.object, row))
        }
    }
}

#[cfg(test)]
mod tests;
