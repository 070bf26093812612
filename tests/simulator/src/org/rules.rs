//! What an org has set up about its records: unique fields, duplicate rules, assignment rules.

use serde_json::{Value, json};

use super::{Org, id_of, shown};
use crate::{
    DuplicateRule, Refusal, ValidationRule,
    assignment::{self, AssignmentRule},
    caller::Caller,
    duplicates::{Duplicates, Options, Wording},
    id::RecordId,
    index::{Comparison, key},
    record::{self, Record},
    schema::{ASSIGNMENT_RULES, DUPLICATE_RULES, Field},
};

/// The rules of an org. Tables and indexes are named by their positions.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    unique: Vec<Unique>,
    matching: Vec<Matching>,
    assignment: Vec<AssignmentRule>,
    pub(crate) validation: Vec<ValidationRule>,
    /// How a refusal shows what a duplicate rule has found.
    pub(crate) wording: Wording,
}

/// A field whose values no two records of a table share.
#[derive(Debug)]
struct Unique {
    table: usize,
    field: String,
    index: usize,
}

/// A duplicate rule, the table whose records it judges, the one whose records it finds, and the index of the latter.
#[derive(Debug)]
struct Matching {
    rule: DuplicateRule,
    judged: usize,
    found: usize,
    index: usize,
}

impl Org {
    /// Lets no two records of an object have the same value in a field.
    pub(crate) fn make_unique(&mut self, object: &str, field: &str) {
        let table = self.declared(object);
        let field = field.to_owned();
        let fields = std::slice::from_ref(&field);
        let known = self.tables[table].object.field(&field);
        let comparison = known.map_or(Comparison::Exact, Field::comparison);
        let index = self.tables[table].index(fields, comparison);
        self.rules.unique.push(Unique {
            table,
            field,
            index,
        });
    }

    /// Lets records of an object have the same value in a field.
    pub(super) fn forget_unique(&mut self, table: usize, field: &str) {
        self.rules
            .unique
            .retain(|unique| unique.table != table || !unique.field.eq_ignore_ascii_case(field));
    }

    /// Adds a duplicate rule, and the record that says so.
    pub(crate) fn add_duplicate_rule(&mut self, rule: DuplicateRule) {
        let (judged, found) = (self.declared(&rule.object), self.declared(&rule.found));
        let index = self.tables[found].index(&rule.fields, rule.comparison);
        let row = json!({
            "DeveloperName": rule.name,
            "MasterLabel": rule.name.replace('_', " "),
            "SobjectType": rule.object,
            "IsActive": rule.is_active,
        });
        self.add_rule_record(DUPLICATE_RULES, None, row);
        self.rules.matching.push(Matching {
            rule,
            judged,
            found,
            index,
        });
    }

    /// Adds an assignment rule, and the record that says so.
    pub(crate) fn add_assignment_rule(&mut self, rule: AssignmentRule) {
        let row = json!({
            "Name": format!("{} assignment", rule.object),
            "Active": rule.is_active,
            "SobjectType": rule.object,
        });
        self.add_rule_record(ASSIGNMENT_RULES, Some(rule.id.clone()), row);
        self.rules.assignment.push(rule);
    }

    fn add_rule_record(&mut self, object: &str, id: Option<RecordId>, row: Value) {
        let table = self.declared(object);
        if let Value::Object(fields) = row {
            self.store_as(&Caller::inside(), table, id, fields);
        }
    }

    /// The owner whom an assignment rule gives to a record that is written.
    pub(super) fn assigned_owner(
        &self,
        caller: &Caller<'_>,
        table: usize,
    ) -> Result<Option<RecordId>, Refusal> {
        let object = &self.tables[table].object.name;
        let owner = assignment::owner(&self.rules.assignment, object, caller)?;
        Ok(owner.cloned())
    }

    /// Refuses what is to be written where a validation rule does: the changes of the record at `own`, or a new record.
    pub(super) fn refuse_invalid(
        &self,
        table: usize,
        changes: &Record,
        own: Option<usize>,
    ) -> Result<(), Refusal> {
        let object = &self.tables[table].object.name;
        let rules = self.rules.validation.iter();
        let mut rules = rules
            .filter(|rule| rule.object.eq_ignore_ascii_case(object))
            .peekable();
        if rules.peek().is_none() {
            return Ok(());
        }
        let mut written = own.map_or_else(Record::new, |own| self.tables[table].row(own).clone());
        written.extend(changes.clone());
        rules.try_for_each(|rule| rule.judge(&written))
    }

