//! What Salesforce checks in a record before it stores it, and the form in which it stores it.

mod content;
pub(super) mod system;

use serde_json::{Map, Value, json};

use super::{
    FieldType, Refusal,
    caller::Caller,
    schema::{Field, Object},
};

/// A record's fields: names in the schema's spelling, and only those that were ever set.
pub(super) type Record = Map<String, Value>;

/// Reads the body of a create or an update.
pub(super) fn parse(body: &[u8]) -> Result<Record, Refusal> {
    if body.is_empty() {
        let message = "The HTTP entity body is required, but this request has no entity body.";
        return Err(Refusal::Json(message.into()));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::Json(error.to_string()))
}

/// The record that a create makes of its body.
pub(super) fn create(
    object: &Object,
    caller: &Caller<'_>,
    body: Record,
) -> Result<Record, Refusal> {
    let changes = changes(object, body, |name| object.field_seen_by(caller, name))?;
    refuse_read_only(&changes, |field| object.is_createable(caller, field))?;
    let is_set = |field: &Field| {
        let mut set = changes.iter().filter(|(_, value)| !value.is_null());
        set.any(|(set, _)| set.name == field.name)
    };
    let required = object
        .fields
        .iter()
        .filter(|field| field.is_required_on_create());
    refuse_missing(required.filter(|field| !is_set(field)))?;
    let defaults = object.fields.iter().filter(|field| !is_set(field));
    let defaults: Vec<_> = defaults
        .filter_map(|field| Some((field.name.clone(), field.default()?.into())))
        .collect();
    let mut record = checked(changes)?;
    record.extend(defaults);
    Ok(record)
}

/// The fields that an update sets.
pub(super) fn update(
    object: &Object,
    caller: &Caller<'_>,
    body: Record,
) -> Result<Record, Refusal> {
    let changes = changes(object, body, |name| object.field_seen_by(caller, name))?;
    refuse_read_only(&changes, |field| object.is_updateable(caller, field))?;
    let cannot_be_empty = |field: &Field| !field.nillable && field.kind != FieldType::Boolean;
    let emptied = changes
        .iter()
        .filter(|(field, value)| value.is_null() && cannot_be_empty(field));
    refuse_missing(emptied.map(|(field, _)| *field))?;
    checked(changes)
}

/// Reads a body without judging what its values are: each is of a field, and of the right type.
pub(super) fn read(object: &Object, caller: &Caller<'_>, body: Record) -> Result<(), Refusal> {
    changes(object, body, |name| object.field_seen_by(caller, name)).map(drop)
}

/// A value in the form in which a field stores it.
pub(super) fn stored(field: &Field, value: Value) -> Result<Value, Refusal> {
    content::stored(field, value)
}

/// A record put into the org by its owner, who may set what the API may not, and leave out what the API may not.
pub(super) fn seed(object: &Object, record: Record) -> Result<Record, Refusal> {
    checked(changes(object, record, |name| object.field(name))?)
}

/// Each entry of a body with its field, the value in the form in which it is stored.
fn changes<'a>(
    object: &Object,
    body: Record,
    field: impl Fn(&str) -> Option<&'a Field>,
) -> Result<Vec<(&'a Field, Value)>, Refusal> {
    // Type and URL of a record may come along, as in an answer
    let entries = body.into_iter().filter(|(name, _)| name != "attributes");
    entries
        .map(|(name, value)| match field(&name) {
            Some(field) => Ok((field, content::stored(field, value)?)),
            None => Err(Refusal::NoSuchField {
                field: name,
                object: object.name.clone(),
            }),
        })
        .collect()
}

fn refuse_read_only(
    changes: &[(&Field, Value)],
    is_writable: impl Fn(&Field) -> bool,
) -> Result<(), Refusal> {
    let read_only = changes
        .iter()
        .map(|(field, _)| field)
        .filter(|field| !is_writable(field));
    let names: Vec<String> = read_only.map(|field| field.name.clone()).collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(Refusal::ReadOnly(names))
    }
}

fn refuse_missing<'a>(missing: impl Iterator<Item = &'a Field>) -> Result<(), Refusal> {
    let names: Vec<String> = missing.map(|field| field.name.clone()).collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(Refusal::RequiredMissing(names))
    }
}

/// The changes as a record, once every value has been found fit for its field.
fn checked(changes: Vec<(&Field, Value)>) -> Result<Record, Refusal> {
    for (field, value) in &changes {
        content::check(field, value)?;
    }
    Ok(changes
        .into_iter()
        .map(|(field, value)| (field.name.clone(), value))
        .collect())
}

