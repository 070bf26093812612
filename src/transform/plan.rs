//! Plans what an admitted event writes and what has to be looked up first: rules `traits` to `named-object`.

mod identifier;
mod named;

use std::{borrow::Cow, fmt};

use smallvec::SmallVec;

use crate::{
    config::rules::{EmailValue, Rules},
    json::{Kind, Members, Value},
    rudderstack::{Destination, Event},
    salesforce::{Key, key::NoKey},
    text,
    transform::{error::EventError, gate::Admitted, rule::Rule},
};

/// The plan of an event: it writes the same traits to each of its records, in order.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The traits to write.
    pub traits: PlannedTraits<'a>,
    /// The records, at least one.
    pub records: Records<'a>,
}

/// The traits that an event writes.
#[derive(Debug)]
pub struct PlannedTraits<'a> {
    /// The traits.
    pub members: Members<'a>,
    /// Whether their names are API names of fields already.
    pub has_field_names: bool,
}

impl Plan<'_> {
    /// The rule that chose a record of the plan.
    #[must_use]
    pub(crate) fn rule(&self, record: &Record<'_>) -> Rule {
        match record {
            _ if self.traits.has_field_names => Rule::ReverseEtl,
            Record::Named { .. } => Rule::NamedObject,
            Record::Lead(_) | Record::Matching(_) => Rule::LeadEmail,
        }
    }

    /// The calls that the event would take on its own: a lookup of each record that has to be found, and a write of each.
    #[must_use]
    pub fn calls_alone(&self) -> u64 {
        let calls = |record: &Record<'_>| 1 + u64::from(record.key().is_some());
        self.records.iter().map(calls).sum()
    }
}

/// Records of one event: nearly always one.
pub(crate) type Records<'a> = SmallVec<[Record<'a>; 1]>;

/// A record that an event writes to.
#[derive(Clone)]
pub enum Record<'a> {
    /// The event names it.
    Named {
        /// The object's API name.
        object: Cow<'a, str>,
        /// The record to update; `None` creates one.
        id: Option<Cow<'a, str>>,
    },
    /// The lead with an e-mail.
    Lead(Key),
    /// The one record with an identifier.
    Matching(Key),
}

impl Record<'_> {
    /// The key by which the record is looked up; `None` if the event names the record.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Lead(key) | Self::Matching(key) => Some(key),
            Self::Named { .. } => None,
        }
    }

    /// A copy of the record that outlives its request.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Named { object, id } => Record::Named {
                object: owned(object),
                id: id.map(owned),
            },
            Self::Lead(key) => Record::Lead(key),
            Self::Matching(key) => Record::Matching(key),
        }
    }
}

/// Omits the id and the object's name, because they come from an event.
impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { id, .. } => f
                .debug_struct("Named")
                .field("id_bytes", &id.as_ref().map(|id| id.len()))
                .finish_non_exhaustive(),
            Self::Lead(key) => f.debug_tuple("Lead").field(key).finish(),
            Self::Matching(key) => f.debug_tuple("Matching").field(key).finish(),
        }
    }
}

const EMAIL: [&str; 3] = ["traits.email", "context.traits.email", "properties.email"];

/// Plans what an admitted event writes.
///
/// # Errors
/// [`EventError`] if the traits, the e-mail or an `externalId` entry cannot be used.
pub fn plan<'a>(
    admitted: &Admitted<'_, 'a>,
    destination: &Destination,
    rules: &Rules,
) -> Result<Plan<'a>, EventError> {
    let event = admitted.event();
    let members = traits(event)?;
    if event.is_mapped() {
        return identifier::plan(event, members, destination, rules);
    }
    let mut records = named::records(event, rules)?;
    if records.is_empty() {
        records.push(Record::Lead(lead(event, rules.email)?));
    }
    let traits = PlannedTraits {
        members,
        has_field_names: false,
    };
    Ok(Plan { traits, records })
}

fn traits<'a>(event: &Event<'a>) -> Result<Members<'a>, EventError> {
    let traits = event.traits().ok_or(EventError::NoTraits)?;
    traits.as_members().ok_or(EventError::TraitsNotObject {
        found: traits.kind().noun(),
    })
}

fn lead(event: &Event<'_>, rule: EmailValue) -> Result<Key, EventError> {
    let text = match rule {
        EmailValue::TextOrNumber => text_or_number(event)?,
        EmailValue::Truthy => truthy(event)?,
    };
    Key::lead(&text).map_err(|why| no_key(why, "Email"))
}

