//! Plans reverse-ETL events, whose sync identifies the record by any field (rule `reverse-etl`).

use std::borrow::Cow;

use smallvec::smallvec;

use crate::{
    config::rules::{MappedNaming, Rules},
    json::{Members, Object, Value},
    rudderstack::{Destination, Event},
    salesforce::{
        Key,
        key::{self, MAX_IDENTIFIER},
    },
    text::shortened,
    transform::{
        error::{EventError, ExternalIdFlaw},
        plan::{Plan, PlannedTraits, Record, named, no_key},
    },
};

/// The content of `context.externalId[0]`.
struct Identifier<'a> {
    object: Cow<'a, str>,
    field: Cow<'a, str>,
    id: Value<'a>,
}

/// Plans a reverse-ETL event, whose traits are fields.
pub(super) fn plan<'a>(
    event: &Event<'a>,
    mut traits: Members<'a>,
    destination: &Destination,
    rules: &Rules,
) -> Result<Plan<'a>, EventError> {
    let identifier = identifier(event, destination, rules)?;
    let by_id = identifier.field.eq_ignore_ascii_case("Id");
    match rules.mapped_naming {
        // The mapping omits a record's own id.
        MappedNaming::Exact if by_id => {}
        // If several traits name the same field, the last one counts.
        MappedNaming::Exact => {
            traits.retain(|name, _| *name != identifier.field);
            traits.set(identifier.field.clone(), identifier.id);
        }
        MappedNaming::Lowercase => {
            if !is_stocks_id(event, destination) {
                traits.set(identifier.field.clone(), identifier.id);
            }
            traits.retain(|name, _| name != "Id");
        }
    }
    let record = if by_id {
        by_record_id(identifier)?
    } else {
        by_field(&identifier, rules)?
    };
    let traits = PlannedTraits {
        members: traits,
        has_field_names: true,
    };
    Ok(Plan {
        traits,
        records: smallvec![record],
    })
}

fn identifier<'a>(
    event: &Event<'a>,
    destination: &Destination,
    rules: &Rules,
) -> Result<Identifier<'a>, EventError> {
    let missing = |missing| EventError::NoIdentifier { missing };
    let entry = event
        .at("context.externalId.0")
        .and_then(Value::as_object)
        .unwrap_or_default();
    let id = entry
        .get("id")
        .filter(|id| id.is_truthy() && !rules.blank_text.is_absent(*id))
        .ok_or(missing("id"))?;
    let text = |name| {
        entry
            .get(name)
            .and_then(Value::as_text)
            .filter(|text| !text.is_empty())
            .ok_or(missing(name))
    };
    let kind = text("type")?;
    let object = object(kind, destination, rules.mapped_naming).ok_or(missing("type"))?;
    Ok(Identifier {
        object,
        field: text("identifierType")?,
        id,
    })
}

/// The identifier of an unmapped event. The stock service looks a lead up by it if the event has no e-mail.
pub(super) fn unmapped<'a>(event: &Event<'a>) -> Option<Value<'a>> {
    let entry = event
        .at("context.externalId.0")
        .and_then(Value::as_object)?;
    entry
        .get("identifierType")
        .and_then(|_| entry.get("id"))
        .filter(|id| id.is_present())
}

/// The object that a type such as `SALESFORCE_OAUTH-Contact` names.
fn object<'a>(
    kind: Cow<'a, str>,
    destination: &Destination,
    naming: MappedNaming,
) -> Option<Cow<'a, str>> {
    let prefixes = [
        format!("{}-", destination.definition),
        "Salesforce-".to_owned(),
    ];
    let starts_with = |prefix: &&String| {
        kind.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let prefix = prefixes.iter().find(starts_with).map(String::len);
    match naming {
        MappedNaming::Exact => prefix
            .map(|length| named::after(kind, length))
            .filter(|object| key::is_api_name(object)),
        MappedNaming::Lowercase => {
            let kind = kind.to_ascii_lowercase();
            let object = &kind[prefix.unwrap_or(0)..];
            (kind.contains("salesforce") && !named::is_step(object))
                .then(|| Cow::Owned(object.to_owned()))
        }
    }
}

/// Whether the stock service treats the identifier as a record's id, which it does not write. It does so only for
/// entries that spell the definition's name exactly.
fn is_stocks_id(event: &Event<'_>, destination: &Destination) -> bool {
    let prefix = format!("{}-", destination.definition);
    let entries = event.at("context.externalId").and_then(Value::as_array);
    let entries = entries.unwrap_or_default().into_iter();
    let text = |entry: Object<'_>, name| {
        entry
            .get(name)
            .and_then(Value::as_text)
            .map(Cow::into_owned)
    };
    let matching = entries
        .filter_map(Value::as_object)
        .find(|entry| text(*entry, "type").is_some_and(|kind| kind.contains(&prefix)));
    matching
        .and_then(|entry| text(entry, "identifierType"))
        .is_some_and(|field| field.eq_ignore_ascii_case("Id"))
}

fn by_record_id(identifier: Identifier<'_>) -> Result<Record<'_>, EventError> {
    let id = named::record_id(identifier.id)
        .map_err(|flaw: ExternalIdFlaw| EventError::ExternalId { index: 0, flaw })?;
    Ok(Record::Named {
        object: identifier.object,
        id,
    })
}

fn by_field<'a>(identifier: &Identifier<'_>, rules: &Rules) -> Result<Record<'a>, EventError> {
    let Identifier { object, field, id } = identifier;
    if rules.upserts {
        check_value(*id)?;
    }
    let key = Key::new(object, field, *id)
        .map_err(|why| no_key(why, &shortened(&format!("{object}.{field}"))))?;
    Ok(Record::Matching(key))
}

