//! What a record's references name: parents by their id, or by an external id.

use serde_json::Value;

use super::{Org, Refusal};
use crate::{
    caller::Caller,
    id::RecordId,
    record::{self, Record, system},
    refusal::FieldName,
    schema::{Field, Object, standard_prefix},
};

impl Org {
    /// A body in which parents that are named by an external id are named by their id.
    pub(super) fn with_parents(
        &mut self,
        caller: &Caller<'_>,
        table: usize,
        mut body: Record,
    ) -> Result<Record, Refusal> {
        let object = &self.tables[table].object;
        let parents = parents(object, caller, &body);
        for (relationship, field) in parents {
            if body
                .keys()
                .any(|name| name.eq_ignore_ascii_case(&field.name))
            {
                let field = field.name;
                return Err(Refusal::ParentTwice {
                    relationship,
                    field,
                });
            }
            if let Some(Value::Object(named)) = body.remove(&relationship) {
                let id = self.parent(&relationship, &field, named)?;
                body.insert(field.name, id.into());
            }
        }
        Ok(body)
    }

    /// The id of the parent that `named` names by an external id.
    fn parent(
        &mut self,
        relationship: &str,
        field: &Field,
        mut named: Record,
    ) -> Result<String, Refusal> {
        let unclear = || Refusal::ParentUnclear {
            relationship: relationship.into(),
            object: field.refers_to.join(", "),
        };
        let attributes = named.remove("attributes");
        let of = attributes.as_ref().and_then(|of| of["type"].as_str());
        let object = match (of, field.refers_to.as_slice()) {
            (None, [only]) => only,
            (Some(of), all) => all
                .iter()
                .find(|object| object.eq_ignore_ascii_case(of))
                .ok_or_else(unclear)?,
            (None, _) => return Err(unclear()),
        };
        let table = self.position(object).ok_or_else(unclear)?;
        let mut keys = named.into_iter();
        let (Some((name, value)), None) = (keys.next(), keys.next()) else {
            return Err(unclear());
        };
        let key = self.tables[table].object.field(&name).cloned();
        let key = key.filter(|key| key.external_id).ok_or_else(unclear)?;
        let value = record::stored(&key, value)?;
        let found = self.holders(table, &key, &value);
        match found.as_slice() {
            [] => Err(Refusal::ParentMissing {
                value: value.as_str().map_or_else(|| value.to_string(), Into::into),
                field: key.name,
                object: object.clone(),
            }),
            [one] => Ok(self.id_at(table, *one)),
            several => Err(self.several_matches(table, &key, several)),
        }
    }

    /// Refuses references to records that are not there, or of another object than the field takes.
    pub(super) fn refuse_dead_references(
        &self,
        table: usize,
        changes: &Record,
    ) -> Result<(), Refusal> {
        let object = &self.tables[table].object;
        for (name, value) in changes {
            let field = object
                .field(name)
                .filter(|field| !field.refers_to.is_empty());
            if let (Some(field), Some(id)) = (field, value.as_str()) {
                self.refuse_dead_reference(field, id)?;
            }
        }
        Ok(())
    }

    fn refuse_dead_reference(&self, field: &Field, text: &str) -> Result<(), Refusal> {
        let Some(id) = RecordId::parse(text) else {
            return Ok(());
        };
        let targets = field.refers_to.iter();
        let fitting: Vec<&String> = targets
            .filter(|object| {
                self.prefix_of(object)
                    .is_none_or(|prefix| id.as_str().starts_with(&prefix))
            })
            .collect();
        if fitting.is_empty() {
            return Err(Refusal::ReferenceOfOtherType {
                field: FieldName::of(field),
                value: text.into(),
            });
        }
        // Users and groups are no records here.
        let mut tables = fitting
            .iter()
            .filter_map(|object| self.table(object))
            .peekable();
        let is_kept_here = tables.peek().is_some();
        let is_alive = tables.any(|table| {
            let position = table.position(&id);
            position.is_some_and(|position| !system::is_deleted(table.row(position)))
        });
        if is_kept_here && !is_alive {
            let names_field = self.settings.cross_references_name_fields;
            let field = names_field.then(|| field.name.clone());
            return Err(Refusal::NoSuchParent { field });
        }
        Ok(())
    }

    /// The first characters of an object's ids; `None` where the org does not know the object.
    fn prefix_of(&self, object: &str) -> Option<String> {
        let known = self.table(object).map(|table| table.object.prefix.clone());
        known.or_else(|| standard_prefix(object).map(Into::into))
    }
}

/// The parents that a body names by something else than their id: the name of the relationship, and the reference field.
fn parents(object: &Object, caller: &Caller<'_>, body: &Record) -> Vec<(String, Field)> {
    let nested = body.iter().filter(|(_, value)| value.is_object());
    nested
        .filter_map(|(name, _)| {
            let field = object.relationship_seen_by(caller, name)?;
            Some((name.clone(), field.clone()))
        })
        .collect()
}

/// A body without the parents that it names by something else than their id.
pub(super) fn without_parents(object: &Object, caller: &Caller<'_>, mut body: Record) -> Record {
    for (relationship, _) in parents(object, caller, &body) {
        body.remove(&relationship);
    }
    body
}