/// A record, or the asked-for fields of it, as an answer shows it.
pub(super) fn shown<'a>(
    version: &str,
    object: &Object,
    record: &Record,
    fields: impl IntoIterator<Item = &'a Field>,
) -> Value {
    let id = record.get("Id").and_then(Value::as_str).unwrap_or_default();
    let url = format!("/services/data/{version}/sobjects/{}/{id}", object.name);
    let attributes = (
        "attributes".to_owned(),
        json!({"type": object.name, "url": url}),
    );
    let values = fields
        .into_iter()
        .map(|field| (field.name.clone(), value(record, field)));
    std::iter::once(attributes).chain(values).collect()
}

/// What a record holds in a field.
pub(super) fn value(record: &Record, field: &Field) -> Value {
    match record.get(&field.name) {
        None | Some(Value::Null) => field.kind.unset(),
        Some(value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldType, schema::STANDARD_OBJECTS};

    fn lead() -> Object {
        let (name, fields) = STANDARD_OBJECTS[2];
        let mut lead = Object::new(name, "00Q".into(), fields);
        lead.declare(Field::new("newProp__c", FieldType::Text));
        lead
    }

    fn created(extra: Value) -> Result<Value, Refusal> {
        let mut body = parse(br#"{"LastName": "Doe", "Company": "Acme"}"#).unwrap();
        body.extend(serde_json::from_value::<Record>(extra).unwrap());
        create(&lead(), &Caller::inside(), body).map(Value::Object)
    }

    fn refused(extra: Value) -> (&'static str, String) {
        let refusal = created(extra).unwrap_err();
        (refusal.code().1, refusal.to_string())
    }

    #[test]
    fn names_take_the_spelling_of_the_schema_and_attributes_are_ignored() {
        let record =
            created(json!({"NEWPROP__C": "x", "email": "a@b.c", "attributes": {"type": "Lead"}}))
                .unwrap();
        assert_eq!(
            record,
            json!({
                "LastName": "Doe", "Company": "Acme", "newProp__c": "x", "Email": "a@b.c",
                "Status": "Open - Not Contacted",
            })
        );
    }

    #[test]
    fn a_text_field_holds_the_digits_of_a_number_and_no_empty_text() {
        let record = created(json!({"Phone": 12.5, "City": true, "State": ""})).unwrap();
        assert_eq!(
            (&record["Phone"], &record["City"], &record["State"]),
            (&json!("12.5"), &json!("true"), &json!(null))
        );
    }

    #[test]
    fn a_create_names_all_required_fields_that_are_missing_null_or_empty() {
        let missing = Refusal::RequiredMissing(vec!["Company".into(), "LastName".into()]);
        for body in ["{}", r#"{"Company": "", "LastName": null}"#] {
            assert_eq!(
                create(&lead(), &Caller::inside(), parse(body.as_bytes()).unwrap()),
                Err(missing.clone())
            );
        }
    }

    #[test]
    fn an_update_needs_no_required_field_and_empties_none() {
        let change =
            |body: &str| update(&lead(), &Caller::inside(), parse(body.as_bytes()).unwrap());
        assert!(change(r#"{"City": null}"#).is_ok());
        assert_eq!(
            change(r#"{"Company": ""}"#),
            Err(Refusal::RequiredMissing(vec!["Company".into()]))
        );
    }

    #[test]
    fn system_fields_are_read_only_and_all_are_named() {
        let refusal =
            created(json!({"CreatedDate": "2026-01-01T00:00:00Z", "IsConverted": false, "Id": ""}))
                .unwrap_err();
        assert_eq!(
            refusal,
            Refusal::ReadOnly(vec![
                "CreatedDate".into(),
                "Id".into(),
                "IsConverted".into()
            ])
        );
    }

    #[test]
    fn an_unknown_field_refuses_the_record() {
        let message = "No such column 'Accuracy' on sobject of type Lead";
        assert_eq!(
            refused(json!({"Accuracy": 1})),
            ("INVALID_FIELD", message.into())
        );
    }

    #[test]
    fn values_must_fit_their_field() {
        let long = "x".repeat(81);
        assert_eq!(refused(json!({"LastName": long})).0, "STRING_TOO_LONG");
        assert_eq!(refused(json!({"OwnerId": "me"})).0, "MALFORMED_ID");
        for (field, value) in [
            ("City", json!({"a": 1})),
            ("City", json!(["a"])),
            ("AnnualRevenue", json!("1")),
            ("HasOptedOutOfFax", json!("true")),
        ] {
            assert_eq!(
                refused(json!({field: value})).0,
                "JSON_PARSER_ERROR",
                "{field}"
            );
        }
    }

    #[test]
    fn what_is_no_json_object_is_no_record() {
        for body in ["", "[]", "1", "{", "null"] {
            assert_eq!(
                parse(body.as_bytes()).unwrap_err().code().1,
                "JSON_PARSER_ERROR",
                "{body}"
            );
        }
    }
}
