//! The answers of the delivery proxy, one shape a version (wire contract, section 5).

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::FullTags;
use crate::{
    contract::{
        DestinationName,
        json::{Members, Writer},
        proxy::{ProxyRequest, ProxyVersion},
    },
    error::by_disposition,
    salesforce::{
        delivery::{Delivered, Undelivered},
        fault::{Disposition, Fault},
    },
};

/// What the metrics are told where the metadata does not say it; spelled as the stock service spells it.
const UNKNOWN: &str = "Non-determininable";

/// Writes the answer, and says with which HTTP status it goes out. In v0 that status is the outcome of all jobs; in v1
/// rudder-server does not read it, and the stock service answers 200 unless the session has expired.
///
/// Where coalesced jobs share a request that Salesforce refuses for good, each is to be tried alone: the fault may be in
/// one of them (row 11).
#[must_use]
pub fn answer(
    version: ProxyVersion,
    name: DestinationName,
    request: &ProxyRequest<'_>,
    delivered: &Delivered,
) -> (u16, Vec<u8>) {
    let disposition = delivered.failure.as_ref().map(Undelivered::disposition);
    let (status, tags) = disposition.map_or((200, None), by_disposition);
    let refresh = name.needs_secret() && disposition == Some(Disposition::Refresh);
    let auth_error_category = refresh.then_some("REFRESH_TOKEN");
    let id = |key| request.of_first_job(key).unwrap_or(Cow::Borrowed(UNKNOWN));
    let tags = tags.map(|own| FullTags {
        own,
        dest_type: name.upper(),
        feature: "dataDelivery",
        destination_id: Some(id("destinationId")),
        workspace_id: Some(id("workspaceId")),
    });
    let message = delivered.failure.as_ref().map_or_else(
        || "Salesforce has taken the request".to_owned(),
        ToString::to_string,
    );
    let response = response(delivered);
    let mut json = Writer::default();
    json.object(|json| {
        json.key("output");
        json.object(|json| {
            match version {
                ProxyVersion::V0 => destination_response(delivered, &response, status, json),
                ProxyVersion::V1 => {
                    let alone = disposition == Some(Disposition::Abort) && request.is_coalesced();
                    let status = if alone { 500 } else { status };
                    jobs(request, &response, status, alone, json);
                }
            }
            json.key("status");
            json.number(status);
            json.text_member("message", &message);
            if let Some(tags) = &tags {
                tags.write(json);
            }
            if let Some(category) = auth_error_category {
                json.text_member("authErrorCategory", category);
            }
        });
    });
    let http = match version {
        ProxyVersion::V1 if !refresh => 200,
        ProxyVersion::V0 | ProxyVersion::V1 => status,
    };
    (http, json.into_bytes())
}

/// What Salesforce has answered, in v0.
fn destination_response(delivered: &Delivered, response: &str, status: u16, json: &mut Writer) {
    let answer = delivered.answer.as_ref();
    json.key("destinationResponse");
    json.object(|json| {
        json.key("response");
        json.json(response);
        json.key("status");
        json.number(answer.map_or(status, |(status, _)| *status));
    });
}

/// The outcome of each job, in v1: Salesforce's answer as JSON text, and the job's metadata as it came, but for `dontBatch`
/// where the job is to be sent alone next time.
fn jobs(request: &ProxyRequest<'_>, response: &str, status: u16, alone: bool, json: &mut Writer) {
    let response = cut(response, MOST_SAID / request.jobs.len().max(1));
    json.key("response");
    json.array(|json| {
        for job in &request.jobs {
            json.object(|json| {
                json.text_member("error", response);
                json.key("statusCode");
                json.number(status);
                json.key("metadata");
                match job.as_members().filter(|_| alone) {
                    Some(members) => json.object(|json| to_be_sent_alone(members, json)),
                    None => json.value(*job),
                }
            });
        }
    });
}

/// How much of Salesforce's answer is said to all jobs together, in bytes.
const MOST_SAID: usize = 4 << 20;

/// How much of it is said to each job in any case.
const LEAST_SAID: usize = 1 << 10;

/// The beginning of a text.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes.max(LEAST_SAID))]
}

fn to_be_sent_alone(metadata: Members<'_>, json: &mut Writer) {
    for (key, value) in metadata.into_iter().filter(|(key, _)| key != "dontBatch") {
        json.name(&key, "");
        json.value(value);
    }
    json.json(r#""dontBatch":true"#);
}

/// Salesforce's answer as JSON: as it came, or as a text where it is none. Without an answer, what happened instead.
fn response(delivered: &Delivered) -> String {
    let text = match (&delivered.answer, &delivered.failure) {
        (Some((_, body)), _) => {
            let text = String::from_utf8_lossy(body);
            if serde_json::from_str::<IgnoredAny>(&text).is_ok() {
                return text.trim().to_owned();
            }
            text
        }
        (None, Some(Undelivered::Fault(Fault::ConnectionRefused))) => {
            Cow::Borrowed("[ECONNREFUSED] :: Connection refused")
        }
        (None, Some(failure)) => Cow::Owned(format!("[{}] :: {failure}", code(failure))),
        (None, None) => Cow::Borrowed(""),
    };
    let mut json = Writer::default();
    json.text(&text);
    json.into_text()
}

/// A word for a request that brought no answer.
fn code(failure: &Undelivered) -> &'static str {
    match failure {
        Undelivered::Malformed(_) => "malformed",
        Undelivered::NotAllowed(_) => "not_allowed",
        Undelivered::Fault(fault) => fault.label(),
    }
}
