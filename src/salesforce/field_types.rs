//! Learns from Salesforce's error messages in which form the values of a field have to be written in a query. This
//! saves a describe call.

use std::time::{Duration, Instant};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::salesforce::{
    fault::{Fault, Refusal},
    form::Form,
    key::Key,
    session::Instance,
    soql::Query,
};

/// The maximum number of fields whose form is remembered.
const MAX_FIELDS: u64 = 10_000;

/// How long a field that a query could not read is left out of queries.
const UNREADABLE_FOR: Duration = Duration::from_hours(1);

impl Form {
    /// The form of a field that the refusal of a query states. There is exactly one sentence by which Salesforce states
    /// it.
    fn stated(refusal: &Refusal, field: &str) -> Option<Self> {
        if refusal.code != "INVALID_FIELD" {
            return None;
        }
        let named = refusal
            .message
            .strip_prefix("value of filter criterion for field '")?;
        let (named, stated) = named.split_once("' must be of type ")?;
        let (kind, quotes) = stated.split_once(" and should ")?;
        if !named.eq_ignore_ascii_case(field) {
            return None;
        }
        let quotes = quotes.strip_suffix('.').unwrap_or(quotes);
        match (quotes, kind.to_ascii_lowercase().as_str()) {
            ("be enclosed in quotes", _) => Some(Self::Text),
            (
                "not be enclosed in quotes",
                "double" | "int" | "integer" | "long" | "currency" | "percent" | "decimal",
            ) => Some(Self::Number),
            ("not be enclosed in quotes", "boolean") => Some(Self::Bool),
            ("not be enclosed in quotes", "date") => Some(Self::Date),
            ("not be enclosed in quotes", "datetime") => Some(Self::DateTime),
            (_, _) => None,
        }
    }
}

/// What is known about the fields of the orgs, by org, object and field.
#[derive(Debug)]
pub(super) struct FieldTypes {
    forms: Cache<OrgField, Form>,
    /// Until when each of them is left out.
    unreadable: Cache<OrgField, Instant>,
}

type OrgField = (Instance, String, String);

impl Default for FieldTypes {
    fn default() -> Self {
        let fields = || Cache::builder().max_capacity(MAX_FIELDS);
        Self {
            forms: fields().eviction_policy(EvictionPolicy::lru()).build(),
            unreadable: Cache::builder()
                .max_capacity(MAX_FIELDS)
                .time_to_live(UNREADABLE_FOR)
                .build(),
        }
    }
}

impl FieldTypes {
    /// The form of a key's field, if it is known.
    pub(super) fn form(&self, org: &Instance, key: &Key) -> Option<Form> {
        self.forms.get(&name(org, key.object(), key.field()))
    }

    /// Sets the form of a field of an object.
    pub(super) fn set(&self, org: &Instance, (object, field): (&str, &str), form: Form) {
        self.forms.insert(name(org, object, field), form);
    }

    /// Learns the form of the keys' field from the refusal of a query that used another form. Returns what was learnt.
    pub(super) fn learn(
        &self,
        org: &Instance,
        key: &Key,
        asked: Option<Form>,
        fault: &Fault,
    ) -> Option<Form> {
        let Fault::Refused(refusal) = fault else {
            return None;
        };
        let stated = Form::stated(refusal, key.field());
        let form = stated.filter(|form| asked != Some(*form))?;
        self.set(org, (key.object(), key.field()), form);
        Some(form)
    }

    /// Whether a field can be read, as far as is known.
    pub(super) fn is_readable(&self, org: &Instance, object: &str, field: &str) -> bool {
        let until = self.unreadable.get(&name(org, object, field));
        until.is_none_or(|until| until <= Instant::now())
    }

    /// Notes that a field of an object could not be read at `at`.
    pub(super) fn not_readable(&self, org: &Instance, (object, field): (&str, &str), at: Instant) {
        let until = at + UNREADABLE_FOR;
        self.unreadable.insert(name(org, object, field), until);
    }
}

/// Whether a query was refused because of a field.
pub(super) fn is_about_field(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused(refusal) if refusal.code == "INVALID_FIELD")
}

/// The field that a query was to read and cannot, as far as the refusal names it.
pub(super) fn unreadable<'f>(query: &Query, fault: &'f Fault) -> Option<&'f str> {
    let Fault::Refused(refusal) = fault else {
        return None;
    };
    let named = refusal.message.strip_prefix("No such column '")?;
    let (field, _) = named.split_once("' on ")?;
    let mut fields = query.wanted.iter().flat_map(|wanted| &wanted.fields);
    fields
        .any(|asked| asked.eq_ignore_ascii_case(field))
        .then_some(field)
}

fn name(org: &Instance, object: &str, field: &str) -> OrgField {
    let lower = |text: &str| text.to_ascii_lowercase();
    (org.clone(), lower(object), lower(field))
}

/// The fault for a value that its field can never hold. A query for it would be refused every time.
pub(super) fn unfit(key: &Key, form: Form) -> Fault {
    Fault::Refused(Refusal {
        status: 400,
        code: "INVALID_FIELD".to_owned(),
        message: format!(
            "the value to look the record up by does not fit the field {}, whose values are {}",
            key.field(),
            form.noun()
        ),
        fields: vec![key.field().to_owned()],
        ..Refusal::default()
    })
}

impl Form {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "texts",
            Self::Number => "numbers",
            Self::Bool => "true or false",
            Self::Date => "dates such as 2026-01-31",
            Self::DateTime => "times such as 2026-01-31T08:00:00Z",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(message: &str) -> Option<Form> {
        let refusal = Refusal {
            code: "INVALID_FIELD".to_owned(),
            message: message.to_owned(),
            ..Refusal::default()
        };
        Form::stated(&refusal, "X")
    }

    #[test]
    fn the_form_is_read_from_salesforces_words() {
        let of = |kind: &str, not: &str| {
            stated(&format!(
                "value of filter criterion for field 'X' must be of type {kind} and should {not}be enclosed in quotes"
            ))
        };
        assert_eq!(of("string", ""), Some(Form::Text));
        assert_eq!(of("double", "not "), Some(Form::Number));
        assert_eq!(of("dateTime", "not "), Some(Form::DateTime));
        assert_eq!(of("location", "not "), None);
        assert_eq!(stated("No such column 'X' on entity 'Lead'"), None);
    }

    #[test]
    fn only_the_whole_sentence_about_the_field_that_was_asked_for_counts() {
        let sentence = "value of filter criterion for field 'X' must be of type double and should not be enclosed in quotes";
        assert_eq!(stated(sentence), Some(Form::Number));
        for other in [
            format!("Title: data value too large: {sentence}"),
            format!("{sentence}: a title"),
            sentence.replace("'X'", "'Y'"),
        ] {
            assert_eq!(stated(&other), None, "{other}");
        }
    }
}
