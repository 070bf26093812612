//! Recognizes the differences that the documented set of rules intends (`docs/behaviour.md`).

use serde_json::Value;

use super::difference::Difference;
use crate::{
    salesforce::headers::{AUTO_ASSIGN, CALL_OPTIONS, DUPLICATE_RULE},
    text,
    transform::{error::EventError, mapping},
};

/// Marks the intended differences of an event.
pub(super) fn explain(
    reference: Option<&Value>,
    candidate: Option<&Value>,
    differences: &mut [Difference],
) {
    let of_event = of_event(reference, candidate);
    for difference in differences {
        difference.intended = of_event.or_else(|| of_place(difference, candidate));
    }
}

/// The rule that explains a difference of the whole event, if any.
fn of_event(reference: Option<&Value>, candidate: Option<&Value>) -> Option<&'static str> {
    let (reference, candidate) = (reference?, candidate?);
    let is_sent = reference["statusCode"] == 200;
    if is_sent && candidate["statusCode"] == 298 {
        return Some("gate: the gate is closed");
    }
    let waits = || candidate["error"] == EventError::BeingCreated.to_string();
    if is_sent && candidate["statusCode"] == 500 && waits() {
        return Some("one-create: another event creates the record");
    }
    let is_merged = candidate["batched"] == true && reference["batched"] == false;
    (is_sent && is_merged).then_some("one-create: events for one new person share a request")
}

/// The rule that explains a difference at one pointer, if any; `event` is the candidate's.
fn of_place(difference: &Difference, event: Option<&Value>) -> Option<&'static str> {
    let (reference, candidate) = (difference.reference.as_ref(), difference.candidate.as_ref());
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (fields, name) = difference.pointer.rsplit_once('/')?;
    if fields.ends_with("/body/JSON") {
        let fields = event.and_then(|event| event.pointer(fields)?.as_object());
        let mut names = fields.into_iter().flat_map(|fields| fields.keys());
        let is_other = |other: &String| other != name && other.eq_ignore_ascii_case(name);
        if candidate.is_none() && names.any(is_other) {
            return Some("one-field-one-key: names that differ in letter case are one field");
        }
        return of_field(name, reference, candidate);
    }
    if fields.ends_with("/destInfo") && reference.is_none() {
        match name {
            "lookedUp" => return Some("lookup-notes: the proxy is told what was looked up"),
            "stored" => return Some("lookup-notes: the proxy is told which requests were stored"),
            _ => {}
        }
    }
    if fields.ends_with("/headers") && reference.is_none() {
        match name {
            CALL_OPTIONS => return Some("call-options: a request names its caller"),
            AUTO_ASSIGN => return Some("assignment-rules: an update does not change the owner"),
            DUPLICATE_RULE => return Some("duplicate-rules: a rule that only alerts lets it pass"),
            _ => {}
        }
    }
    match (name, text(reference), text(candidate)) {
        ("method", Some(one), Some(other)) if one == "POST" && other == "PATCH" => {
            Some("request: updates are a PATCH")
        }
        ("endpoint", Some(one), Some(other))
            if one.strip_suffix("?_HttpMethod=PATCH") == Some(&*other) =>
        {
            Some("request: updates are a PATCH")
        }
        _ => None,
    }
}

