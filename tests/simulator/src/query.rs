//! Runs a parsed query over an object's records.

use std::{cmp::Ordering, collections::HashSet};

use serde_json::Value;

use super::{
    FieldType, Refusal,
    caller::Caller,
    id::RecordId,
    record::{self, Record, system::is_deleted, value},
    schema::{Field, Object},
    soql::{Condition, Literal, OrderBy, Query},
    table::Table,
};

/// The records that a query finds, as an answer shows them.
pub(super) fn run(
    caller: &Caller<'_>,
    version: &str,
    table: &Table,
    query: &Query,
) -> Result<Vec<Value>, Refusal> {
    let selected = selected(caller, &table.object, query)?;
    let filter = match &query.condition {
        Some(condition) => Some(Filter::new(caller, &table.object, condition)?),
        None => None,
    };
    let order = match &query.order_by {
        Some(order) => Some((column(caller, &table.object, &order.field)?, order)),
        None => None,
    };

    let live = table.rows().filter(|row| !is_deleted(row));
    let mut found: Vec<&Record> = live
        .filter(|row| filter.as_ref().is_none_or(|filter| filter.accepts(row)))
        .collect();
    if let Some((field, order)) = order {
        found.sort_by(|left, right| compare(field, order, left, right));
    }
    found.truncate(query.limit.unwrap_or(usize::MAX));
    let show = |row| record::shown(version, &table.object, row, selected.iter().copied());
    Ok(found.into_iter().map(show).collect())
}

fn column<'a>(caller: &Caller<'_>, object: &'a Object, name: &str) -> Result<&'a Field, Refusal> {
    let unknown = || Refusal::NoSuchColumn {
        field: name.into(),
        object: object.name.clone(),
    };
    object.field_seen_by(caller, name).ok_or_else(unknown)
}

fn selected<'a>(
    caller: &Caller<'_>,
    object: &'a Object,
    query: &Query,
) -> Result<Vec<&'a Field>, Refusal> {
    let mut names = HashSet::new();
    let fields = query.fields.iter().map(|name| {
        let field = column(caller, object, name)?;
        if names.insert(&field.name) {
            Ok(field)
        } else {
            Err(Refusal::DuplicateColumn(field.name.clone()))
        }
    });
    fields.collect()
}

/// A condition, ready to be asked of many records.
struct Filter<'a> {
    field: &'a Field,
    keys: HashSet<Option<String>>,
}

impl<'a> Filter<'a> {
    fn new(
        caller: &Caller<'_>,
        object: &'a Object,
        condition: &Condition,
    ) -> Result<Self, Refusal> {
        let field = column(caller, object, condition.field())?;
        if field.kind == FieldType::LongText {
            return Err(Refusal::NotFilterable(field.name.clone()));
        }
        let keys = condition
            .values()
            .iter()
            .map(|literal| Ok(key(field.kind, &criterion(field, literal)?)));
        Ok(Self {
            field,
            keys: keys.collect::<Result<_, Refusal>>()?,
        })
    }

    fn accepts(&self, row: &Record) -> bool {
        self.keys
            .contains(&key(self.field.kind, &value(row, self.field)))
    }
}

/// The value that a literal stands for, if its type is the field's.
fn criterion(field: &Field, literal: &Literal) -> Result<Value, Refusal> {
    let name = || field.name.clone();
    match (field.kind, literal) {
        (kind, Literal::Null) => Ok(kind.unset()),
        (kind, Literal::Text(text)) if kind.is_quoted() && text.is_empty() => Ok(Value::Null),
        (kind, Literal::Text(id)) if kind.is_id() && RecordId::parse(id).is_none() => {
            Err(Refusal::FilterNoId(id.clone()))
        }
        (kind, Literal::Text(text)) if kind.is_quoted() => Ok(text.as_str().into()),
        (kind, _) if kind.is_quoted() => Err(Refusal::FilterNeedsQuotes(name())),
        (kind, Literal::Number(digits)) if kind.is_number() => {
            Ok(digits.parse::<f64>().map_or(Value::Null, Value::from))
        }
        (FieldType::Boolean, Literal::Bool(truth)) => Ok((*truth).into()),
        (kind, _) => Err(Refusal::FilterType {
            field: name(),
            kind: kind.name(),
        }),
    }
}

/// A value as a text that equal values share: letter case aside for texts, both forms of an id, 5 and 5.0.
fn key(kind: FieldType, value: &Value) -> Option<String> {
    match (kind, value) {
        (_, Value::Null) => None,
        (kind, Value::String(id)) if kind.is_id() => RecordId::parse(id).map(|id| id.to_string()),
        (_, Value::String(text)) => Some(text.to_lowercase()),
        (_, Value::Number(number)) => number.as_f64().map(|number| (number + 0.0).to_string()),
        (_, other) => Some(other.to_string()),
    }
}

