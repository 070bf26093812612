//! Which differences the documented set of rules intends, by the rows of the behaviour table (README, "Switching over").

use serde_json::Value;

use super::difference::Difference;
use crate::map;

/// Marks the intended differences of an event.
pub(super) fn explain(
    reference: Option<&Value>,
    candidate: Option<&Value>,
    differences: &mut [Difference],
) {
    let of_event = of_event(reference, candidate);
    for difference in differences {
        difference.intended = of_event.or_else(|| of_place(difference));
    }
}

/// A rule that changes the whole event.
fn of_event(reference: Option<&Value>, candidate: Option<&Value>) -> Option<&'static str> {
    let (reference, candidate) = (reference?, candidate?);
    let is_sent = reference["statusCode"] == 200;
    if is_sent && candidate["statusCode"] == 298 {
        return Some("row 2: the gate is closed");
    }
    let is_merged = candidate["batched"] == true && reference["batched"] == false;
    (is_sent && is_merged).then_some("row 11: events for one new person share a request")
}

fn of_place(difference: &Difference) -> Option<&'static str> {
    let (reference, candidate) = (difference.reference.as_ref(), difference.candidate.as_ref());
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let name = difference.pointer.rsplit('/').next()?;
    if difference.pointer.contains("/body/JSON/") {
        return of_field(name, reference, candidate);
    }
    match (name, text(reference), text(candidate)) {
        ("method", Some(one), Some(other)) if one == "POST" && other == "PATCH" => {
            Some("row 10: updates are a PATCH")
        }
        ("endpoint", Some(one), Some(other))
            if one.strip_suffix("?_HttpMethod=PATCH") == Some(&*other) =>
        {
            Some("row 10: updates are a PATCH")
        }
        _ => None,
    }
}

fn of_field(
    name: &str,
    reference: Option<&Value>,
    candidate: Option<&Value>,
) -> Option<&'static str> {
    let is_custom = name.to_ascii_lowercase().ends_with("__c");
    match (reference, candidate) {
        (Some(_), None) if map::is_system_field(name) => {
            Some("row 7b: Salesforce sets the field itself")
        }
        (Some(_), None) if name.to_ascii_lowercase().ends_with("__c__c") => {
            Some("row 7a: a name that ends in __c is kept")
        }
        (Some(Value::Object(_) | Value::Array(_)), None) if is_custom => {
            Some("row 7a: objects and arrays are no field value")
        }
        (None, Some(value))
            if is_custom && (value == &Value::Bool(false) || value.as_f64() == Some(0.0)) =>
        {
            Some("row 7a: 0 and false are sent")
        }
        (None, Some(_)) if is_custom => Some("row 7a: a name that ends in __c is kept"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::difference::{Ignored, between};

    fn rows(reference: &Value, candidate: &Value) -> Vec<Option<&'static str>> {
        let mut found = between(Some(reference), Some(candidate), &Ignored::new(&[], false));
        explain(Some(reference), Some(candidate), &mut found);
        found
            .iter()
            .map(|difference| difference.intended.map(|row| &row[..6]))
            .collect()
    }

    #[test]
    fn each_intended_difference_names_its_row_and_no_other_is_marked() {
        let entry = |method: &str, endpoint: &str, fields: Value| json!({"statusCode": 200, "batched": false, "batchedRequest": {"method": method, "endpoint": endpoint, "body": {"JSON": fields}}});
        let stock = entry(
            "POST",
            "https://x/1?_HttpMethod=PATCH",
            json!({"CreatedDate": "2026", "a__c": [1], "City": "Rome"}),
        );
        let ours = entry("PATCH", "https://x/1", json!({"b__c": 0, "City": "Paris"}));
        let marked = rows(&stock, &ours);
        assert_eq!(
            marked.iter().filter(|row| row.is_none()).count(),
            1,
            "the city: {marked:?}"
        );
        assert_eq!(
            rows(&stock, &json!({"statusCode": 298}))
                .first()
                .unwrap()
                .unwrap(),
            "row 2:"
        );
    }
}
