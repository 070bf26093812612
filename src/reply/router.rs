//! The answer of `/routerTransform`: every job id of the request appears in exactly one entry.

use super::{
    changes, own_tags,
    pieces::{Outlet, Pieces},
};
use crate::{
    json::{Bracket, Kind, Value, Writer},
    rudderstack::{Batch, Entry, Event},
    salesforce::Key,
    transform::{
        descriptor::Descriptor,
        error::EventError,
        outcome::{Outcome, Requests, delivered_status},
    },
};

/// About how many bytes longer than its part of the request an entry of the answer may become.
const ENTRY_OVERHEAD: usize = 512;

/// Writes the answer and returns its last piece. Destinations are in the order of their first events, and the events of
/// each destination in input order.
pub(crate) async fn answer<'a>(
    batch: &Batch<'a>,
    outcomes: &[Outcome<'a>],
    outlet: Outlet,
) -> Vec<u8> {
    let mut pieces = Pieces::new(batch.bytes + ENTRY_OVERHEAD * outcomes.len(), outlet);
    pieces.json.open(Bracket::Object);
    pieces.json.key("output");
    pieces.json.open(Bracket::Array);
    for outcome in by_destination(batch, outcomes) {
        output_entry(batch, outcome, &mut pieces).await;
    }
    pieces.json.close(Bracket::Array);
    pieces.json.close(Bracket::Object);
    pieces.into_last()
}

/// The approximate upper bound, in bytes, for an answer without requests: the parts that it echoes.
#[must_use]
pub(crate) fn echoed(batch: &Batch<'_>) -> usize {
    let length = |value: Option<Value<'_>>| value.map_or(0, |value| value.json().len());
    let secret = length(batch.secret);
    let entries = batch.entries.iter();
    entries
        .map(|entry| length(entry.metadata) + length(entry.destination) + secret + ENTRY_OVERHEAD)
        .sum()
}

/// The outcomes that belong to any event, grouped by destination.
fn by_destination<'o, 'a>(
    batch: &Batch<'a>,
    outcomes: &'o [Outcome<'a>],
) -> impl Iterator<Item = &'o Outcome<'a>> {
    let mut groups: Vec<(Option<Value<'_>>, Vec<&Outcome<'_>>)> = Vec::new();
    for outcome in outcomes {
        let Some(first) = entries(batch, outcome).next() else {
            continue;
        };
        let is_same = |(known, _): &(Option<Value<'_>>, _)| same(*known, first.destination);
        match groups.iter().rposition(is_same) {
            Some(group) => groups[group].1.push(outcome),
            None => groups.push((first.destination, vec![outcome])),
        }
    }
    groups.into_iter().flat_map(|(_, group)| group)
}

fn same(one: Option<Value<'_>>, other: Option<Value<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same_as(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The events that an outcome belongs to.
fn entries<'b, 'a>(
    batch: &'b Batch<'a>,
    outcome: &'b Outcome<'a>,
) -> impl Iterator<Item = &'b Entry<'a>> {
    let entries = outcome.entries.iter();
    entries.filter_map(|index| batch.entries.get(*index))
}

/// An entry of the answer: some jobs, and the requests to send for them.
async fn output_entry<'a>(batch: &Batch<'a>, outcome: &Outcome<'a>, pieces: &mut Pieces) {
    let note = Note::of(outcome);
    pieces.json.open(Bracket::Object);
    if let Ok(requests) = &outcome.result {
        batched_request(requests, pieces).await;
    }
    pieces.json.key("metadata");
    pieces.json.open(Bracket::Array);
    for entry in entries(batch, outcome) {
        metadata(entry, batch.secret, &note, &mut pieces.json);
        pieces.pass().await;
    }
    pieces.json.close(Bracket::Array);
    verdict(batch, outcome, note.coalesced, &mut pieces.json);
    pieces.json.close(Bracket::Object);
    pieces.pass().await;
}

/// The result for the jobs of an entry, and their destination.
fn verdict<'a>(batch: &Batch<'a>, outcome: &Outcome<'a>, coalesced: bool, json: &mut Writer) {
    json.json(if coalesced {
        r#""batched":true"#
    } else {
        r#""batched":false"#
    });
    json.key("statusCode");
    json.number(status(&outcome.result));
    match &outcome.result {
        Ok(Requests::Delivered(changes)) => {
            if let Some(warning) = changes::warning(changes) {
                json.text_member("error", &warning);
            }
        }
        Ok(Requests::Described(_) | Requests::Transformed { .. }) => {}
        Err(error) => failure(error, outcome.auth_category, json),
    }
    let destination = entries(batch, outcome)
        .next()
        .and_then(|entry| entry.destination);
    // rudder-server decodes an object and discards the whole answer if it finds anything else.
    if let Some(destination) = destination.filter(|value| value.kind() == Kind::Object) {
        json.value_member("destination", destination);
    }
}

/// The status of an entry: 200 if rudder-server is to send the requests, 299 if this service has already written the
/// event, and 296 if it was not written as it came (`docs/rudder-server.md#inline-delivery`).
fn status(result: &Result<Requests<'_>, EventError>) -> u16 {
    match result {
        Ok(Requests::Described(_) | Requests::Transformed { .. }) => 200,
        Ok(Requests::Delivered(changes)) => delivered_status(changes),
        Err(error) => error.status(),
    }
}

fn failure(error: &EventError, auth_category: Option<&str>, json: &mut Writer) {
    json.text_member("error", &error.to_string());
    if let Some(tags) = error.stat_tags() {
        json.key("statTags");
        json.object(|json| own_tags(tags, json));
    }
    if let Some(category) = auth_category {
        json.text_member("authErrorCategory", category);
    }
}

