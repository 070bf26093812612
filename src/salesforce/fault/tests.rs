//! The error catalogue, row by row.

use super::*;
use Disposition::{Abort, Refresh, Retry, Throttle};

fn rest(status: u16, code: &str, message: &str) -> Fault {
    let body = format!(r#"[{{"message":"{message}","errorCode":"{code}","fields":[]}}]"#);
    Fault::read(
        status,
        if code.is_empty() {
            b""
        } else {
            body.as_bytes()
        },
    )
}

/// Status, error code, text, and what to do.
const CATALOGUE: [(u16, &str, &str, Disposition); 45] = [
    (
        401,
        "INVALID_SESSION_ID",
        "Session expired or invalid",
        Refresh,
    ),
    (401, "", "", Refresh),
    (500, "INVALID_SESSION_ID", "", Refresh),
    (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
        Throttle,
    ),
    (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentPerOrgLongTxn Limit exceeded.",
        Throttle,
    ),
    (403, "API_CURRENTLY_DISABLED", "", Throttle),
    (400, "LOGIN_RATE_EXCEEDED", "", Throttle),
    (429, "", "", Throttle),
    (500, "SERVER_UNAVAILABLE", "", Throttle),
    (503, "SERVER_UNAVAILABLE", "", Throttle),
    (503, "", "", Retry),
    (500, "UNKNOWN_EXCEPTION", "", Retry),
    (400, "QUERY_TIMEOUT", "", Retry),
    (400, "REQUEST_RUNNING_TOO_LONG", "", Retry),
    (400, "UNABLE_TO_LOCK_ROW", "", Retry),
    (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "LeadTrigger: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record",
        Retry,
    ),
    (
        400,
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "UNABLE_TO_LOCK_ROW",
        Retry,
    ),
    (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "System.LimitException: Too many SOQL queries: 101",
        Retry,
    ),
    (
        400,
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "Too many query rows: 50001",
        Retry,
    ),
    (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "Apex CPU time limit exceeded",
        Retry,
    ),
    (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "Apex heap size too large",
        Retry,
    ),
    (408, "", "", Retry),
    (420, "", "", Retry),
    (502, "", "", Retry),
    (504, "", "", Retry),
    (301, "", "", Retry),
    (302, "", "", Retry),
    (304, "", "", Retry),
    (300, "", "", Abort),
    (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "LeadTrigger: first error",
        Abort,
    ),
    (400, "MALFORMED_QUERY", "", Abort),
    (400, "INVALID_FIELD", "", Abort),
    (400, "REQUIRED_FIELD_MISSING", "", Abort),
    (400, "STRING_TOO_LONG", "", Abort),
    (400, "DUPLICATES_DETECTED", "", Abort),
    (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "", Abort),
    (403, "API_DISABLED_FOR_ORG", "", Abort),
    (403, "INSUFFICIENT_ACCESS_OR_READONLY", "", Abort),
    (401, "INVALID_AUTH_HEADER", "", Abort),
    (404, "NOT_FOUND", "", Abort),
    (404, "ENTITY_IS_DELETED", "", Abort),
    (400, "", "", Retry),
    (403, "", "", Retry),
    (404, "", "", Retry),
    (414, "", "", Retry),
];

#[test]
fn every_row_of_the_error_catalogue_has_its_disposition() {
    for (status, code, message, expected) in CATALOGUE {
        assert_eq!(
            rest(status, code, message).disposition(),
            expected,
            "{status} {code} {message}"
        );
    }
}

#[test]
fn of_several_errors_one_that_may_pass_decides() {
    let body = br#"[{"errorCode":"INVALID_FIELD","message":""},{"errorCode":"UNABLE_TO_LOCK_ROW","message":""}]"#;
    assert_eq!(Fault::read(400, body).disposition(), Disposition::Retry);
}

#[test]
fn the_text_is_salesforces_own_with_the_fields_that_it_names() {
    let body = br#"[{"message":"Required fields are missing: [Company]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Company"]}]"#;
    let expected = "Salesforce refuses the request (HTTP 400 REQUIRED_FIELD_MISSING: Required fields are missing: [Company] (fields: Company))";
    assert_eq!(Fault::read(400, body).to_string(), expected);
    let body = br#"{"error":"invalid_grant","error_description":"authentication failure"}"#;
    assert_eq!(
        Fault::read(400, body).to_string(),
        "Salesforce refuses the request (HTTP 400 invalid_grant: authentication failure)"
    );
}

#[test]
fn any_other_body_leaves_the_status_to_decide() {
    for body in ["", "[]", "<html>", "[null]", "5"] {
        assert_eq!(
            Fault::read(502, body.as_bytes()).to_string(),
            "Salesforce failed for the moment (HTTP 502)"
        );
    }
}

#[test]
fn a_success_that_is_none_is_found_out() {
    assert!(Fault::in_success(204, b"").is_none());
    assert!(Fault::in_success(201, br#"{"id":"00Q","success":true,"errors":[]}"#).is_none());
    assert!(Fault::in_success(200, br#"[{"any":"json"}]"#).is_none());
    assert_eq!(
        Fault::in_success(200, b"<html>log in</html>")
            .unwrap()
            .disposition(),
        Disposition::Retry
    );
    let failed = br#"{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"m","fields":[]}]}"#;
    assert_eq!(
        Fault::in_success(200, failed).unwrap().disposition(),
        Disposition::Abort
    );
}

#[test]
fn a_lock_that_is_told_late_in_a_long_text_is_seen() {
    let text = format!("{} UNABLE_TO_LOCK_ROW", "x".repeat(5_000));
    let fault = rest(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", &text);
    assert_eq!(fault.disposition(), Disposition::Retry);
    assert!(fault.to_string().len() < 1_000);
}

#[test]
fn a_member_that_is_null_leaves_the_rest_of_an_error_readable() {
    let body = br#"[{"errorCode":"INVALID_FIELD","message":null,"fields":null}]"#;
    assert_eq!(
        Fault::read(400, body).to_string(),
        "Salesforce refuses the request (HTTP 400 INVALID_FIELD)"
    );
    let failed = br#"{"success":false,"errors":null}"#;
    assert_eq!(
        Fault::in_success(200, failed).unwrap().disposition(),
        Disposition::Abort
    );
}

#[test]
fn one_failed_record_in_a_list_of_results_is_found_and_one_that_may_pass_decides() {
    let list = br#"[{"success":true,"errors":[]},{"success":false,"errors":[
        {"statusCode":"INVALID_FIELD","message":"","fields":[]},{"statusCode":"UNABLE_TO_LOCK_ROW","message":"","fields":[]}]}]"#;
    assert_eq!(
        Fault::in_success(200, list).unwrap().disposition(),
        Disposition::Retry
    );
    assert!(Fault::in_success(201, br#"{"hasErrors":true,"results":[]}"#).is_some());
    assert!(Fault::in_success(201, br#"{"hasErrors":false,"results":[]}"#).is_none());
}

#[test]
fn a_duplicate_names_the_record_that_holds_its_value() {
    let of = |code, message| {
        Fault::Refused(Refusal {
            code: String::from(code),
            message: String::from(message),
            ..Refusal::default()
        })
    };
    let message =
        "duplicate value found: Ext__c duplicates value on record with id: 0035g00000AbCdE.";
    let duplicate = of("DUPLICATE_VALUE", message);
    assert_eq!(duplicate.holder(), Some("0035g00000AbCdE"));
    assert_eq!(of("NOT_FOUND", message).holder(), None);
    assert_eq!(of("DUPLICATE_VALUE", "record with id: ").holder(), None);
}

#[test]
fn an_error_text_stays_short_whatever_the_answer_holds() {
    let fields: Vec<String> = (0..1_000).map(|_| "x".repeat(1_000)).collect();
    let body =
        serde_json::json!([{"errorCode": "X", "message": "m".repeat(100_000), "fields": fields}]);
    let text = Fault::read(400, body.to_string().as_bytes()).to_string();
    assert!(text.len() < 4_000, "{}", text.len());
}

#[test]
fn without_an_answer_of_salesforces_own_it_is_open_whether_it_has_written() {
    let at = |status, body: &[u8]| Fault::read(status, body).leaves_open();
    assert!(at(504, b"<html>"));
    assert!(at(502, b""));
    assert!(!at(
        500,
        br#"[{"errorCode":"UNKNOWN_EXCEPTION","message":""}]"#
    ));
    assert!(!at(400, br#"[{"errorCode":"INVALID_FIELD","message":""}]"#));
    assert!(Fault::Timeout(std::time::Duration::ZERO).leaves_open());
    assert!(!Fault::ConnectionRefused.leaves_open());
}

#[test]
fn a_result_that_says_no_is_no_success_whatever_else_it_holds() {
    for body in [
        &br#"{"success":false,"success":false}"#[..],
        br#"{"success":true,"success":false,"errors":null}"#,
        br#"{"success":false,"errors":[{"statusCode":5,"message":[]}]}"#,
        br#"{"success":false,"errors":"none","id":1e400}"#,
        br#"[null,{"success":false}]"#,
        b"{\"\xFF\":1,\"success\":false}",
    ] {
        assert!(Fault::in_success(200, body).is_some(), "{body:?}");
    }
}