fn compare(field: &Field, order: &OrderBy, left: &Record, right: &Record) -> Ordering {
    let (left, right) = (value(left, field), value(right, field));
    let nulls = left.is_null().cmp(&right.is_null());
    let nulls = if order.nulls_last {
        nulls
    } else {
        nulls.reverse()
    };
    let values = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => key(field.kind, &left).cmp(&key(field.kind, &right)),
    };
    nulls.then(if order.descending {
        values.reverse()
    } else {
        values
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Simulator;

    fn org() -> Simulator {
        let org = Simulator::builder()
            .custom_field("Lead", "Score__c", FieldType::Number)
            .build();
        for (email, score) in [
            ("Jane@x.com", json!(5)),
            ("o'brien@x.com", json!(7.5)),
            ("none@x.com", json!(null)),
        ] {
            let lead = json!({"LastName": email, "Email": email, "Score__c": score});
            org.insert("Lead", lead).unwrap();
        }
        org.insert("Lead", json!({"Email": "gone@x.com", "IsDeleted": true}))
            .unwrap();
        org
    }

    /// The e-mail addresses on the first page, or the code and the message of the refusal.
    fn found(soql: &str) -> Result<Vec<Value>, (&'static str, String)> {
        let page = org().state().org.query(&Caller::inside(), "v50.0", soql);
        let page = page.map_err(|refusal| (refusal.code().1, refusal.to_string()))?;
        Ok(page["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["Email"].clone())
            .collect())
    }

    fn where_finds(condition: &str) -> Vec<Value> {
        found(&format!("SELECT Email FROM Lead WHERE {condition}")).unwrap()
    }

    #[test]
    fn a_record_shows_its_attributes_and_what_was_selected_in_the_schemas_spelling() {
        let page = org()
            .state()
            .org
            .query(
                &Caller::inside(),
                "v50.0",
                "SELECT id, SCORE__C FROM lead LIMIT 1",
            )
            .unwrap();
        let record = json!({
            "attributes": {"type": "Lead", "url": "/services/data/v50.0/sobjects/Lead/00Q5g0000000001EAA"},
            "Id": "00Q5g0000000001EAA",
            "Score__c": 5,
        });
        assert_eq!(
            page,
            json!({"totalSize": 1, "done": true, "records": [record]})
        );
    }

    #[test]
    fn text_compares_without_letter_case() {
        assert_eq!(
            where_finds(r"Email IN ('JANE@X.COM', 'O\'Brien@x.com')"),
            ["Jane@x.com", "o'brien@x.com"]
        );
    }

    #[test]
    fn ids_compare_in_either_form_and_with_letter_case() {
        assert_eq!(where_finds("Id = '00Q5g0000000001'"), ["Jane@x.com"]);
        assert_eq!(where_finds("Id = '00Q5g0000000001EAA'"), ["Jane@x.com"]);
        assert_eq!(where_finds("Id = '00q5g0000000001'"), Vec::<Value>::new());
    }

    #[test]
    fn numbers_compare_by_value_and_null_is_a_value() {
        assert_eq!(
            where_finds("Score__c IN (5.0, null)"),
            ["Jane@x.com", "none@x.com"]
        );
        assert_eq!(where_finds("Phone = '' LIMIT 1"), ["Jane@x.com"]);
    }

    #[test]
    fn deleted_records_are_not_found() {
        assert_eq!(where_finds("Email = 'gone@x.com'"), Vec::<Value>::new());
        assert_eq!(where_finds("IsDeleted = true"), Vec::<Value>::new());
    }

    #[test]
    fn nulls_come_first_unless_told_otherwise() {
        let sorted = |order: &str| {
            found(&format!("SELECT Email FROM Lead ORDER BY {order} LIMIT 2")).unwrap()
        };
        assert_eq!(sorted("Score__c"), ["none@x.com", "Jane@x.com"]);
        assert_eq!(
            sorted("Score__c DESC NULLS LAST"),
            ["o'brien@x.com", "Jane@x.com"]
        );
    }

    #[test]
    fn refusals_are_salesforces() {
        let cases = [
            (
                "SELECT Id FROM Led",
                "INVALID_TYPE",
                "sObject type 'Led' is not supported.",
            ),
            (
                "SELECT Foo FROM Lead",
                "INVALID_FIELD",
                "No such column 'Foo' on entity 'Lead'.",
            ),
            (
                "SELECT Id, id FROM Lead",
                "INVALID_FIELD",
                "duplicate field selected: Id",
            ),
            (
                "SELECT Id FROM Lead WHERE Email = 5",
                "INVALID_FIELD",
                "value of filter criterion for field 'Email' must be of type string and should be enclosed in quotes",
            ),
            (
                "SELECT Id FROM Lead WHERE score__c = '5'",
                "INVALID_FIELD",
                "value of filter criterion for field 'Score__c' must be of type double and should not be enclosed in quotes",
            ),
            (
                "SELECT Id FROM Lead WHERE Id = 'x'",
                "INVALID_QUERY_FILTER_OPERATOR",
                "invalid ID field: x",
            ),
            (
                "SELECT Id FROM Lead WHERE Description = 'x'",
                "INVALID_FIELD",
                "field 'Description' can not be filtered in a query call",
            ),
            (
                "SELECT Id FROM Lead WHERE",
                "MALFORMED_QUERY",
                "unexpected end of query",
            ),
        ];
        for (soql, code, message) in cases {
            let refusal = found(soql).unwrap_err();
            assert!(
                refusal.0 == code && refusal.1.starts_with(message),
                "{refusal:?}"
            );
        }
    }
}
