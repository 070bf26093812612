//! What the org says of itself: the versions of its API, the resources of one, and its objects.

use axum::http::{StatusCode, header};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::{
    FieldType, PicklistValue, Refusal,
    caller::Caller,
    org::Org,
    refusal::Answer,
    schema::{Field, Object},
};

/// The versions that are answered, as a list of two numbers: the first and the last.
const VERSIONS: std::ops::RangeInclusive<u32> = 41..=68;

/// The versions of the API, oldest first. 41 is Winter '18, and three come a year.
pub(super) fn versions() -> Value {
    let version = |version: u32| {
        let age = version - VERSIONS.start();
        let season = ["Winter", "Spring", "Summer"][(age % 3) as usize];
        json!({
            "label": format!("{season} '{}", 18 + age / 3),
            "url": format!("/services/data/v{version}.0"),
            "version": format!("{version}.0"),
        })
    };
    VERSIONS.map(version).collect()
}

/// The resources of a version.
pub(super) fn resources(version: &str) -> Value {
    let path = |resource| format!("/services/data/{version}/{resource}");
    json!({
        "composite": path("composite"),
        "query": path("query"),
        "sobjects": path("sobjects"),
    })
}

/// The description of an object, unless it has not changed since a moment that the request names. A permission that was given
/// or taken is no change.
pub(super) fn answer(
    org: &Org,
    version: &str,
    caller: &Caller<'_>,
    name: &str,
    since: Option<&str>,
) -> Result<Answer, Refusal> {
    let described = org.object(name).ok_or(Refusal::NotFound)?;
    Ok(match org.changed_after(name, since) {
        None => Answer::empty(StatusCode::NOT_MODIFIED),
        Some(changed) => Answer::new(StatusCode::OK, object(version, caller, described))
            .with_header(header::LAST_MODIFIED, &changed),
    })
}

/// An object, as the caller may use it.
fn object(version: &str, caller: &Caller<'_>, object: &Object) -> Value {
    let url = format!("/services/data/{version}/sobjects/{}", object.name);
    let fields: Vec<Value> = object
        .seen_by(caller)
        .map(|each| field(object, caller, each))
        .collect();
    json!({
        "name": object.name,
        "label": object.name,
        "labelPlural": format!("{}s", object.name),
        "keyPrefix": object.prefix,
        "custom": is_custom(&object.name),
        "queryable": true,
        "retrieveable": true,
        "searchable": true,
        "createable": object.is_writable,
        "updateable": object.is_writable,
        "deletable": object.is_writable,
        "childRelationships": [],
        "recordTypeInfos": [],
        "fields": fields,
        "urls": {
            "sobject": url,
            "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}"),
        },
    })
}

fn field(object: &Object, caller: &Caller<'_>, field: &Field) -> Value {
    let is_text = field.kind.is_quoted();
    json!({
        "name": field.name,
        "label": field.label,
        "type": field.kind.name(),
        "length": field.length,
        "byteLength": if is_text { field.length * 3 } else { 0 },
        "precision": field.precision,
        "scale": field.scale,
        "digits": field.digits,
        "createable": object.is_createable(caller, field),
        "updateable": object.is_updateable(caller, field),
        "nillable": field.nillable,
        "defaultedOnCreate": field.defaulted_on_create,
        "calculated": field.calculated,
        "autoNumber": field.auto_number,
        "custom": is_custom(&field.name),
        "externalId": field.external_id,
        "unique": field.unique,
        "idLookup": field.id_lookup || field.kind == FieldType::Id,
        "caseSensitive": field.case_sensitive,
        "filterable": is_filterable(field),
        "picklistValues": field.values.iter().map(picklist_value).collect::<Value>(),
        "restrictedPicklist": field.restricted,
        "controllerName": field.controller,
        "dependentPicklist": field.controller.is_some(),
        "referenceTo": field.refers_to,
        "relationshipName": field.relationship,
        "polymorphicForeignKey": field.refers_to.len() > 1,
        "compoundFieldName": field.compound,
        "htmlFormatted": false,
        "defaultValue": (field.kind == FieldType::Boolean).then_some(false),
    })
}

fn picklist_value(value: &PicklistValue) -> Value {
    json!({
        "value": value.value,
        "label": value.label,
        "active": value.active,
        "defaultValue": value.default_value,
        "validFor": valid_for(&value.valid_for),
    })
}

/// Positions as Salesforce writes them: base64 of a bit for each, the first one the highest of the first byte.
fn valid_for(positions: &[usize]) -> Option<String> {
    let last = positions.iter().max()?;
    let mut bits = vec![0_u8; last / 8 + 1];
    for position in positions {
        bits[position / 8] |= 0x80 >> (position % 8);
    }
    Some(BASE64_STANDARD.encode(bits))
}

fn is_custom(name: &str) -> bool {
    name.ends_with("__c")
}

fn is_filterable(field: &Field) -> bool {
    field.kind != FieldType::LongText && field.kind != FieldType::Address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_bits_from_the_highest_on() {
        assert_eq!(valid_for(&[]), None);
        assert_eq!(valid_for(&[0]).as_deref(), Some("gA=="));
        assert_eq!(valid_for(&[1, 7, 8]).as_deref(), Some("QYA="));
    }

    #[test]
    fn versions_have_the_names_of_their_releases() {
        let versions = versions();
        let label = |version: &str| {
            let mut versions = versions.as_array().unwrap().iter();
            versions.find(|one| one["version"] == version).unwrap()["label"].clone()
        };
        for (version, name) in [
            ("41.0", "Winter '18"),
            ("50.0", "Winter '21"),
            ("66.0", "Spring '26"),
            ("68.0", "Winter '27"),
        ] {
            assert_eq!(label(version), name);
        }
    }
}