/// The path of the value by which the lead of an event is found.
pub(crate) fn email_path(event: &Event<'_>, rule: EmailValue) -> &'static str {
    let counts = |value: Value<'_>| match rule {
        EmailValue::TextOrNumber => text::is_filled(value),
        EmailValue::Truthy => value.is_present(),
    };
    let mut paths = EMAIL.into_iter();
    let path = paths.find(|path| event.at(path).is_some_and(counts));
    path.unwrap_or("context.externalId.0.id")
}

/// The positions in `context.externalId` of the entries that name the records of an event.
pub(crate) use named::positions as named_positions;

fn text_or_number<'a>(event: &Event<'a>) -> Result<Cow<'a, str>, EventError> {
    let mut values = EMAIL
        .iter()
        .filter_map(|path| event.at(path))
        .filter(|value| text::is_filled(*value));
    let email = values.next().ok_or(EventError::NoEmail)?;
    let text = email.as_text_or_number().ok_or(EventError::EmailNotText {
        found: email.kind().noun(),
    })?;
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text::trimmed(text)),
        Cow::Owned(text) => Cow::Owned(text::trimmed(&text).to_owned()),
    })
}

fn truthy<'a>(event: &Event<'a>) -> Result<Cow<'a, str>, EventError> {
    let email = event
        .first_present(&EMAIL)
        .or_else(|| identifier::unmapped(event))
        .ok_or(EventError::NoEmail)?;
    let text = match email.kind() {
        Kind::Bool => Some(Cow::Borrowed(email.json())),
        Kind::Text | Kind::Number | Kind::Null | Kind::Array | Kind::Object => {
            email.as_text_or_number()
        }
    };
    let text = text.filter(|_| email.is_truthy());
    text.ok_or(EventError::EmailNotText {
        found: email.kind().noun(),
    })
}

fn no_key(why: NoKey, name: &str) -> EventError {
    match why {
        NoKey::Name => EventError::NoApiName {
            name: crate::text::shortened(name),
        },
        NoKey::TooLong(length) => EventError::ValueTooLong { length },
        NoKey::NoScalar(_) => EventError::NoIdentifier { missing: "id" },
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::Login,
        config::rules::{Compatibility, Placeholders, Rules},
        json::value,
        rudderstack::{Destination, Event},
        transform::{
            gate,
            plan::{Record, plan},
        },
    };

    /// The records that a message writes to, and the traits that it writes.
    pub(super) fn planned(
        message: &str,
        definition: &str,
        compatibility: Compatibility,
    ) -> Result<(Vec<String>, String), String> {
        let rules = Rules::new(compatibility, Placeholders::Always);
        let login = Login {
            username: String::new(),
            password: "".into(),
            sandbox: false,
        };
        let destination = Destination {
            definition: definition.to_owned(),
            ..Destination::own(login)
        };
        let message =
            format!(r#"{{"type":"identify","integrations":{{"Salesforce":true}},{message}}}"#);
        let event = Event::read(Some(value(message))).unwrap();
        let admitted = gate::admit(&event, &destination, &rules).unwrap();
        let plan = plan(&admitted, &destination, &rules).map_err(|error| error.to_string())?;
        let show = |record: Record<'_>| match record {
            Record::Named { object, id } => format!("{object}/{}", id.unwrap_or_default()),
            Record::Lead(key) => key.value().to_owned(),
            Record::Matching(key) => format!("{}.{}={}", key.object(), key.field(), key.value()),
        };
        let traits: Vec<String> = plan
            .traits
            .members
            .iter()
            .map(|(name, value)| format!("{name}={}", value.json()))
            .collect();
        Ok((
            plan.records.into_iter().map(show).collect(),
            traits.join(" "),
        ))
    }

    fn records(message: &str) -> Result<Vec<String>, String> {
        planned(message, "SALESFORCE", Compatibility::Documented).map(|(records, _)| records)
    }

    #[test]
    fn the_first_email_that_is_not_blank_counts() {
        for empty in ["", " ", "\\n", "\u{3000}", "\u{200B}", "\\uFEFF"] {
            let message = format!(
                r#""traits":{{"email":"{empty}"}},"context":{{"traits":{{"email":null}}}},"properties":{{"email":"p@q.r"}}"#
            );
            assert_eq!(records(&message).unwrap(), ["p@q.r"], "{empty:?}");
        }
    }
}
