//! What an answer of Salesforce makes of a write, beyond the tables of `docs/faults.md` (`fault_table`). Whatever may pass is retried or throttled, whatever is
//! wrong with the record is aborted in Salesforce's own words, and nothing but a written record is a success.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    ABORTED, DELIVERED, Outcome, RETRYABLE, assert_outcome, salesforce_that_says, write_to,
};
use crate::service::{Service, assert_says};

/// A refusal as Salesforce writes it.
fn refusal(code: &str, message: &str) -> Value {
    json!([{"message": message, "errorCode": code, "fields": []}])
}

/// Holds where a write that is answered like this ends so, at both versions; returns the `output` of each.
async fn assert_answer(status: u16, body: &str, expected: Outcome) -> (Value, Value) {
    let answer = ResponseTemplate::new(status).set_body_string(body);
    let salesforce = salesforce_that_says(answer).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let case = format!("{status} {body}");
    assert_outcome(&service, &write_to(&salesforce.uri()), expected, &case).await
}

#[tokio::test]
async fn a_lock_or_limit_of_the_orgs_own_code_is_retried_and_other_errors_aborted() {
    for (message, expected) in [
        (
            "LeadTrigger: execution of AfterUpdate\n\ncaused by: System.DmlException: Update failed. First exception on row 0; \
             first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []",
            RETRYABLE,
        ),
        (
            "LeadTrigger: System.LimitException: Too many SOQL queries: 101",
            RETRYABLE,
        ),
        (
            "LeadTrigger: System.LimitException: Too many query rows: 50001",
            RETRYABLE,
        ),
        (
            "LeadTrigger: System.LimitException: Too many DML statements: 151",
            RETRYABLE,
        ),
        (
            "LeadTrigger: System.LimitException: Apex CPU time limit exceeded",
            RETRYABLE,
        ),
        (
            "LeadTrigger: System.LimitException: Apex heap size too large: 6000001",
            RETRYABLE,
        ),
        (
            "LeadTrigger: execution of BeforeInsert\n\ncaused by: System.NullPointerException: Attempt to de-reference a null object",
            ABORTED,
        ),
    ] {
        for code in [
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
        ] {
            let body = refusal(code, message).to_string();
            assert_answer(400, &body, expected).await;
        }
    }
}

#[tokio::test]
async fn an_html_page_is_never_a_success_and_is_handed_on_as_text() {
    let page = "<html><body>We are down for maintenance</body></html>";
    for status in [200, 201, 404, 502, 503] {
        let (v0, v1) = assert_answer(status, page, RETRYABLE).await;
        let response = json!({"response": page, "status": status});
        assert_eq!(v0["destinationResponse"], response);
        let error = v1["response"][0]["error"].as_str().unwrap();
        assert!(error.starts_with(&json!(page).to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_record_result_that_says_no_is_no_success_whatever_the_status() {
    for (code, expected) in [
        ("REQUIRED_FIELD_MISSING", ABORTED),
        ("UNABLE_TO_LOCK_ROW", RETRYABLE),
    ] {
        let error = json!({"statusCode": code, "message": "in Salesforce's words", "fields": []});
        let result = json!({"id": null, "success": false, "errors": [error]});
        for status in [200, 201] {
            let (v0, _) = assert_answer(status, &result.to_string(), expected).await;
            assert_eq!(v0["destinationResponse"]["response"], result);
            assert_says(v0["message"].as_str().unwrap(), code);
        }
    }
    let result = r#"{"success":false,"errors":[]}"#;
    assert_answer(200, result, RETRYABLE).await;
}

#[tokio::test]
async fn a_written_record_is_a_success() {
    for (status, body) in [
        (200, r#"{"id":"00Q1","success":true,"errors":[]}"#),
        (
            201,
            r#"{"id":"00Q1","success":true,"errors":[],"created":true}"#,
        ),
    ] {
        assert_answer(status, body, DELIVERED).await;
    }
}

#[tokio::test]
async fn a_rejected_record_is_reported_in_salesforces_words_with_its_field_names() {
    for (code, message, field) in [
        (
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Company]",
            "Company",
        ),
        (
            "INVALID_FIELD",
            "No such column 'plan__c' on sobject of type Lead",
            "plan__c",
        ),
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: CreatedDate. Please check the security settings of this field",
            "CreatedDate",
        ),
        (
            "STRING_TOO_LONG",
            "First Name: data value too large: (max length=40)",
            "FirstName",
        ),
        (
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: ada@",
            "Email",
        ),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Status: bad value for restricted picklist field: new",
            "Status",
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "A phone number needs its country code",
            "Phone",
        ),
    ] {
        let body = json!([{"message": message, "errorCode": code, "fields": [field]}]);
        let (v0, v1) = assert_answer(400, &body.to_string(), ABORTED).await;
        for output in [&v0, &v1] {
            let words = format!("HTTP 400 {code}: {message} (fields: {field})");
            assert_says(output["message"].as_str().unwrap(), &words);
        }
        assert_eq!(v0["destinationResponse"]["response"], body);
        assert_eq!(v1["response"][0]["error"], body.to_string());
    }
}

#[tokio::test]
async fn a_duplicate_that_a_rule_has_found_is_aborted_with_the_record_that_it_names() {
    let match_record = json!({"record": {"attributes": {"type": "Lead"}, "Id": "00Q1"}});
    let body = json!([{
        "duplicateResult": {"allowSave": false, "matchResults": [{"matchRecords": [match_record]}]},
        "errorCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
    }]);
    let (v0, _) = assert_answer(400, &body.to_string(), ABORTED).await;
    assert_eq!(v0["destinationResponse"]["response"], body);
    let words = "DUPLICATES_DETECTED: Use one of these records?";
    assert_says(v0["message"].as_str().unwrap(), words);
}

#[tokio::test]
async fn of_several_errors_one_that_may_pass_decides() {
    let field = refusal("INVALID_FIELD", "No such column")[0].take();
    let lock = refusal("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")[0].take();
    for errors in [json!([field, lock]), json!([lock, field])] {
        assert_answer(400, &errors.to_string(), RETRYABLE).await;
    }
}