async fn batched_request(requests: &Requests<'_>, pieces: &mut Pieces) {
    match requests {
        Requests::Described(requests) => {
            pieces.json.key("batchedRequest");
            pieces.json.open(Bracket::Array);
            for request in requests {
                pieces.json.object(|json| request.write_members(json));
                pieces.pass().await;
            }
            pieces.json.close(Bracket::Array);
        }
        Requests::Transformed { event, .. } => {
            pieces.json.key("batchedRequest");
            transformed(event, &mut pieces.json);
        }
        Requests::Delivered(_) => {}
    }
}

/// A message that was transformed before it was queued. Its `userId` becomes a string, which rudder-server requires.
fn transformed(event: &Event<'_>, json: &mut Writer) {
    let members = event.message().members();
    members.write(json, |key, value, json| {
        let is_other = key == "userId" && value.is_truthy() && value.kind() != Kind::Text;
        if is_other {
            json.text(value.json());
        } else {
            json.value(value);
        }
    });
}

/// What the metadata and `destInfo` tell the delivery proxy about the request of some jobs.
#[derive(Default)]
struct Note<'o> {
    /// The jobs share the request (rule `one-create`): the proxy can ask for each to be sent alone.
    coalesced: bool,
    /// The key that its record was looked up by: if another lookup may resolve the failure, the proxy has the job
    /// retried.
    looked_up_by: Option<&'o Key>,
    /// Whether the record is created, and the request may not show the key: the creates of one record take turns.
    names_key: bool,
    /// rudder-server has stored this request and sends it again on each attempt.
    is_stored: bool,
}

impl<'o> Note<'o> {
    fn of(outcome: &'o Outcome<'_>) -> Self {
        let described: &[Descriptor<'_>] = match &outcome.result {
            Ok(Requests::Described(requests)) => requests,
            Ok(Requests::Transformed { .. } | Requests::Delivered(_)) | Err(_) => &[],
        };
        let is_looked_up = |request: &&Descriptor<'_>| request.looked_up_by.is_some();
        let request = described.iter().find(is_looked_up);
        let looked_up_by = request.and_then(|request| request.looked_up_by.as_ref());
        Self {
            coalesced: outcome.entries.len() > 1,
            looked_up_by,
            names_key: request.is_some_and(|request| request.creates)
                && looked_up_by.is_some_and(|key| !key.is_lead()),
            is_stored: matches!(
                outcome.result,
                Ok(Requests::Transformed { is_noted: true, .. })
            ),
        }
    }
}

/// The metadata of a job, with the secret that was used and the note for the proxy.
fn metadata(entry: &Entry<'_>, secret: Option<Value<'_>>, note: &Note<'_>, json: &mut Writer) {
    let members = entry.metadata.and_then(Value::as_object);
    let is_replaced = |key: &str| key == "destInfo" || (key == "secret" && secret.is_some());
    let replaces_secret = secret.is_some() && entry.secret().is_some();
    let replaces = replaces_secret || entry.dest_info().is_some();
    let add = |json: &mut Writer| {
        if let Some(secret) = secret {
            json.value_member("secret", secret);
        }
        json.key("destInfo");
        json.object(|json| dest_info(entry, note, json));
    };
    match (entry.metadata, members) {
        (Some(metadata), Some(_)) if !replaces => {
            json.extended(metadata, add);
        }
        _ => json.object(|json| {
            let kept = members.unwrap_or_default().members().into_iter();
            for (key, value) in kept.filter(|(key, _)| !is_replaced(key)) {
                json.name(&key, "");
                json.value(value);
            }
            add(json);
        }),
    }
}

/// `destInfo`: rudder-server returns it when it asks the proxy to deliver.
fn dest_info(entry: &Entry<'_>, note: &Note<'_>, json: &mut Writer) {
    let destination = entry.destination.and_then(Value::as_object);
    if let Some(id) = destination.and_then(|destination| destination.get("ID")) {
        json.value_member("authKey", id);
    }
    if note.coalesced {
        json.json(r#""coalesced":true"#);
    }
    if note.is_stored {
        json.json(r#""stored":true"#);
    }
    if let Some(key) = note.looked_up_by {
        json.key("lookedUp");
        json.object(|json| {
            json.text_member("field", key.field());
            json.key("attempt");
            json.number(entry.attempt());
            if note.names_key {
                json.key("value");
                key.write_value(json);
            }
        });
    }
}

/// Writes the answer of `/batch`, a single entry that contains every job and no request, and returns its last piece.
pub(crate) async fn no_batch(batch: &Batch<'_>, outlet: Outlet) -> Vec<u8> {
    let mut pieces = Pieces::new(batch.bytes, outlet);
    pieces.json.open(Bracket::Array);
    if !batch.entries.is_empty() {
        pieces.json.open(Bracket::Object);
        pieces.json.key("metadata");
        pieces.json.open(Bracket::Array);
        for entry in &batch.entries {
            metadata(entry, None, &Note::default(), &mut pieces.json);
            pieces.pass().await;
        }
        pieces.json.close(Bracket::Array);
        let json = &mut pieces.json;
        json.json(r#""batched":false,"statusCode":500"#);
        json.text_member("error", NO_BATCH);
        json.json(r#""statTags":{"errorCategory":"transformation"}"#);
        json.close(Bracket::Object);
    }
    pieces.json.close(Bracket::Array);
    pieces.into_last()
}

const NO_BATCH: &str = "the Salesforce destinations have no batch transform: set Router.<DESTINATION>.enableBatching to false in rudder-server";
