//! Tests of the error catalogue, row by row.

use super::*;
use Disposition::{Abort, Retry};

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

#[test]
fn a_passing_text_counts_only_for_the_orgs_own_code_and_for_ten_attempts() {
    let texts = [
        "LeadTrigger: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record",
        "System.LimitException: Too many SOQL queries: 101",
        "Too many SOSL queries: 21",
        "Too many query rows: 50001",
        "Too many DML statements: 151",
        "Apex CPU time limit exceeded",
        "Apex heap size too large: 6000001",
    ];
    for text in texts {
        for code in [
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
        ] {
            let fault = rest(400, code, text);
            assert_eq!(fault.disposition(), Retry, "{code} {text}");
            assert_eq!(fault.at_attempt(LAST_ATTEMPT).disposition(), Abort);
        }
        // A visitor has typed this text into a form, and Salesforce quotes it.
        for code in [
            "STRING_TOO_LONG",
            "INVALID_EMAIL_ADDRESS",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        ] {
            let quoting = format!("Title: data value too large: {text} (max length=128)");
            assert_eq!(rest(400, code, &quoting).disposition(), Abort, "{code}");
        }
    }
    let other = rest(
        400,
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "LeadTrigger: first error",
    );
    assert_eq!(other.disposition(), Abort);
}

#[test]
fn an_unknown_code_is_final_from_the_tenth_attempt_on() {
    let at = |attempt| {
        rest(400, "SOMETHING_NEW", "")
            .at_attempt(attempt)
            .disposition()
    };
    assert_eq!((at(0), at(9), at(10)), (Retry, Retry, Abort));
}

#[test]
fn of_several_errors_one_that_is_known_decides_before_one_that_is_not() {
    let body = br#"[{"errorCode":"SOMETHING_NEW","message":""},{"errorCode":"INVALID_FIELD","message":""}]"#;
    assert_eq!(Fault::read(400, body).disposition(), Abort);
}

#[test]
fn of_several_errors_one_that_may_pass_decides() {
    let body = br#"[{"errorCode":"INVALID_FIELD","message":""},{"errorCode":"UNABLE_TO_LOCK_ROW","message":""}]"#;
    assert_eq!(Fault::read(400, body).disposition(), Disposition::Retry);
}

#[test]
fn the_text_is_salesforces_own_with_the_fields_that_it_names() {
    let body = br#"[{"message":"Required fields are missing: [Company]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Company"]}]"#;
    let expected = "Salesforce rejected the request (HTTP 400 REQUIRED_FIELD_MISSING: Required fields are missing: [Company] (fields: Company))";
    assert_eq!(Fault::read(400, body).to_string(), expected);
}

#[test]
fn any_other_body_leaves_the_status_to_decide() {
    for body in ["", "[]", "<html>", "[null]", "5"] {
        assert_eq!(
            Fault::read(502, body.as_bytes()).to_string(),
            "Salesforce failed temporarily (HTTP 502)"
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
        "Salesforce rejected the request (HTTP 400 INVALID_FIELD)"
    );
    let failed = br#"{"success":false,"errors":null}"#;
    let fault = Fault::in_success(200, failed).unwrap();
    assert!(matches!(fault, Fault::Unknown(_)), "{fault}");
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
    for other in [
        "record with id: ",
        "duplicate value found: Ext__c duplicates value on record with id: <unknown>",
        "Title: duplicate value found: Ext__c duplicates value on record with id: 0035g00000AbCdE",
        "duplicate value found: a b duplicates value on record with id: 0035g00000AbCdE",
    ] {
        assert_eq!(of("DUPLICATE_VALUE", other).holder(), None, "{other}");
    }
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

#[test]
fn a_code_counts_whatever_else_an_error_holds() {
    for body in [
        r#"[{"errorCode":"INVALID_FIELD","message":5,"fields":"Email"}]"#,
        r#"[null,{"errorCode":"INVALID_FIELD","fields":["Email",null,{}]}]"#,
        r#"[{"errorCode":null,"statusCode":"INVALID_FIELD","message":{}}]"#,
        r#"[{"errorCode":"INVALID_FIELD","duplicateResut":[1]}]"#,
        r#"{"errorCode":"INVALID_FIELD","message":"alone"}"#,
    ] {
        let fault = Fault::read(400, body.as_bytes());
        assert_eq!(fault.disposition(), Abort, "{body}");
    }
    for body in [
        "{}",
        r#"{"message":"m"}"#,
        r#"[{"errorCode":["INVALID_FIELD"]}]"#,
    ] {
        let fault = Fault::read(400, body.as_bytes());
        assert_eq!(fault.disposition(), Retry, "{body}");
    }
}

#[test]
fn a_refusal_without_a_code_does_not_tell_that_the_session_was_accepted() {
    assert!(rest(400, "INVALID_FIELD", "").is_after_admission());
    assert!(rest(400, "SOMETHING_NEW", "").is_after_admission());
    for status in [300, 401, 403, 410, 413, 429, 500] {
        assert!(!rest(status, "", "").is_after_admission(), "{status}");
    }
}