    /// Refuses what is to be written where other records are like it: the changes of the record at `own`, or a new record.
    /// Duplicate rules judge before the record goes to the database, which knows the unique fields.
    pub(super) fn refuse_duplicates(
        &self,
        caller: &Caller<'_>,
        table: usize,
        changes: &Record,
        own: Option<usize>,
    ) -> Result<(), Refusal> {
        let mut written = own.map_or_else(Record::new, |own| self.tables[table].row(own).clone());
        written.extend(changes.clone());
        let options = Options::of(caller);
        let is_on = |matching: &&Matching| {
            let rule = &matching.rule;
            matching.judged == table
                && rule.is_active
                && !(rule.is_alert && options.allow_save)
                && rule.fields.iter().any(|field| changes.contains_key(field))
        };
        for matching in self.rules.matching.iter().filter(is_on) {
            let own = own.filter(|_| matching.found == table);
            let found = self.alike(matching.found, matching.index, &written, own);
            if !found.is_empty() {
                let found = self.shown_to(caller, options, matching, &written, &found);
                let duplicates = Duplicates::new(&matching.rule, self.rules.wording, found);
                return Err(Refusal::DuplicatesDetected(Box::new(duplicates)));
            }
        }
        self.refuse_taken(table, changes, own)
    }

    /// What the duplicate rules find for a record that is not written: `POST /ui-api/predupe`. A record of these fields would be
    /// new.
    pub(crate) fn predupe(&self, caller: &Caller<'_>, body: &[u8]) -> Result<Value, Refusal> {
        let mut asked = record::parse(body)?;
        let object = asked.get("apiName").and_then(Value::as_str);
        let object = object.ok_or(Refusal::NotFound)?.to_owned();
        let table = self.position(&object).ok_or(Refusal::NotFound)?;
        let fields = match asked.remove("fields") {
            Some(Value::Object(fields)) => fields,
            _ => Record::new(),
        };
        let fields = record::create(&self.tables[table].object, caller, fields)?;
        let rules = self.rules.matching.iter();
        let rules = rules.filter(|matching| matching.judged == table && matching.rule.is_active);
        let found = rules.filter_map(|matching| {
            let positions = self.alike(matching.found, matching.index, &fields, None);
            (!positions.is_empty()).then_some((matching, positions))
        });
        let found: Vec<_> = found.collect();
        let matches = found
            .iter()
            .map(|(Matching { rule, found, .. }, positions)| {
                let table = &self.tables[*found];
                let ids = positions.iter().map(|position| id_of(table.row(*position)));
                json!({
                    "apiName": rule.found,
                    "isAllowSave": rule.is_alert,
                    "matchRecordIds": ids.collect::<Vec<_>>(),
                    "matchRule": format!("{}_Match", rule.name),
                    "objectLabel": rule.found,
                    "objectLabelPlural": format!("{}s", rule.found),
                    "themeInfo": null,
                })
            });
        Ok(json!({
            "allowSave": found.iter().all(|(matching, _)| matching.rule.is_alert),
            "duplicateError": !found.is_empty(),
            "duplicateRules": found.iter().map(|(matching, _)| &matching.rule.name).collect::<Vec<_>>(),
            "matches": matches.collect::<Vec<_>>(),
        }))
    }

    fn refuse_taken(
        &self,
        table: usize,
        changes: &Record,
        own: Option<usize>,
    ) -> Result<(), Refusal> {
        let unique = self.rules.unique.iter();
        for unique in unique.filter(|unique| unique.table == table) {
            if let Some(taken) = self.alike(table, unique.index, changes, own).first() {
                let holder = self.tables[table].row(*taken);
                return Err(Refusal::DuplicateValue {
                    field: unique.field.clone(),
                    id: id_of(holder).to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The positions of the other records that are like this one.
    fn alike(&self, table: usize, index: usize, record: &Record, own: Option<usize>) -> Vec<usize> {
        let alike = self.tables[table].like(index, record);
        alike.filter(|position| Some(*position) != own).collect()
    }

    /// The records that a rule has found, as its refusal shows them: each with the confidence that it is the same.
    fn shown_to(
        &self,
        caller: &Caller<'_>,
        options: Options,
        Matching { rule, found, .. }: &Matching,
        written: &Record,
        positions: &[usize],
    ) -> Vec<(u8, Value)> {
        let table = &self.tables[*found];
        let version = format!("v{}.0", caller.version);
        let exact = key(&rule.fields, Comparison::Exact, written);
        let records = positions.iter().map(|position| {
            let row = table.row(*position);
            let is_equal = key(&rule.fields, Comparison::Exact, row) == exact;
            let record = if options.include_details {
                shown(caller, &version, table, *position)
            } else {
                record::shown(&version, &table.object, row, table.object.field("Id"))
            };
            (if is_equal { 100 } else { rule.confidence }, record)
        });
        records.collect()
    }
}

#[cfg(test)]
mod tests;
