//! The answers of the delivery proxy, one shape a version (wire contract, section 5).

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::{RawValue, to_raw_value};

use super::{FullTags, buffer};
use crate::{
    contract::{
        DestinationName,
        json::Value,
        proxy::{ProxyRequest, ProxyVersion},
    },
    error::{RequestError, by_disposition},
    salesforce::{
        delivery::{Delivered, Undelivered},
        fault::{Disposition, Fault},
    },
};

/// What the metrics are told where the metadata does not say it; spelled as the stock service spells it.
const UNKNOWN: &str = "Non-determininable";

#[derive(Serialize)]
struct Answer<T> {
    output: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V0<'a> {
    status: u16,
    message: String,
    destination_response: DestinationResponse<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_tags: Option<FullTags<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_error_category: Option<&'static str>,
}

#[derive(Serialize)]
struct DestinationResponse<'a> {
    response: &'a RawValue,
    status: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V1<'a> {
    response: Vec<JobResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_tags: Option<FullTags<'a>>,
    message: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_error_category: Option<&'static str>,
}

/// The outcome of one job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobResponse<'a> {
    /// Salesforce's answer, as JSON text.
    error: &'a str,
    status_code: u16,
    metadata: JobMetadata<'a>,
}

/// A job's metadata as it came, but for `dontBatch` where the job is to be sent alone next time.
struct JobMetadata<'a> {
    echoed: Value<'a>,
    alone: bool,
}

impl Serialize for JobMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.echoed.as_object().filter(|_| self.alone);
        let Some(members) = members else {
            return self.echoed.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in members.iter().filter(|(key, _)| *key != "dontBatch") {
            map.serialize_entry(key, &value)?;
        }
        map.serialize_entry("dontBatch", &true)?;
        map.end()
    }
}

/// Writes the answer, and says with which HTTP status it goes out. In v0 that status is the outcome of all jobs; in v1
/// rudder-server does not read it, and the stock service answers 200 unless the session has expired.
///
/// Where coalesced jobs share a request that Salesforce refuses for good, each is to be tried alone: the fault may be in
/// one of them (row 11).
///
/// # Errors
/// [`RequestError::Unwritable`], which no input is known to cause.
pub fn answer(
    version: ProxyVersion,
    name: DestinationName,
    request: &ProxyRequest<'_>,
    delivered: &Delivered,
) -> Result<(u16, Vec<u8>), RequestError> {
    let disposition = delivered.failure.as_ref().map(Undelivered::disposition);
    let (status, tags) = disposition.map_or((200, None), by_disposition);
    let refresh = name.needs_secret() && disposition == Some(Disposition::Refresh);
    let auth_error_category = refresh.then_some("REFRESH_TOKEN");
    let id = |key| request.of_first_job(key).unwrap_or(Cow::Borrowed(UNKNOWN));
    let stat_tags = tags.map(|own| FullTags {
        own,
        dest_type: name.upper(),
        module: "destination",
        implementation: "native",
        feature: "dataDelivery",
        destination_id: Some(id("destinationId")),
        workspace_id: Some(id("workspaceId")),
    });
    let message = delivered.failure.as_ref().map_or_else(
        || "Salesforce has taken the request".to_owned(),
        ToString::to_string,
    );
    let response = response(delivered)?;
    match version {
        ProxyVersion::V0 => {
            let answered = delivered
                .answer
                .as_ref()
                .map_or(status, |(status, _)| *status);
            let destination_response = DestinationResponse {
                response: &response,
                status: answered,
            };
            let output = V0 {
                status,
                message,
                destination_response,
                stat_tags,
                auth_error_category,
            };
            Ok((status, buffer(&Answer { output })?))
        }
        ProxyVersion::V1 => {
            let error = response.get();
            let alone = disposition == Some(Disposition::Abort) && request.is_coalesced();
            let status_code = if alone { 500 } else { status };
            let job = |echoed| JobResponse {
                error,
                status_code,
                metadata: JobMetadata { echoed, alone },
            };
            let response = request.jobs.iter().copied().map(job).collect();
            let output = V1 {
                response,
                stat_tags,
                message,
                status,
                auth_error_category,
            };
            Ok((
                if refresh { status } else { 200 },
                buffer(&Answer { output })?,
            ))
        }
    }
}

/// Salesforce's answer as JSON: as it came, or as a text where it is none. Without an answer, what happened instead.
fn response(delivered: &Delivered) -> Result<Box<RawValue>, RequestError> {
    let text = match (&delivered.answer, &delivered.failure) {
        (Some((_, body)), _) => match serde_json::from_slice::<Box<RawValue>>(body) {
            Ok(json) => return Ok(json),
            Err(_) => String::from_utf8_lossy(body).into_owned(),
        },
        (None, Some(Undelivered::Fault(Fault::ConnectionRefused))) => {
            "[ECONNREFUSED] :: Connection refused".to_owned()
        }
        (None, Some(failure)) => format!("[{}] :: {failure}", code(failure)),
        (None, None) => String::new(),
    };
    to_raw_value(&text).map_err(RequestError::Unwritable)
}

/// A word for a request that brought no answer.
fn code(failure: &Undelivered) -> &'static str {
    match failure {
        Undelivered::Malformed(_) => "malformed",
        Undelivered::NotAllowed(_) => "not_allowed",
        Undelivered::Fault(fault) => fault.label(),
    }
}