fn of_field(
    name: &str,
    reference: Option<&Value>,
    candidate: Option<&Value>,
) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let is_custom = lower.ends_with("__c");
    match (reference, candidate) {
        (Some(Value::String(email)), Some(Value::String(own)))
            if lower == "email" && text::trimmed(email) == own =>
        {
            Some("lead-email: the e-mail is written as it was looked up")
        }
        (Some(Value::String(blank)), _) if text::is_blank(blank) => {
            Some("blank-text: blank text is absent")
        }
        (Some(_), None) if mapping::is_system_field(name) => {
            Some("system-fields: the REST API never writes the field")
        }
        (Some(_), None) if lower == "id" => Some("own-id: a record's own id is left out"),
        (Some(_), None) if mapping::is_only_of_leads(name) => {
            Some("converted-contact: a contact gets no traits that only leads have")
        }
        (Some(_), None) if name.to_ascii_lowercase().ends_with("__c__c") => {
            Some("custom-fields: a name that ends in __c is kept")
        }
        (Some(Value::Object(_) | Value::Array(_)), None) if is_custom => {
            Some("custom-fields: objects and arrays are no field value")
        }
        (Some(_), None) if is_custom && !mapping::is_custom_field(name) => {
            Some("custom-fields: no field can be called so")
        }
        (None, Some(value))
            if is_custom && (value == &Value::Bool(false) || value.as_f64() == Some(0.0)) =>
        {
            Some("custom-fields: 0 and false are sent")
        }
        (None, Some(_)) if is_custom => Some("custom-fields: a name that ends in __c is kept"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::difference::{Ignored, between};

    #[test]
    fn what_is_done_for_a_lead_to_be_saved_is_intended() {
        let entry = |fields: Value| json!({"statusCode": 200, "batchedRequest": {"body": {"JSON": fields}}});
        let stock = json!({
            "Email": " a@b.c", "LastName": " ", "City": "\t", "a b__c": 1, "é__c": 1, "plan__c": 1, "Plan__c": 2, "Id": "001", "rating__c": 1,
            "Accuracy": 1, "kept__c": 1,
        });
        let ours = json!({"Email": "a@b.c", "LastName": "n/a", "Plan__c": 2});
        let marked = intended(&entry(stock), &entry(ours));
        assert_eq!(
            marked.iter().filter(|rule| rule.is_none()).count(),
            1,
            "kept__c: {marked:?}"
        );
    }

    fn intended(reference: &Value, candidate: &Value) -> Vec<Option<&'static str>> {
        let mut found = between(Some(reference), Some(candidate), &Ignored::new(&[], false));
        explain(Some(reference), Some(candidate), &mut found);
        found.iter().map(|difference| difference.intended).collect()
    }

    #[test]
    fn each_intended_difference_names_its_rule_and_no_other_is_marked() {
        let entry = |method: &str, endpoint: &str, fields: Value| json!({"statusCode": 200, "batched": false, "batchedRequest": {"method": method, "endpoint": endpoint, "body": {"JSON": fields}}});
        let mut stock = entry(
            "POST",
            "https://x/1?_HttpMethod=PATCH",
            json!({"CreatedDate": "2026", "a__c": [1], "City": "Rome"}),
        );
        let mut ours = entry("PATCH", "https://x/1", json!({"b__c": 0, "City": "Paris"}));
        stock["batchedRequest"]["headers"] = json!({});
        ours["batchedRequest"]["headers"] = json!({AUTO_ASSIGN: "FALSE", CALL_OPTIONS: "client=c", DUPLICATE_RULE: "allowSave=true"});
        let marked = intended(&stock, &ours);
        assert_eq!(
            marked.iter().filter(|rule| rule.is_none()).count(),
            1,
            "the city: {marked:?}"
        );
        assert_eq!(
            intended(&stock, &json!({"statusCode": 298}))
                .first()
                .unwrap()
                .unwrap(),
            "gate: the gate is closed"
        );
    }

    #[test]
    fn an_event_that_waits_for_another_is_intended_and_another_500_is_not() {
        let stock = json!({"statusCode": 200, "batchedRequest": {}});
        let waits = json!({"statusCode": 500, "error": "another event is creating this record; it comes again"});
        let rule = Some("one-create: another event creates the record");
        assert!(
            intended(&stock, &waits)
                .iter()
                .all(|intended| *intended == rule)
        );
        let failed = json!({"statusCode": 500, "error": "the lookup in Salesforce failed"});
        assert!(intended(&stock, &failed).iter().all(Option::is_none));
    }
}
