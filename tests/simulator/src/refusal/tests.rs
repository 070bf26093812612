//! How refusals are written.

use axum::http::StatusCode;
use serde_json::json;

use super::*;

#[test]
fn a_refused_record_is_an_array_that_names_its_fields() {
    let refusal = Refusal::RequiredMissing(vec!["Company".into(), "LastName".into()]);
    let body = json!([{
        "message": "Required fields are missing: [Company, LastName]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["Company", "LastName"],
    }]);
    assert_eq!(
        Answer::from(refusal),
        Answer::new(StatusCode::BAD_REQUEST, body)
    );
}

#[test]
fn a_refusal_that_is_not_about_a_record_has_no_fields() {
    let body =
        json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]);
    assert_eq!(
        Answer::from(Refusal::InvalidSession),
        Answer::new(StatusCode::UNAUTHORIZED, body)
    );
}
