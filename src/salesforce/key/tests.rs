//! What a key says of its value.

use super::*;
use crate::json::value;

fn key(json: &str) -> Key {
    Key::new("Lead", "Ext__c", value(json)).unwrap()
}

#[test]
fn a_value_names_its_record_in_a_path_unless_it_means_something_else_there() {
    for (json, fits) in [
        (r#""a/b c""#, true),
        (r#""acme.inc""#, false),
        (r#""ACME.Inc""#, false),
        (r#"".""#, false),
        (r#""..""#, false),
        (r#""ü.inc.""#, true),
        ("42", true),
        ("-4.5", true),
        ("1e3", false),
        ("true", false),
    ] {
        assert_eq!(key(json).fits_into_path(), fits, "{json}");
    }
}

#[test]
fn values_are_alike_that_salesforce_may_take_for_one_external_id() {
    for (one, other, alike) in [
        (r#""a1""#, r#""A1 ""#, true),
        (r#""Ü""#, r#""ü""#, true),
        ("42", r#""42.0""#, true),
        (r#""a1""#, r#""a2""#, false),
        ("42", "43", false),
    ] {
        assert_eq!(
            key(one).alike() == key(other).alike(),
            alike,
            "{one} {other}"
        );
    }
}
