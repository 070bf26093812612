//! The answers of the delivery proxy, one shape per version (`docs/rudder-server.md#delivery-proxy`).

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::{FullTags, changes};
use crate::{
    json::{Members, Writer},
    rudderstack::{
        DestinationName,
        delivery_request::{ProxyJob, ProxyRequest, ProxyVersion},
    },
    transform::{
        delivered::Delivered,
        error::{ABORTED, SUCCEEDED},
    },
};

/// The label for values that the metadata does not contain, spelled as the stock service spells it.
const UNKNOWN: &str = "Non-determininable";

/// The maximum length of Salesforce's answer that is passed on, in bytes. rudder-server stores no more of it for a job.
const MAX_RESPONSE: usize = 10_000;

/// Writes the answer and returns it with its HTTP status. In v0 that status is the outcome of all jobs. In v1
/// rudder-server ignores it, and the stock service answers 200 unless the session has expired.
///
/// If coalesced jobs share a request that Salesforce rejects permanently, each job is to be retried alone, because the
/// fault may be in only one of them (rule `one-create`).
#[must_use]
pub(crate) fn answer(
    version: ProxyVersion,
    name: DestinationName,
    request: &ProxyRequest<'_>,
    delivered: &Delivered,
) -> (u16, Vec<u8>) {
    // The jobs of one request nearly always have the same outcome.
    let (status, tags) = delivered.jobs.first().copied().unwrap_or(SUCCEEDED);
    let refresh = name.needs_secret() && delivered.has_expired;
    let auth_error_category = refresh.then_some("REFRESH_TOKEN");
    let id = |key| request.of_first_job(key).unwrap_or(Cow::Borrowed(UNKNOWN));
    let tags = tags.map(|own| FullTags {
        own,
        dest_type: name.upper(),
        feature: "dataDelivery",
        destination_id: Some(id("destinationId")),
        workspace_id: Some(id("workspaceId")),
    });
    let response = response(delivered);
    let warning = changes::warning(&delivered.changes);
    let error = match delivered.advice.as_deref().or(warning.as_deref()) {
        None => Cow::Borrowed(&*response),
        Some(advice) => Cow::Owned(format!("{response} ({advice})")),
    };
    let message = match &warning {
        None => Cow::Borrowed(&*delivered.message),
        Some(warning) => Cow::Owned(format!("{}: {warning}", delivered.message)),
    };
    let mut json = Writer::default();
    json.object(|json| {
        json.key("output");
        json.object(|json| {
            match version {
                ProxyVersion::V0 => destination_response(delivered, &response, status, json),
                ProxyVersion::V1 => jobs(request, delivered, &error, json),
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

/// Salesforce's answer, as v0 reports it.
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

/// The outcome of each job, as v1 reports it.
fn jobs(request: &ProxyRequest<'_>, delivered: &Delivered, error: &str, json: &mut Writer) {
    let is_coalesced = request.is_coalesced();
    let error = cut(error, MAX_SAID / request.jobs.len().max(1));
    json.key("response");
    json.array(|json| {
        for (of_job, verdict) in request.jobs.iter().zip(&delivered.jobs) {
            let alone = is_coalesced && *verdict == ABORTED;
            let status = if alone { 500 } else { verdict.0 };
            json.object(|json| job(*of_job, error, status, alone, json));
        }
    });
}

/// The outcome of a job: Salesforce's answer as JSON text together with the advice, and the job's metadata unchanged,
/// except for `dontBatch` if the job is to be sent alone next time.
fn job(job: ProxyJob<'_>, error: &str, status: u16, alone: bool, json: &mut Writer) {
    json.text_member("error", error);
    json.key("statusCode");
    json.number(status);
    json.key("metadata");
    match job.metadata.as_members().filter(|_| alone) {
        Some(members) => json.object(|json| to_be_sent_alone(members, json)),
        None => json.value(job.metadata),
    }
}

/// The total length of the copies of Salesforce's answer for all jobs, in bytes.
const MAX_SAID: usize = 4 << 20;

/// The part of Salesforce's answer that each job gets in any case, in bytes.
const MIN_SAID: usize = 1 << 10;

/// The beginning of a text: at most `bytes` bytes, or [`MIN_SAID`] if that is more.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes.max(MIN_SAID))]
}

fn to_be_sent_alone(metadata: Members<'_>, json: &mut Writer) {
    for (key, value) in metadata.into_iter().filter(|(key, _)| key != "dontBatch") {
        json.name(&key, "");
        json.value(value);
    }
    json.json(r#""dontBatch":true"#);
}

/// Salesforce's answer as JSON: unchanged if it is JSON, as a string if it is not, and only its beginning if it is
/// long. If there was no answer, a description of what happened instead.
fn response(delivered: &Delivered) -> String {
    let text = match &delivered.answer {
        Some((_, body)) => {
            let text = String::from_utf8_lossy(body);
            if text.len() > MAX_RESPONSE {
                Cow::Owned(beginning(&text))
            } else if serde_json::from_str::<IgnoredAny>(&text).is_ok() {
                return text.trim().to_owned();
            } else {
                text
            }
        }
        None => Cow::Borrowed(&*delivered.without_answer),
    };
    let mut json = Writer::default();
    json.text(&text);
    json.into_text()
}

fn beginning(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_RESPONSE);
    format!("{}… ({} bytes)", &text[..end], text.len())
}
