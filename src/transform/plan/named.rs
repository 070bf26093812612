//! The records that `context.externalId` names: rule `named-object`.

use std::borrow::Cow;

use crate::{
    config::rules::{ObjectNaming, Rules},
    json::{Kind, Value},
    rudderstack::Event,
    salesforce::key,
    text::shortened,
    transform::{
        error::{EventError, ExternalIdFlaw},
        plan::{Record, Records},
    },
};

/// The records that the entries name, in order. A value that is not an array names none.
pub(super) fn records<'a>(event: &Event<'a>, rules: &Rules) -> Result<Records<'a>, EventError> {
    let entries = event
        .at("context.externalId")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let mut records = Records::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let record = record(entry, rules).map_err(|flaw| EventError::ExternalId { index, flaw })?;
        records.extend(record);
    }
    Ok(records)
}

/// The positions of the entries that name records.
pub(crate) fn positions(event: &Event<'_>, rules: &Rules) -> Vec<usize> {
    let entries = event.at("context.externalId").and_then(Value::as_array);
    let entries = entries.unwrap_or_default().into_iter().enumerate();
    let named = entries.filter(|(_, entry)| matches!(record(*entry, rules), Ok(Some(_))));
    named.map(|(position, _)| position).collect()
}

/// The record that one entry names; `None` for an entry of another destination.
fn record<'a>(entry: Value<'a>, rules: &Rules) -> Result<Option<Record<'a>>, ExternalIdFlaw> {
    let naming = rules.object_naming;
    let members = entry
        .as_object()
        .ok_or(ExternalIdFlaw::NotObject(entry.kind().noun()))?;
    let kind = match members
        .get("type")
        .map(|kind| (kind.kind(), kind.as_text()))
    {
        Some((_, Some(kind))) => kind,
        // The stock service also ignores an entry whose type is a list.
        Some((Kind::Array, None)) if naming == ObjectNaming::Contains => return Ok(None),
        Some((_, None)) | None => return Err(ExternalIdFlaw::NoType),
    };
    let Some(object) = object_name(kind, naming) else {
        return Ok(None);
    };
    let is_refused = match naming {
        ObjectNaming::Prefix => !key::is_api_name(&object),
        ObjectNaming::Contains => is_step(&object),
    };
    if is_refused {
        return Err(ExternalIdFlaw::ObjectName(shortened(&object)));
    }
    let id = members.get("id");
    let id = id.filter(|id| !rules.blank_text.is_absent(*id));
    let id = id.map(record_id).transpose()?.flatten();
    Ok(Some(Record::Named { object, id }))
}

fn object_name(kind: Cow<'_, str>, naming: ObjectNaming) -> Option<Cow<'_, str>> {
    const PREFIX: &str = "Salesforce-";
    match naming {
        ObjectNaming::Prefix => {
            let prefix = kind.get(..PREFIX.len())?;
            prefix
                .eq_ignore_ascii_case(PREFIX)
                .then(|| after(kind, PREFIX.len()))
        }
        ObjectNaming::Contains => kind
            .contains("Salesforce")
            .then(|| Cow::Owned(kind.replacen(PREFIX, "", 1))),
    }
}

/// The rest of a text after its first `start` bytes.
pub(super) fn after(text: Cow<'_, str>, start: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..]),
        Cow::Owned(text) => Cow::Owned(text[start..].to_owned()),
    }
}

/// The id to update; `None` to create a record. An id is one segment of a path, so `.` and `..` are rejected: no
/// encoding keeps them from being resolved.
pub(super) fn record_id(id: Value<'_>) -> Result<Option<Cow<'_, str>>, ExternalIdFlaw> {
    let is_zero = id.kind() == Kind::Number && !id.is_truthy();
    if !id.is_present() || is_zero {
        return Ok(None);
    }
    let text = id
        .as_text_or_number()
        .ok_or(ExternalIdFlaw::IdNotText(id.kind().noun()))?;
    if is_step(&text) {
        return Err(ExternalIdFlaw::IdIsPath(text.into_owned()));
    }
    Ok(Some(text))
}

/// Whether a path would resolve this text instead of keeping it as a segment.
pub(super) fn is_step(text: &str) -> bool {
    matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use crate::{config::rules::Compatibility, transform::plan::tests::planned};

    fn external(entries: &str) -> Result<Vec<String>, String> {
        let message =
            format!(r#""traits":{{"email":"a@b.c"}},"context":{{"externalId":{entries}}}"#);
        planned(&message, "SALESFORCE", Compatibility::Documented).map(|(records, _)| records)
    }

    #[test]
    fn an_id_that_is_null_blank_or_zero_creates_a_record() {
        for id in ["null", "\"\"", "\" \"", "\"\\uFEFF\"", "0"] {
            let entries = format!(r#"[{{"type":"Salesforce-Account","id":{id}}}]"#);
            assert_eq!(external(&entries).unwrap(), ["Account/"], "{id}");
        }
        assert_eq!(
            external(r#"[{"type":"Salesforce-Account","id":42}]"#).unwrap(),
            ["Account/42"]
        );
    }
}
