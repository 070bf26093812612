//! What a case requires: the recorded answer, or what its rule puts in its place.

use serde_json::Value;

use crate::{Answer, Pair, cases::Case};

/// Checks an answer.
pub(crate) async fn check(pair: &Pair, case: &Case, answer: &Answer) -> Result<(), String> {
    match case.rule.as_deref() {
        None => recorded(pair, case, answer),
        Some(
            "malformed-event" | "traits-not-object" | "email-not-text" | "email-from-external-id",
        ) => failed(answer, &[400], "dataValidation", &["instrumentation"], None),
        Some("name-not-text") => same_as(pair, case, answer, without_name).await,
        Some("instance-url-slash") => {
            same_as(pair, case, answer, |text| text.replace(".com/\"", ".com\"")).await
        }
        Some("lookup-fault-retryable") => failed(
            answer,
            &[429, 500],
            "network",
            &["throttled", "retryable"],
            None,
        ),
        Some("oauth-without-secret") => failed(answer, &[500], "platform", &["oAuthSecret"], None),
        Some("converted-without-contact") => failed(
            answer,
            &[400],
            "network",
            &["aborted"],
            Some("instrumentation"),
        ),
        Some("identifier-encoded") => identifier(case, answer),
        Some("object-prefix") => object(case, answer),
        Some("envelope") => envelope(answer),
        Some(other) => Err(format!("an unknown rule {other}")),
    }
}

fn recorded(pair: &Pair, case: &Case, answer: &Answer) -> Result<(), String> {
    let expected: Value =
        serde_json::from_str(&pair.localised(&case.answer.body.to_string())).unwrap();
    if (answer.status, &answer.api_version) != (case.answer.status, &case.answer.api_version) {
        return Err(format!(
            "status {} apiVersion {:?}",
            answer.status, answer.api_version
        ));
    }
    equal(&expected, &answer.body, "")
}

/// JSON by value; a recorded `<text>` asks only for some text.
fn equal(expected: &Value, found: &Value, at: &str) -> Result<(), String> {
    let differ = || Err(format!("at {at}: expected {expected}, found {found}"));
    match (expected, found) {
        (Value::String(text), Value::String(found)) if text == "<text>" && !found.is_empty() => {
            Ok(())
        }
        (Value::Number(expected), Value::Number(found)) if expected.as_f64() == found.as_f64() => {
            Ok(())
        }
        (Value::Array(elements), Value::Array(others)) if elements.len() == others.len() => {
            elements
                .iter()
                .zip(others)
                .enumerate()
                .try_for_each(|(index, (element, other))| {
                    equal(element, other, &format!("{at}/{index}"))
                })
        }
        (Value::Object(members), Value::Object(others)) if members.keys().eq(others.keys()) => {
            members
                .iter()
                .try_for_each(|(name, value)| equal(value, &others[name], &format!("{at}/{name}")))
        }
        (Value::Object(members), Value::Object(others)) => {
            let names = |map: &serde_json::Map<String, Value>| {
                map.keys().cloned().collect::<Vec<_>>().join(",")
            };
            Err(format!(
                "at {at}: expected the members {}, found {}; {found}",
                names(members),
                names(others)
            ))
        }
        _ if expected == found => Ok(()),
        _ => differ(),
    }
}

/// The entries of an answer of either route.
pub(crate) fn entries(answer: &Answer) -> Vec<Value> {
    let output = &answer.body["output"];
    output
        .as_array()
        .or_else(|| answer.body.as_array())
        .cloned()
        .unwrap_or_default()
}

fn failed(
    answer: &Answer,
    statuses: &[u64],
    category: &str,
    kinds: &[&str],
    meta: Option<&str>,
) -> Result<(), String> {
    let fits = |entry: &Value| {
        let tags = &entry["statTags"];
        entry["statusCode"]
            .as_u64()
            .is_some_and(|status| statuses.contains(&status))
            && tags["errorCategory"] == category
            && tags["errorType"]
                .as_str()
                .is_some_and(|kind| kinds.contains(&kind))
            && tags["meta"].as_str() == meta
    };
    match entries(answer).as_slice() {
        [entry] if answer.status == 200 && fits(entry) => Ok(()),
        _ => Err(format!("found {} {}", answer.status, answer.body)),
    }
}

