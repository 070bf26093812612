//! The answer of `/routerTransform`: every job id of the request is in exactly one entry.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::buffer;
use crate::{
    contract::{
        Batch, Entry, Event,
        json::{Kind, Value},
    },
    descriptor::Descriptor,
    error::{EventError, RequestError, StatTags},
    outcome::{Outcome, Requests},
};

#[derive(Serialize)]
struct Answer<'a> {
    output: Vec<OutputEntry<'a>>,
}

/// An entry of the answer: some jobs, and what is to be sent for them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    batched_request: Option<BatchedRequest<'a>>,
    metadata: Vec<Metadata<'a>>,
    batched: bool,
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_tags: Option<StatTags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_error_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<Value<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BatchedRequest<'a> {
    Described(&'a [Descriptor<'a>]),
    Transformed(Transformed<'a>),
}

/// A message that was transformed before it was queued, with its `userId` as the text that rudder-server wants.
struct Transformed<'a>(&'a Event<'a>);

/// The metadata of a job, with the secret that was used and the key by which the proxy finds it again.
struct Metadata<'a> {
    /// Whether the job shares its request with another.
    coalesced: bool,
    echoed: Option<Value<'a>>,
    secret: Option<Value<'a>>,
    destination: Option<Value<'a>>,
}

/// `destInfo`: what rudder-server hands back when it asks the proxy to deliver.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DestInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_key: Option<Value<'a>>,
    /// The job shares its request with another (row 11), so that the proxy can ask for each to be sent alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    coalesced: bool,
}

/// Writes the answer: destinations in the order of their first events, and the events of each in theirs.
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn answer(batch: &Batch<'_>, outcomes: &[Outcome<'_>]) -> Result<Vec<u8>, RequestError> {
    let mut groups: Vec<(&str, Vec<OutputEntry<'_>>)> = Vec::new();
    for outcome in outcomes {
        let entries: Vec<&Entry<'_>> = outcome
            .entries
            .iter()
            .filter_map(|index| batch.entries.get(*index))
            .collect();
        let Some(first) = entries.first() else {
            continue;
        };
        let destination = first.destination.map_or("", Value::json);
        // rudder-server decodes an object, and throws the whole answer away for anything else.
        let object = first
            .destination
            .filter(|destination| destination.kind() == Kind::Object);
        let entry = output_entry(&entries, outcome, object, batch.secret);
        match groups.iter_mut().find(|(known, _)| *known == destination) {
            Some((_, group)) => group.push(entry),
            None => groups.push((destination, vec![entry])),
        }
    }
    let output = groups.into_iter().flat_map(|(_, group)| group).collect();
    buffer(&Answer { output })
}

/// Writes the answer of `/batch`: one entry that keeps every job, with no request.
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn no_batch(batch: &Batch<'_>) -> Result<Vec<u8>, RequestError> {
    let metadata = batch.entries.iter().map(|entry| Metadata {
        coalesced: false,
        echoed: entry.metadata,
        secret: None,
        destination: entry.destination,
    });
    let entry = NoBatch {
        metadata: metadata.collect(),
        batched: false,
        status_code: 500,
        error: "the Salesforce destinations have no batch transform: set Router.<DESTINATION>.enableBatching to false in rudder-server",
        stat_tags: [("errorCategory", "transformation")].into(),
    };
    let answer: Vec<NoBatch<'_>> = if batch.entries.is_empty() {
        Vec::new()
    } else {
        vec![entry]
    };
    buffer(&answer)
}

/// The entry of `/batch`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoBatch<'a> {
    metadata: Vec<Metadata<'a>>,
    batched: bool,
    status_code: u16,
    error: &'static str,
    stat_tags: BTreeMap<&'static str, &'static str>,
}

/// The status of an entry: what rudder-server is to send has 200, what has been written here 299 (contract of delivery,
/// section 2).
fn status(result: &Result<Requests<'_>, EventError>) -> u16 {
    match result {
        Ok(Requests::Described(_) | Requests::Transformed(_)) => 200,
        Ok(Requests::Delivered) => 299,
        Err(error) => error.status(),
    }
}

fn batched_request<'a>(requests: &'a Requests<'a>) -> Option<BatchedRequest<'a>> {
    match requests {
        Requests::Described(requests) => Some(BatchedRequest::Described(requests)),
        Requests::Transformed(event) => Some(BatchedRequest::Transformed(Transformed(event))),
        Requests::Delivered => None,
    }
}

fn output_entry<'a>(
    entries: &[&Entry<'a>],
    outcome: &'a Outcome<'a>,
    destination: Option<Value<'a>>,
    secret: Option<Value<'a>>,
) -> OutputEntry<'a> {
    let coalesced = entries.len() > 1;
    let metadata = |entry: &&Entry<'a>| Metadata {
        coalesced,
        echoed: entry.metadata,
        secret,
        destination: entry.destination,
    };
    let error = outcome.result.as_ref().err();
    OutputEntry {
        batched_request: outcome.result.as_ref().ok().and_then(batched_request),
        metadata: entries.iter().map(metadata).collect(),
        batched: coalesced,
        status_code: status(&outcome.result),
        error: error.map(ToString::to_string),
        stat_tags: error.and_then(EventError::stat_tags),
        auth_error_category: outcome.auth_category,
        destination,
    }
}

impl Serialize for Transformed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.message().iter() {
            let is_other = key == "userId" && value.is_truthy() && value.kind() != Kind::Text;
            if is_other {
                map.serialize_entry(key, value.json())?;
            } else {
                map.serialize_entry(key, &value)?;
            }
        }
        map.end()
    }
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.echoed.and_then(Value::as_object).unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in members.iter() {
            let replaced = key == "destInfo" || (key == "secret" && self.secret.is_some());
            if !replaced {
                map.serialize_entry(key, &value)?;
            }
        }
        if let Some(secret) = self.secret {
            map.serialize_entry("secret", &secret)?;
        }
        let auth_key = self
            .destination
            .and_then(Value::as_object)
            .and_then(|destination| destination.get("ID"));
        map.serialize_entry(
            "destInfo",
            &DestInfo {
                auth_key,
                coalesced: self.coalesced,
            },
        )?;
        map.end()
    }
}
