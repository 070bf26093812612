//! The org's records: created, read, updated and deleted under Salesforce's rules.

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    Refusal,
    clock::Clock,
    id::RecordId,
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
}

impl Org {
    /// An org with the standard objects and no records.
    pub(super) fn new() -> Self {
        let mut org = Self {
            tables: Vec::new(),
            clock: Clock::default(),
            pages: Pages::default(),
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
    pub(super) fn create(&mut self, object: &str, body: &[u8]) -> Result<RecordId, Refusal> {
        let index = self.position(object).ok_or(Refusal::NotFound)?;
        let fields = record::create(&self.tables[index].object, record::parse(body)?)?;
        Ok(self.store(index, fields))
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
        Ok(self.store(index, fields))
    }

    fn store(&mut self, index: usize, mut fields: Record) -> RecordId {
        let now = self.clock.tick();
        let table = &mut self.tables[index];
        let id = RecordId::numbered(&table.object.prefix, table.rows.len() + 1);
        system::stamp(&table.object, &mut fields, &id, &now);
        table.rows.insert(id.clone(), fields);
        id
    }

    /// Changes a record's fields.
    pub(super) fn update(&mut self, object: &str, id: &str, body: &[u8]) -> Result<(), Refusal> {
        let now = self.clock.tick();
        let (object, row) = self.live(object, id)?;
        let changes = record::update(object, record::parse(body)?)?;
        if system::is_converted(row) {
            return Err(Refusal::ConvertedLead);
        }
        row.extend(changes);
        system::touch(object, row, &now);
        Ok(())
    }

    /// Marks a record as deleted: a query no longer finds it, and its id is refused.
    pub(super) fn delete(&mut self, object: &str, id: &str) -> Result<(), Refusal> {
        let now = self.clock.tick();
        let (object, row) = self.live(object, id)?;
        row.insert("IsDeleted".into(), true.into());
        system::touch(object, row, &now);
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
        self.tables
            .iter()
            .position(|table| table.object.name.eq_ignore_ascii_case(object))
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::simulator::oauth::USER_ID;

    const LEAD: &[u8] = br#"{"FirstName": "Jane", "LastName": "Doe", "Company": "Acme"}"#;

    fn org_with_lead() -> (Org, String) {
        let mut org = Org::new();
        let id = org.create("lead", LEAD).unwrap();
        (org, id.to_string())
    }

    fn seed(fields: Value) -> (Org, String) {
        let mut org = Org::new();
        let id = org
            .seed("Lead", serde_json::from_value(fields).unwrap())
            .unwrap();
        (org, id.to_string())
    }

    #[test]
    fn a_created_record_gets_an_id_of_its_object_an_owner_a_name_and_dates() {
        let (mut org, id) = org_with_lead();
        let lead = org.read("v50.0", "LEAD", &id).unwrap();
        assert!(id.starts_with("00Q"));
        assert_eq!(
            (&lead["Id"], &lead["Name"], &lead["OwnerId"]),
            (&json!(id), &json!("Jane Doe"), &json!(USER_ID))
        );
        assert_eq!(lead["CreatedDate"], lead["LastModifiedDate"]);
        assert_eq!(
            (&lead["IsConverted"], &lead["Email"]),
            (&json!(false), &json!(null))
        );
        assert_eq!(
            lead["attributes"]["url"],
            format!("/services/data/v50.0/sobjects/Lead/{id}")
        );
    }

    #[test]
    fn an_update_changes_what_it_names_and_the_modification_date() {
        let (mut org, id) = org_with_lead();
        let before = org.records("Lead").remove(0);
        org.update("Lead", &id[..15], br#"{"lastname": "Roe"}"#)
            .unwrap();
        let after = org.records("Lead").remove(0);
        assert_eq!(
            (&after["Name"], &after["Company"]),
            (&json!("Jane Roe"), &json!("Acme"))
        );
        assert_eq!(after["CreatedDate"], before["CreatedDate"]);
        assert!(after["LastModifiedDate"].as_str() > before["LastModifiedDate"].as_str());
    }

    #[test]
    fn a_deleted_record_is_refused_by_its_id_and_no_longer_listed() {
        let (mut org, id) = org_with_lead();
        org.delete("Lead", &id).unwrap();
        assert_eq!(org.update("Lead", &id, LEAD), Err(Refusal::EntityIsDeleted));
        assert_eq!(org.delete("Lead", &id), Err(Refusal::EntityIsDeleted));
        assert_eq!(org.records("Lead"), Vec::<Value>::new());
    }

    #[test]
    fn a_converted_lead_is_not_updated() {
        let (mut org, id) = seed(json!({"LastName": "Doe", "IsConverted": true}));
        assert_eq!(org.update("Lead", &id, LEAD), Err(Refusal::ConvertedLead));
    }

    #[test]
    fn unknown_objects_ids_and_malformed_ids_are_told_apart() {
        let (mut org, id) = org_with_lead();
        assert_eq!(org.update("Loyalty__c", &id, LEAD), Err(Refusal::NotFound));
        assert_eq!(org.update("Contact", &id, LEAD), Err(Refusal::NotFound));
        assert_eq!(
            org.update("Lead", "42", LEAD),
            Err(Refusal::MalformedId("42".into()))
        );
    }

    #[test]
    fn a_seed_may_set_what_the_api_may_not_but_not_the_id() {
        let (org, _) = seed(json!({"LastModifiedDate": "2020-01-01T00:00:00.000+0000"}));
        assert_eq!(
            org.records("Lead")[0]["LastModifiedDate"],
            "2020-01-01T00:00:00.000+0000"
        );
        let with_id = serde_json::from_value(json!({"Id": USER_ID})).unwrap();
        assert_eq!(
            Org::new().seed("Lead", with_id),
            Err(Refusal::ReadOnly(vec!["Id".into()]))
        );
    }

    #[test]
    fn objects_of_ones_own_have_prefixes_of_their_own() {
        let mut org = Org::new();
        org.declare("Loyalty__c");
        org.declare("Visit__c");
        let ids = ["Loyalty__c", "Visit__c"]
            .map(|object| org.create(object, br#"{"Name": "x"}"#).unwrap().to_string());
        assert!(
            ids[0].starts_with("a00") && ids[1].starts_with("a01"),
            "{ids:?}"
        );
    }
}
