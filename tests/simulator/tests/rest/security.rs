//! Field-level security: what a user does not see is not there for that user.

use salesforce_simulator::{FieldType, Simulator};
use serde_json::{Value, json};

use super::{lead, refusal, send};

const HIDDEN: &str = "crm@acme.example";
const OTHER: &str = "admin@acme.example";

fn org() -> Simulator {
    Simulator::builder()
        .custom_field("Lead", "plan__c", FieldType::Text)
        .hide_field_from(HIDDEN, "Lead", "PLAN__c")
        .user(OTHER, "pw", "token")
        .user(HIDDEN, "pw", "token")
        .build()
}

fn ask(org: &Simulator, user: &str, method: &str, resource: &str, body: &Value) -> (u16, Value) {
    let session = org.session_of(user).unwrap();
    let (status, _, body) = send(org, &session, (method, "v60.0", resource), &[], body);
    (status, body)
}

fn sees(org: &Simulator, user: &str) -> bool {
    let (_, description) = ask(org, user, "GET", "sobjects/Lead/describe", &Value::Null);
    let mut fields = description["fields"].as_array().unwrap().iter();
    fields.any(|field| field["name"] == "plan__c")
}

#[test]
fn a_hidden_field_is_absent_from_that_users_description() {
    let org = org();
    assert!(!sees(&org, HIDDEN) && sees(&org, OTHER));
    org.show_field_to(HIDDEN, "Lead", "plan__c");
    org.hide_field_from(OTHER, "Lead", "plan__c");
    assert!(sees(&org, HIDDEN) && !sees(&org, OTHER));
}

#[test]
fn a_hidden_field_is_no_field_when_it_is_written_or_queried() {
    let org = org();
    let lead = lead(&json!({"plan__c": "pro"}));
    let refused = ask(&org, HIDDEN, "POST", "sobjects/Lead", &lead);
    assert_eq!(refusal(&refused), (400, "INVALID_FIELD", &Value::Null));
    assert_eq!(
        refused.1[0]["message"],
        "No such column 'plan__c' on sobject of type Lead"
    );
    assert_eq!(ask(&org, OTHER, "POST", "sobjects/Lead", &lead).0, 201);
    let query = "query?q=SELECT+plan__c+FROM+Lead";
    let refused = ask(&org, HIDDEN, "GET", query, &Value::Null);
    assert_eq!(refusal(&refused).1, "INVALID_FIELD");
    let (_, found) = ask(&org, OTHER, "GET", query, &Value::Null);
    assert_eq!(found["records"][0]["plan__c"], "pro");
}

#[test]
fn a_change_of_permissions_does_not_move_last_modified() {
    let org = org();
    let session = org.session_of(OTHER).unwrap();
    let describe = ("GET", "v60.0", "sobjects/Lead/describe");
    let (_, headers, _) = send(&org, &session, describe, &[], &Value::Null);
    org.hide_field_from(OTHER, "Lead", "plan__c");
    let since = headers["last-modified"].to_str().unwrap();
    let since = [("If-Modified-Since", since)];
    assert_eq!(send(&org, &session, describe, &since, &Value::Null).0, 304);
    assert!(!sees(&org, OTHER));
}
