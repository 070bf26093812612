//! The answer to a Composite: what became of each of its parts.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::salesforce::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answers<'a> {
    #[serde(borrow)]
    composite_response: Vec<Subanswer<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subanswer<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    http_status_code: u16,
    reference_id: String,
}

fn answers(body: &[u8]) -> Result<Answers<'_>, Fault> {
    // serde's own text would quote the answer, personal data included.
    serde_json::from_slice(body).map_err(|error| {
        Fault::Unreadable(format!(
            "no Composite result at line {} column {}",
            error.line(),
            error.column()
        ))
    })
}

/// The reference of the part at this position.
pub(super) fn reference(index: usize) -> String {
    format!("part{index}")
}

/// Hands each part its answer, by reference. A part without one is not known to be done.
///
/// # Errors
/// [`Fault::Unreadable`] where the body is no Composite result.
pub fn read(body: &[u8], parts: usize) -> Result<Vec<Result<Bytes, Fault>>, Fault> {
    let answers = answers(body)?.composite_response.into_iter();
    let mut by_reference: HashMap<String, Subanswer<'_>> = answers
        .map(|answer| (answer.reference_id.clone(), answer))
        .collect();
    let of = |index| match by_reference.remove(&reference(index)) {
        Some(answer) => answer.result(),
        None => Err(no_answer()),
    };
    Ok((0..parts).map(of).collect())
}

/// What a Composite that was sent for somebody else has not done: the part that decides, of those that are refused.
pub(super) fn fault(body: &[u8]) -> Option<Fault> {
    let answers = match answers(body) {
        Ok(answers) => answers,
        Err(unreadable) => return Some(unreadable),
    };
    let answers = answers.composite_response;
    if answers.is_empty() {
        return Some(no_answer());
    }
    let faults = answers.iter().filter_map(|answer| match answer.result() {
        Ok(body) => Fault::in_success(answer.http_status_code, &body),
        Err(fault) => Some(fault),
    });
    faults.min_by_key(Fault::rank)
}

fn no_answer() -> Fault {
    Fault::Unreadable("a part of the Composite has no answer".to_owned())
}

impl Subanswer<'_> {
    fn result(&self) -> Result<Bytes, Fault> {
        let body = self.body.map_or("", RawValue::get).as_bytes();
        if (200..300).contains(&self.http_status_code) {
            Ok(Bytes::copy_from_slice(body))
        } else {
            Err(Fault::read(self.http_status_code, body).of_resource())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(body: &str, parts: usize) -> Vec<String> {
        let label = |result: Result<Bytes, Fault>| match result {
            Ok(body) => String::from_utf8(body.into()).unwrap(),
            Err(fault) => fault.label().to_owned(),
        };
        match read(body.as_bytes(), parts) {
            Ok(results) => results.into_iter().map(label).collect(),
            Err(fault) => vec![fault.label().to_owned()],
        }
    }

    #[test]
    fn each_part_gets_its_own_answer_in_whatever_order_they_come() {
        let body = r#"{"compositeResponse":[
            {"body":[{"errorCode":"INVALID_FIELD","message":"m"}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"part1"},
            {"body":{"done":true},"httpHeaders":{},"httpStatusCode":200,"referenceId":"part0"}]}"#;
        assert_eq!(labels(body, 2), [r#"{"done":true}"#, "refused"]);
    }

    #[test]
    fn a_part_without_an_answer_is_not_taken_for_done() {
        let body =
            r#"{"compositeResponse":[{"body":null,"httpStatusCode":200,"referenceId":"part0"}]}"#;
        assert_eq!(labels(body, 2), ["", "unreadable"]);
        assert_eq!(labels("<html>", 2), ["unreadable"]);
    }
}