/// The answer must be the one to a changed request.
async fn same_as(
    pair: &Pair,
    case: &Case,
    answer: &Answer,
    change: impl Fn(&str) -> String,
) -> Result<(), String> {
    let changed = pair.send(case, &change(&case.request.text())).await;
    let (found, expected) = (requests(answer), requests(&changed));
    if answer.status != 200 || found.is_empty() {
        return Err(format!("found {} {}", answer.status, answer.body));
    }
    equal(&Value::Array(expected), &Value::Array(found), "")
}

fn without_name(text: &str) -> String {
    let mut body: Value = serde_json::from_str(text).unwrap();
    let events = if body.is_array() {
        body.as_array_mut()
    } else {
        body["input"].as_array_mut()
    };
    for event in events.unwrap() {
        for traits in ["/message/traits", "/message/context/traits"] {
            event
                .pointer_mut(traits)
                .and_then(Value::as_object_mut)
                .map(|traits| traits.remove("name"));
        }
    }
    body.to_string()
}

/// The requests of an answer of either route.
fn requests(answer: &Answer) -> Vec<Value> {
    let of_entry = |entry: Value| match entry["batchedRequest"].as_array() {
        Some(requests) => requests.clone(),
        None => entry.get("output").cloned().into_iter().collect(),
    };
    entries(answer).into_iter().flat_map(of_entry).collect()
}

fn endpoints(answer: &Answer) -> Vec<String> {
    requests(answer)
        .iter()
        .map(|request| request["endpoint"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// An id is one encoded segment of the path; a lookup compares the exact value.
fn identifier(case: &Case, answer: &Answer) -> Result<(), String> {
    let external = &case.request.events()[0]["message"]["context"]["externalId"][0];
    let id = external["id"].as_str().unwrap_or_default();
    let id = match external["identifierType"].as_str() {
        None => id,
        Some(field) => match found(case, field, id) {
            Some(record) => record,
            None => {
                return endpoints(answer)
                    .iter()
                    .all(|endpoint| !endpoint.contains('?'))
                    .then_some(())
                    .ok_or_else(|| "not created".to_owned());
            }
        },
    };
    let encoded: String =
        percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
    let is_segment = |endpoint: &String| {
        endpoint
            .split('/')
            .next_back()
            .is_some_and(|last| last == format!("{encoded}?_HttpMethod=PATCH"))
    };
    if endpoints(answer).iter().any(is_segment) {
        Ok(())
    } else {
        Err(format!("{id}: {:?} {}", endpoints(answer), answer.body))
    }
}

/// The id of the case's record whose field has exactly this value.
fn found<'c>(case: &'c Case, field: &str, value: &str) -> Option<&'c str> {
    let mut records = case
        .org
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, records)| records.as_array())
        .flatten();
    records.find(|record| record[field] == value)?["Id"].as_str()
}

/// The object is what follows `Salesforce-` or the definition's name.
fn object(case: &Case, answer: &Answer) -> Result<(), String> {
    let external = &case.request.events()[0]["message"]["context"]["externalId"][0];
    let kind = external["type"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let object = kind.split_once('-').map_or("", |(_, object)| object);
    let expected = format!("/sobjects/{object}");
    let fits = |endpoint: &String| {
        endpoint.ends_with(&expected) || endpoint.contains(&format!("{expected}/"))
    };
    if endpoints(answer).iter().any(fits) {
        Ok(())
    } else {
        Err(format!(
            "{expected}: {:?} {}",
            endpoints(answer),
            answer.body
        ))
    }
}

/// rudder-server drops events for these statuses, on one of its routes or the other.
fn envelope(answer: &Answer) -> Result<(), String> {
    if matches!(answer.status, 404 | 413) {
        Err(format!("{} loses events", answer.status))
    } else {
        Ok(())
    }
}