/// Checks whether a field that identifies records can hold a value.
fn check_value(id: Value<'_>) -> Result<(), EventError> {
    let text = id.as_text().unwrap_or_default();
    let length = text.chars().count();
    if length > MAX_IDENTIFIER {
        return Err(EventError::IdentifierTooLong { length });
    }
    if text.contains(['\n', '\r']) {
        return Err(EventError::IdentifierOfSeveralLines);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{config::rules::Compatibility, transform::plan::tests::planned};

    fn sync(
        entry: &str,
        definition: &str,
        compatibility: Compatibility,
    ) -> Result<(Vec<String>, String), String> {
        let message = format!(
            r#""traits":{{"FirstName":"A","Id":"x"}},"context":{{"mappedToDestination":true,"externalId":[{entry}]}}"#
        );
        planned(&message, definition, compatibility)
    }

    fn documented(entry: &str) -> Result<(Vec<String>, String), String> {
        sync(entry, "SALESFORCE_OAUTH", Compatibility::Documented)
    }

    fn one(record: &str, traits: &str) -> (Vec<String>, String) {
        (vec![record.to_owned()], traits.to_owned())
    }

    #[test]
    fn a_record_is_found_by_the_field_that_the_sync_names_and_the_field_is_written() {
        for kind in [
            "Salesforce-Contact",
            "SALESFORCE_OAUTH-Contact",
            "salesforce_oauth-Contact",
        ] {
            let entry = format!(r#"{{"type":"{kind}","id":"e1","identifierType":"Ext__c"}}"#);
            assert_eq!(
                documented(&entry).unwrap(),
                one("Contact.Ext__c=e1", r#"FirstName="A" Id="x" Ext__c="e1""#),
                "{kind}"
            );
        }
    }

    #[test]
    fn the_identifier_id_names_the_record_itself_and_is_not_added_to_the_traits() {
        for field in ["Id", "id", "ID"] {
            let entry = format!(
                r#"{{"type":"Salesforce-Contact","id":"003x","identifierType":"{field}"}}"#
            );
            assert_eq!(
                documented(&entry).unwrap(),
                one("Contact/003x", r#"FirstName="A" Id="x""#),
                "{field}"
            );
        }
    }

    #[test]
    fn a_sync_that_does_not_say_which_record_is_refused() {
        for entry in [
            "",
            "null",
            r#"{"type":"Salesforce-Contact","identifierType":"Id"}"#,
            r#"{"type":"Salesforce-Contact","id":0,"identifierType":"Id"}"#,
            r#"{"type":"Salesforce-Contact","id":" ","identifierType":"Ext__c"}"#,
            r#"{"type":"Salesforce-Contact","id":"\uFEFF","identifierType":"Id"}"#,
            r#"{"id":"e1","identifierType":"Id"}"#,
            r#"{"type":"Salesforce-Contact","id":"e1"}"#,
            r#"{"type":"Salesforce-Contact","id":"e1","identifierType":5}"#,
            r#"{"type":"Other-Contact","id":"e1","identifierType":"Id"}"#,
            r#"{"type":"Salesforce-","id":"e1","identifierType":"Id"}"#,
        ] {
            assert!(
                documented(entry)
                    .unwrap_err()
                    .contains("needs `id`, `type` and `identifierType`"),
                "{entry}"
            );
        }
        assert!(
            documented(r#"{"type":"Salesforce-Contact","id":"e1","identifierType":"Ext'--"}"#)
                .unwrap_err()
                .contains("is not an API name")
        );
    }

    #[test]
    fn an_identifier_fits_into_a_field_that_identifies_records() {
        let entry = |id: &str| {
            format!(r#"{{"type":"Salesforce-Contact","id":"{id}","identifierType":"Ext__c"}}"#)
        };
        assert!(documented(&entry(&"ü".repeat(255))).is_ok());
        let long = entry(&"ü".repeat(256));
        let error = documented(&long).unwrap_err();
        assert!(error.contains("has 256 characters"), "{error}");
        for line_break in ["\\n", "\\r"] {
            let error = documented(&entry(&format!("a{line_break}b"))).unwrap_err();
            assert!(error.contains("contains a line break"), "{error}");
        }
        assert!(sync(&long, "SALESFORCE_OAUTH", Compatibility::Stock).is_ok());
    }

    #[test]
    fn the_stock_set_names_objects_in_lower_case_and_writes_an_id_under_another_prefix() {
        let stock = |entry| sync(entry, "SALESFORCE_OAUTH", Compatibility::Stock).unwrap();
        let entry = r#"{"type":"SALESFORCE_OAUTH-MyObj__c","id":"e1","identifierType":"Id"}"#;
        assert_eq!(stock(entry), one("myobj__c/e1", r#"FirstName="A""#));
        let entry = r#"{"type":"salesforce_oauth-Contact","id":"e1","identifierType":"id"}"#;
        assert_eq!(stock(entry), one("contact/e1", r#"FirstName="A" id="e1""#));
        let entry = r#"{"type":"SALESFORCEContact","id":"e1","identifierType":"Ext__c"}"#;
        assert_eq!(stock(entry).0, ["salesforcecontact.Ext__c=e1"]);
    }
}
