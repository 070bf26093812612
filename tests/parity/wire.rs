//! What rudder-server's decoder accepts: one value of a wrong type makes it throw a whole answer away, or end its process.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{Answer, cases::Case};

/// An entry of a processor route's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorEntry {
    output: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    metadata: Option<Metadata>,
    status_code: i64,
    error: Option<String>,
    stat_tags: Option<BTreeMap<String, String>>,
}

/// An entry of the router's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouterEntry {
    batched_request: Option<Box<RawValue>>,
    metadata: Vec<Metadata>,
    #[serde(default)]
    batched: bool,
    status_code: i64,
    error: Option<String>,
    stat_tags: Option<BTreeMap<String, String>>,
    auth_error_category: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    job_id: Option<i64>,
}

/// A descriptor as the router decodes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    r#type: String,
    endpoint: String,
    method: String,
    #[serde(default)]
    user_id: Option<String>,
    headers: BTreeMap<String, Option<String>>,
    params: BTreeMap<String, Value>,
    body: BTreeMap<String, BTreeMap<String, Value>>,
    files: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct RouterAnswer {
    output: Vec<RouterEntry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Descriptor),
    Many(Vec<Descriptor>),
}

/// Checks an answer as its caller would decode it.
pub(crate) fn check(case: &Case, answer: &Answer) -> Result<(), String> {
    let text = answer.body.to_string();
    if answer.status != 200 || case.request.path.ends_with("/proxy") {
        return Ok(());
    }
    if answer.api_version.as_deref() != Some("2") {
        return Err("a 200 without apiVersion ends rudder-server's process".to_owned());
    }
    if case.request.path == "/routerTransform" {
        router(case, &text)
    } else {
        processor(&text)
    }
}

fn router(case: &Case, text: &str) -> Result<(), String> {
    let answer: RouterAnswer =
        serde_json::from_str(text).map_err(|error| format!("undecodable: {error}"))?;
    let mut answered: Vec<i64> = Vec::new();
    for entry in &answer.output {
        if entry.metadata.is_empty() {
            return Err("an entry without metadata".to_owned());
        }
        answered.extend(entry.metadata.iter().filter_map(|metadata| metadata.job_id));
        verdict(
            entry.status_code,
            entry.error.as_deref(),
            entry.stat_tags.as_ref(),
        )?;
        let known = entry
            .auth_error_category
            .as_deref()
            .is_none_or(|category| matches!(category, "REFRESH_TOKEN" | "AUTH_STATUS_INACTIVE"));
        let batched = entry.batched == (entry.metadata.len() > 1);
        if !known || !batched {
            return Err("an unknown authErrorCategory, or a wrong batched".to_owned());
        }
        match (&entry.batched_request, entry.status_code) {
            (Some(request), 200) => descriptors(request.get())?,
            (None, status) if status != 200 => {}
            (request, status) => {
                return Err(format!(
                    "status {status} with request {}",
                    request.is_some()
                ));
            }
        }
    }
    let mut sent: Vec<i64> = case
        .request
        .events()
        .iter()
        .filter_map(|event| event["metadata"]["jobId"].as_i64())
        .collect();
    sent.sort_unstable();
    answered.sort_unstable();
    if sent == answered {
        Ok(())
    } else {
        Err(format!("jobs {sent:?} were sent, {answered:?} answered"))
    }
}

fn processor(text: &str) -> Result<(), String> {
    let entries: Vec<ProcessorEntry> =
        serde_json::from_str(text).map_err(|error| format!("undecodable: {error}"))?;
    for entry in entries {
        verdict(
            entry.status_code,
            entry.error.as_deref(),
            entry.stat_tags.as_ref(),
        )?;
        if entry.output.is_some() != (entry.status_code == 200) {
            return Err(format!(
                "status {} with output {}",
                entry.status_code,
                entry.output.is_some()
            ));
        }
        if let Some(output) = entry.output {
            descriptors(&serde_json::to_string(&output).unwrap())?;
        }
        let _ = entry.metadata.and_then(|metadata| metadata.job_id);
    }
    Ok(())
}

fn verdict(
    status: i64,
    error: Option<&str>,
    tags: Option<&BTreeMap<String, String>>,
) -> Result<(), String> {
    let is_failure = !matches!(status, 200 | 298);
    let told = error.is_some_and(|error| !error.is_empty()) && tags.is_some();
    if is_failure && !told {
        Err(format!("status {status} without error and statTags"))
    } else {
        Ok(())
    }
}

fn descriptors(text: &str) -> Result<(), String> {
    let parsed = serde_json::from_str::<OneOrMany>(text)
        .map_err(|error| format!("undecodable request: {error} {text}"))?;
    let descriptors = match parsed {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    };
    let sound = |request: &Descriptor| {
        let sections = request
            .body
            .values()
            .filter(|section| !section.is_empty())
            .count();
        let headers = request.headers.values().all(Option::is_some)
            && request.params.is_empty()
            && request.user_id.as_deref().unwrap_or("").is_empty();
        request.r#type == "REST"
            && !request.endpoint.is_empty()
            && !request.method.is_empty()
            && request.files.is_empty()
            && sections <= 1
            && headers
    };
    if !descriptors.is_empty() && descriptors.iter().all(sound) {
        Ok(())
    } else {
        Err(format!("an unsound request {text}"))
    }
}
