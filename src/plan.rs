//! Admitted → what is to be written, and what must be looked up first: rows 3 to 5 of the behaviour table.

use std::borrow::Cow;

use crate::{
    contract::{
        Event,
        json::{Kind, Object, Value},
    },
    error::{EventError, ExternalIdFlaw, shortened},
    gate::Admitted,
    rules::{ObjectNaming, Rules},
    salesforce::soql::{self, Email},
};

/// What an event writes: the same traits to each of its records, in order.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The event's traits, as they came.
    pub traits: Object<'a>,
    /// The records, at least one.
    pub records: Vec<Record<'a>>,
}

/// A record that an event writes to.
#[derive(Debug)]
pub enum Record<'a> {
    /// The event names it.
    Named {
        /// The object's API name, as the event spells it.
        object: Cow<'a, str>,
        /// The record to update; `None` creates one.
        id: Option<Cow<'a, str>>,
    },
    /// The lead with this e-mail.
    LeadOf(Email),
}

const TRAITS: [&str; 2] = ["traits", "context.traits"];
const EMAIL: [&str; 3] = ["traits.email", "context.traits.email", "properties.email"];

/// Plans what an admitted event writes.
///
/// # Errors
/// [`EventError`] where the traits, the e-mail or an `externalId` entry cannot be used.
pub fn plan<'a>(admitted: &Admitted<'_, 'a>, rules: &Rules) -> Result<Plan<'a>, EventError> {
    let event = admitted.event();
    let traits = traits(event)?;
    let mut records = named_records(event, rules)?;
    if records.is_empty() {
        records.push(Record::LeadOf(email(event)?));
    }
    Ok(Plan { traits, records })
}

fn traits<'a>(event: &Event<'a>) -> Result<Object<'a>, EventError> {
    let traits = event.first_present(&TRAITS).ok_or(EventError::NoTraits)?;
    traits.as_object().ok_or(EventError::TraitsNotObject {
        found: traits.kind().noun(),
    })
}

fn email(event: &Event<'_>) -> Result<Email, EventError> {
    let email = event.first_present(&EMAIL).ok_or(EventError::NoEmail)?;
    let text = email.as_text_or_number().ok_or(EventError::EmailNotText {
        found: email.kind().noun(),
    })?;
    Email::new(&text).map_err(|length| EventError::EmailTooLong {
        length,
        limit: soql::LONGEST_EMAIL,
    })
}

/// The records that `context.externalId` names. Anything but an array names none.
fn named_records<'a>(event: &Event<'a>, rules: &Rules) -> Result<Vec<Record<'a>>, EventError> {
    let entries = event
        .at("context.externalId")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let mut records = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let record =
            named_record(entry, rules).map_err(|flaw| EventError::ExternalId { index, flaw })?;
        records.extend(record);
    }
    Ok(records)
}

/// The record that one entry names; `None` for an entry of another destination.
fn named_record<'a>(entry: Value<'a>, rules: &Rules) -> Result<Option<Record<'a>>, ExternalIdFlaw> {
    let members = entry
        .as_object()
        .ok_or(ExternalIdFlaw::NotObject(entry.kind().noun()))?;
    let kind = members
        .get("type")
        .and_then(Value::as_text)
        .ok_or(ExternalIdFlaw::NoType)?;
    let Some(object) = object_name(kind, rules.object_naming) else {
        return Ok(None);
    };
    if !soql::is_api_name(&object) {
        return Err(ExternalIdFlaw::ObjectName(shortened(&object)));
    }
    let id = members.get("id").map(record_id).transpose()?.flatten();
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

fn after(text: Cow<'_, str>, start: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..]),
        Cow::Owned(text) => Cow::Owned(text[start..].to_owned()),
    }
}

