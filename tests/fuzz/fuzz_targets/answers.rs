//! Salesforce's answers: the first byte says which kind is read, the second the HTTP status or how many parts it has. A fault
//! that time can mend is never for ever, each part has one result, and no text grows with the answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce_transformer::{
    config::AllowedHosts,
    internals::salesforce::{
        Fault, auth, collections,
        fault::Disposition,
        page::{self, Row},
        session::is_token,
    },
};
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [kind, number, body @ ..] = data else {
        return;
    };
    match kind % 6 {
        0 => refused(*number, body),
        1 => written(*number, body),
        2 => found(*number, body),
        3 => together(usize::from(*number % 6), body),
        4 => collected(usize::from(*number), body),
        _ => opened(body),
    }
});

/// An answer that is no success.
fn refused(number: u8, body: &[u8]) {
    let status = 300 + u16::from(number);
    let fault = Fault::read(status, body);
    checked(&fault);
    if matches!(status, 301..=399 | 408 | 420 | 429 | 500..) {
        assert_ne!(fault.disposition(), Disposition::Abort, "{fault}");
    }
    if !is_json(body) && status != 300 {
        assert_ne!(
            fault.disposition(),
            Disposition::Abort,
            "no word of Salesforce's: {fault}"
        );
    }
}

/// The answer to a write that says success.
fn written(number: u8, body: &[u8]) {
    let fault = Fault::in_success(200 + u16::from(number % 100), body);
    fault.iter().for_each(checked);
    if body.is_empty() {
        assert!(fault.is_none());
    } else if !is_json(body) {
        assert!(matches!(fault, Some(Fault::Unreadable(_))));
    } else if let Ok(answer) = serde_json::from_slice::<Value>(body) {
        let is_bare_no =
            answer["success"] == false && answer.get("errors").is_none_or(Value::is_null);
        assert!(!is_bare_no || fault.is_some(), "{answer}");
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// A page of a query's answer.
fn found(number: u8, body: &[u8]) {
    let mut rows = Vec::new();
    let next = page::page(body, "Email", number.is_multiple_of(2), &mut rows);
    assert!(rows.iter().all(is_safe));
    match next {
        Ok(Some(path)) => assert!(path.starts_with("/services/data/")),
        Ok(None) => {
            let answer: Value = serde_json::from_slice(body).unwrap_or_default();
            let records = answer["records"].as_array();
            assert!(records.is_none_or(|records| records.len() == rows.len()));
        }
        Err(fault) => checked(&fault),
    }
}

/// Whether what a row names keeps its place in a path.
fn is_safe(row: &Row) -> bool {
    let ids = [Some(row.id.as_str()), row.converted_contact_id.as_deref()];
    ids.into_iter().flatten().all(is_id)
}

fn is_id(id: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !id.is_empty() && id.bytes().all(may)
}

/// The answer to a Composite of so many parts.
fn together(parts: usize, body: &[u8]) {
    match salesforce_transformer::internals::salesforce::composite::read(body, parts) {
        Ok(answers) => {
            assert_eq!(answers.len(), parts);
            answers
                .iter()
                .flat_map(|answer| answer.as_ref().err())
                .for_each(checked);
        }
        Err(fault) => checked(&fault),
    }
}

/// The answer to a collection of so many records.
fn collected(records: usize, body: &[u8]) {
    match collections::read(body, records) {
        Ok(results) => {
            assert_eq!(results.len(), records);
            for result in results {
                match result {
                    Ok(id) => assert!(is_id(&id), "{id:?}"),
                    Err(fault) => checked(&fault),
                }
            }
        }
        Err(fault) => checked(&fault),
    }
}

/// A token answer.
fn opened(body: &[u8]) {
    let hosts: AllowedHosts = "*.salesforce.com".parse().expect("a list of hosts");
    match auth::opened(body, &hosts) {
        Ok((session, _)) => {
            assert!(is_token(session.token()));
            let host = session.instance().as_str().strip_prefix("https://");
            assert!(host.is_some_and(|host| host.ends_with(".salesforce.com")));
        }
        Err(error) => assert!(error.to_string().len() < 2_000),
    }
}

/// Every fault says something, and not more than a person reads.
fn checked(fault: &Fault) {
    let text = fault.to_string();
    assert!((1..8_000).contains(&text.len()), "{}", text.len());
    assert!(!fault.label().is_empty());
}
