//! The answers, in the shapes that rudder-server decodes (wire contract, sections 1.2 and 3.2).
//!
//! Metadata and destination go out as they came in. An answer is one buffer.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    contract::{
        Batch, Entry,
        json::{Object, Value},
    },
    descriptor::Descriptor,
    error::{EventError, RequestError, StatTags},
    pipeline::Outcome,
};

/// An element of a processor route's answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorElement<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<ProcessorOutput<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value<'a>>,
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_tags: Option<ProcessorTags<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explanation: Vec<String>,
}

/// A descriptor with the `userId` that the processor route has at its end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorOutput<'a> {
    #[serde(flatten)]
    descriptor: &'a Descriptor<'a>,
    user_id: &'static str,
}

/// The tags of a failure on a processor route.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorTags<'a> {
    #[serde(flatten)]
    own: StatTags,
    dest_type: &'static str,
    module: &'static str,
    implementation: &'static str,
    feature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<Cow<'a, str>>,
}

/// Whether an answer explains what was left out of its requests: only where a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explain {
    /// `/transform`.
    Yes,
    /// rudder-server's routes.
    No,
}

/// The answer of a processor route: an array, one element a request or a failed event, in input order. `dest_type` is
/// the destination's name in upper case.
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn processor(
    batch: &Batch<'_>,
    outcomes: &[Outcome<'_>],
    dest_type: &'static str,
    explain: Explain,
) -> Result<Vec<u8>, RequestError> {
    let mut elements = Vec::with_capacity(outcomes.len());
    for (entry, outcome) in batch.entries.iter().zip(outcomes) {
        match &outcome.result {
            Ok(requests) => elements.extend(
                requests
                    .iter()
                    .map(|request| request_element(entry, request, explain)),
            ),
            Err(error) => elements.push(failure_element(entry, error, dest_type)),
        }
    }
    buffer(&elements)
}

fn request_element<'a>(
    entry: &Entry<'a>,
    descriptor: &'a Descriptor<'a>,
    explain: Explain,
) -> ProcessorElement<'a> {
    let left_out = descriptor
        .fields
        .left_out
        .iter()
        .filter(|_| explain == Explain::Yes);
    ProcessorElement {
        output: Some(ProcessorOutput {
            descriptor,
            user_id: "",
        }),
        metadata: entry.metadata,
        status_code: 200,
        error: None,
        stat_tags: None,
        explanation: left_out.map(ToString::to_string).collect(),
    }
}

fn failure_element<'a>(
    entry: &Entry<'a>,
    error: &EventError,
    dest_type: &'static str,
) -> ProcessorElement<'a> {
    let metadata = entry
        .metadata
        .and_then(Value::as_object)
        .unwrap_or_default();
    let id = |key| {
        metadata
            .get(key)
            .and_then(Value::as_text_or_number)
            .filter(|id| !id.is_empty())
    };
    let stat_tags = error.stat_tags().map(|own| ProcessorTags {
        own,
        dest_type,
        module: "destination",
        implementation: "native",
        feature: "processor",
        destination_id: id("destinationId"),
        workspace_id: id("workspaceId"),
    });
    ProcessorElement {
        output: None,
        metadata: entry.metadata,
        status_code: error.status(),
        error: Some(error.to_string()),
        stat_tags,
        explanation: Vec::new(),
    }
}

/// The answer of `/routerTransform`.
#[derive(Serialize)]
struct RouterAnswer<'a> {
    output: Vec<RouterEntry<'a>>,
}

/// An entry of it: every job id of the request is in exactly one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouterEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    batched_request: Option<&'a [Descriptor<'a>]>,
    metadata: [RouterMetadata<'a>; 1],
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

/// The metadata of a job, with the secret that was used and the key by which the proxy finds it again.
struct RouterMetadata<'a> {
    metadata: Option<Value<'a>>,
    secret: Option<Value<'a>>,
    destination: Option<Value<'a>>,
}

/// `destInfo`: what rudder-server hands back when it asks the proxy to deliver.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DestInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_key: Option<Value<'a>>,
}

/// The answer of `/routerTransform`.
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn router(batch: &Batch<'_>, outcomes: &[Outcome<'_>]) -> Result<Vec<u8>, RequestError> {
    let entries = batch.entries.iter().zip(outcomes);
    let output = entries
        .map(|(entry, outcome)| router_entry(entry, outcome, batch.secret))
        .collect();
    buffer(&RouterAnswer { output })
}

fn router_entry<'a>(
    entry: &Entry<'a>,
    outcome: &'a Outcome<'a>,
    secret: Option<Value<'a>>,
) -> RouterEntry<'a> {
    let error = outcome.result.as_ref().err();
    RouterEntry {
        batched_request: outcome.result.as_deref().ok(),
        metadata: [RouterMetadata {
            metadata: entry.metadata,
            secret,
            destination: entry.destination,
        }],
        batched: false,
        status_code: error.map_or(200, EventError::status),
        error: error.map(ToString::to_string),
        stat_tags: error.and_then(EventError::stat_tags),
        auth_error_category: outcome.auth_category,
        destination: entry.destination,
    }
}

impl Serialize for RouterMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.metadata.and_then(Value::as_object).unwrap_or_default();
        let auth_key = self
            .destination
            .and_then(Value::as_object)
            .and_then(|destination: Object<'_>| destination.get("ID"));
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
        map.serialize_entry("destInfo", &DestInfo { auth_key })?;
        map.end()
    }
}

/// Writes an answer into one buffer.
fn buffer(answer: &impl Serialize) -> Result<Vec<u8>, RequestError> {
    serde_json::to_vec(answer).map_err(RequestError::Unwritable)
}