/// The id to update; `None` where a record is to be created. An id is one segment of a path, so `.` and `..`, which no
/// encoding keeps in their place, are refused.
fn record_id(id: Value<'_>) -> Result<Option<Cow<'_, str>>, ExternalIdFlaw> {
    if !id.is_present() {
        return Ok(None);
    }
    let text = id
        .as_text_or_number()
        .ok_or(ExternalIdFlaw::IdNotText(id.kind().noun()))?;
    match text.as_ref() {
        "." | ".." => Err(ExternalIdFlaw::IdIsPath(text.into_owned())),
        _ if id.kind() == Kind::Number && !id.is_truthy() => Ok(None),
        _ => Ok(Some(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Destination, Login},
        gate,
        rules::{Compatibility, Placeholders},
    };

    fn records(message: &str) -> Result<Vec<String>, String> {
        let rules = Rules::new(Compatibility::Documented, Placeholders::Always);
        let login = Login {
            username: String::new(),
            password: "".into(),
            sandbox: false,
        };
        let message =
            format!(r#"{{"type":"identify","integrations":{{"Salesforce":true}},{message}}}"#);
        let event = Event::read(Some(serde_json::from_str(&message).unwrap())).unwrap();
        let admitted = gate::admit(&event, &Destination::own(login), &rules).unwrap();
        let plan = plan(&admitted, &rules).map_err(|error| error.to_string())?;
        let show = |record: Record<'_>| match record {
            Record::Named { object, id } => format!("{object}/{}", id.unwrap_or_default()),
            Record::LeadOf(email) => email.as_str().to_owned(),
        };
        Ok(plan.records.into_iter().map(show).collect())
    }

    fn external(entries: &str) -> Result<Vec<String>, String> {
        records(&format!(
            r#""traits":{{"email":"a@b.c"}},"context":{{"externalId":{entries}}}"#
        ))
    }

    #[test]
    fn every_salesforce_entry_is_a_record_in_order_and_other_entries_are_not() {
        let entries = r#"[{"type":"Salesforce-Contact","id":"003x"},{"type":"HubSpot-Contact","id":"1"},{"type":"salesforce-My__c"}]"#;
        assert_eq!(external(entries).unwrap(), ["Contact/003x", "My__c/"]);
    }

    #[test]
    fn an_id_that_is_null_empty_or_zero_creates_a_record() {
        for id in ["null", "\"\"", "0"] {
            assert_eq!(
                external(&format!(r#"[{{"type":"Salesforce-Account","id":{id}}}]"#)).unwrap(),
                ["Account/"],
                "{id}"
            );
        }
        assert_eq!(
            external(r#"[{"type":"Salesforce-Account","id":42}]"#).unwrap(),
            ["Account/42"]
        );
    }

    #[test]
    fn without_a_salesforce_entry_it_is_the_lead_of_the_email() {
        for entries in ["[]", "null", "{}", r#"[{"type":"other","id":"x@y.z"}]"#] {
            assert_eq!(external(entries).unwrap(), ["a@b.c"], "{entries}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_fails_the_event_and_says_which_one() {
        for (entry, why) in [
            ("null", "is null"),
            (r#"{"id":"1"}"#, "has no text in `type`"),
            (r#"{"type":5}"#, "has no text in `type`"),
            (
                r#"{"type":"Salesforce-","id":"1"}"#,
                "names the object \"\"",
            ),
            (
                r#"{"type":"Salesforce-A/../B","id":"1"}"#,
                "names the object \"A/../B\"",
            ),
            (
                r#"{"type":"Salesforce-Account","id":{}}"#,
                "has an object in `id`",
            ),
            (
                r#"{"type":"Salesforce-Account","id":".."}"#,
                "has \"..\" in `id`",
            ),
        ] {
            let error = external(&format!("[{entry}]")).unwrap_err();
            assert!(
                error.starts_with(&format!("`context.externalId[0]` {why}")),
                "{error}"
            );
        }
    }

    #[test]
    fn the_first_email_that_is_not_empty_counts() {
        let message = r#""traits":{"email":""},"context":{"traits":{"email":null}},"properties":{"email":"p@q.r"}"#;
        assert_eq!(records(message).unwrap(), ["p@q.r"]);
        assert!(
            records(r#""traits":{"name":"x"}"#)
                .unwrap_err()
                .contains("has none in")
        );
        assert!(
            records(r#""traits":{"email":["a"]}"#)
                .unwrap_err()
                .contains("the e-mail is an array")
        );
    }

    #[test]
    fn traits_must_be_an_object_and_an_empty_one_counts_as_present() {
        assert!(
            records(r#""properties":{}"#)
                .unwrap_err()
                .contains("neither `traits`")
        );
        assert!(
            records(r#""traits":"x""#)
                .unwrap_err()
                .contains("the traits are a text")
        );
        assert!(
            records(r#""traits":{},"context":{"traits":{"name":"n"}}"#)
                .unwrap_err()
                .contains("a lead is found by its e-mail")
        );
    }
}
