//! Policies that cannot be read, or that Salesforce could not heed, stop the start with a text that names the setting.

use crate::{process, service::assert_says};

/// What the program says that does not start with this setting and API version.
async fn refused(setting: (&str, &str), version: &str) -> String {
    let settings = [setting, ("SALESFORCE_API_VERSION", version)];
    let output = process::run(&[], &settings).await;
    assert_eq!(output.status.code(), Some(2), "{setting:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn an_unknown_policy_and_a_rule_id_that_is_none_are_refused_with_the_values() {
    for value in [
        "sometimes",
        "CREATE",
        "01Q5g00000000",
        "00Q5g0000000001EAA",
        "01Q5g0000000001EA!",
    ] {
        for (name, spelling) in [
            ("ASSIGNMENT_RULES", "assignment-rules"),
            ("ASSIGNMENT_RULES_dst_1", "ASSIGNMENT_RULES_dst_1"),
        ] {
            let text = refused((name, value), "60.0").await;
            assert_says(&text, spelling);
            assert_says(
                &text,
                "create, always, never, or the id of an assignment rule",
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_policy_for_duplicates_is_refused_with_the_values() {
    let text = refused(("DUPLICATES", "merge"), "60.0").await;
    assert_says(&text, "[possible values: refuse, update, save]");
    let text = refused(("DUPLICATES_dst_1", "merge"), "60.0").await;
    assert_says(
        &text,
        "DUPLICATES_dst_1: it must be one of: refuse, update, save",
    );
}

#[tokio::test]
async fn save_at_a_version_that_ignores_the_header_is_refused_and_both_are_named() {
    for name in ["DUPLICATES", "DUPLICATES_dst_1"] {
        let text = refused((name, "save"), "51.0").await;
        assert_says(
            &text,
            "DUPLICATES=save needs SALESFORCE_API_VERSION 52.0 or later, and it is 51.0",
        );
    }
}
