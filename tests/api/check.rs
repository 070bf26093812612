//! The subcommand `check`, as an operator runs it: the real program against a served org.

use std::process::Output;

use salesforce_simulator::{DuplicateRule, Simulator};
use serde_json::Value;

use crate::{
    fixtures::{INTEGRATION_USER, open_org, org},
    keys::KEY_FILE,
    planted::{CLIENT_ID, CLIENT_SECRET, PASSWORD, SECURITY_TOKEN},
    process::{self, Process, Settings},
    service::{assert_says, serve},
};

/// Runs the subcommand with these arguments and this environment, and no other.
async fn run(arguments: &[&str], environment: &Settings<'_>) -> Output {
    process::run(&[&["check"], arguments].concat(), environment).await
}

/// Checks an org by client credentials, with further settings.
async fn check(org: &Simulator, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let salesforce = serve(org.router()).await;
    let environment = [
        ("SALESFORCE_AUTH", "client-credentials"),
        ("SALESFORCE_LOGIN_URL", &salesforce),
        ("SALESFORCE_ALLOWED_HOSTS", &salesforce),
        ("SALESFORCE_CLIENT_ID", CLIENT_ID),
        ("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET),
        ("HOST", "127.0.0.1"),
        ("PORT", "1"),
    ];
    run(arguments, &[&environment[..], more].concat()).await
}

/// What was found: the exit code, and each check with its state and text.
async fn found(org: &Simulator, more: &[(&str, &str)]) -> (Option<i32>, Value) {
    let output = check(org, &["--json"], more).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let works = output.status.code() == Some(0);
    assert_eq!(report["works"], works, "{report}");
    (output.status.code(), report["checks"].clone())
}

/// The state and the text of one check.
fn one<'f>(findings: &'f Value, check: &str) -> (&'f str, &'f str) {
    let mut findings = findings.as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["check"] == check).unwrap();
    let text = |name: &str| finding[name].as_str().unwrap();
    (text("state"), text("says"))
}

#[tokio::test]
async fn an_org_in_which_everything_works_is_shown_in_plain_words() {
    let org = open_org().build();
    let output = check(&org, &[], &[]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "ok    settings          SALESFORCE_AUTH=client-credentials, REST API 50.0",
        "ok    login             logged in to http://127.0.0.1:",
        "ok    API version       the org supports 50.0; the newest version is 68.0",
        "ok    API access        the user may call the REST API",
        "ok    Lead              the user may read, create and update records",
        "note  Lead fields       ",
        "ok    Lead keys         no field is a unique external id, so a reverse-ETL sync looks its records up",
        "ok    Contact           the user may read, create and update records",
        "note  Contact fields    ",
        "ok    assignment rules  none is active",
        "ok    duplicate rules   none is active",
        "ok    calls left today  14995 of 15000, of which 1500 are reserved",
        "note  rudder-server     no service answers at http://127.0.0.1:1: run check on the machine of the service",
        "Everything that events need works.",
    ] {
        assert_says(&text, line);
    }
    assert_eq!((org.calls().token, org.calls().total_api()), (1, 5));
}

#[tokio::test]
async fn fields_that_the_mapping_fills_and_the_org_does_not_have_are_named() {
    let (_, findings) = found(&open_org().build(), &[]).await;
    let (state, says) = one(&findings, "Lead fields");
    assert_eq!(state, "note");
    for field in [
        "MiddleName",
        "CountryCode",
        "CurrencyIsoCode",
        "RecordTypeId",
    ] {
        assert_says(says, field);
    }
    assert!(!says.contains("LastName"), "{says}");
}

#[tokio::test]
async fn the_fields_by_which_a_sync_needs_no_lookup_are_named() {
    let org = open_org()
        .external_id("Lead", "Key__c", true)
        .external_id("Lead", "Shared__c", false)
        .external_id("Contact", "Key__c", true)
        .build();
    for (setting, check, words) in [
        (
            ("ASSIGNMENT_RULES", "always"),
            "Lead keys",
            "by Key__c needs no lookup",
        ),
        (
            ("ASSIGNMENT_RULES", "create"),
            "Lead keys",
            "by Key__c without a lookup, but a setting",
        ),
        (
            ("ASSIGNMENT_RULES", "create"),
            "Contact keys",
            "by Key__c needs no lookup",
        ),
        (("SKIP_UNCHANGED", "true"), "Contact keys", "but a setting"),
        (
            ("SALESFORCE_API_VERSION", "45.0"),
            "Contact keys",
            "but a setting",
        ),
    ] {
        let (_, findings) = found(&org, &[setting]).await;
        let (state, says) = one(&findings, check);
        assert_eq!(state, "works");
        assert_says(says, words);
    }
}

#[tokio::test]
async fn each_flow_and_a_destination_of_its_own_can_be_checked() {
    let org = open_org().build();
    let salesforce = serve(org.router()).await;
    let all = [
        ("SALESFORCE_LOGIN_URL", salesforce.as_str()),
        ("SALESFORCE_ALLOWED_HOSTS", &salesforce),
        ("SALESFORCE_CLIENT_ID", CLIENT_ID),
        ("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET),
        ("SALESFORCE_USERNAME", "crm@acme.example"),
        ("SALESFORCE_PASSWORD", PASSWORD),
        ("SALESFORCE_SECURITY_TOKEN", SECURITY_TOKEN),
        ("SALESFORCE_AUTH_dst_1", "jwt-bearer"),
        ("SALESFORCE_JWT_SUBJECT_dst_1", INTEGRATION_USER),
        ("SALESFORCE_JWT_KEY_FILE_dst_1", KEY_FILE.to_str().unwrap()),
    ];
    for (arguments, state, words) in [
        (
            &["--json"][..],
            "note",
            "with a password. Salesforce retires this flow on 2027-02-20",
        ),
        (
            &["--json", "--destination", "dst-1"],
            "works",
            "logged in to",
        ),
    ] {
        let output = run(arguments, &all).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (found, says) = one(&report["checks"], "login");
        assert_eq!(found, state, "{says}");
        assert_says(says, words);
    }
}

#[tokio::test]
async fn what_does_not_work_is_named_with_what_to_do_and_ends_with_1() {
    for (org, more, check, words) in [
        (org().build(), &[][..], "login", "\"Run As\""),
        (
            open_org().build(),
            &[("SALESFORCE_CLIENT_SECRET", "old")],
            "login",
            "SALESFORCE_CLIENT_SECRET",
        ),
        (
            open_org().build(),
            &[("SALESFORCE_LOGIN_URL", "https://login.salesforce.com")],
            "settings",
            "My Domain",
        ),
        (
            open_org().build(),
            &[("SALESFORCE_AUTH_dst_1", "magic")],
            "settings",
            "SALESFORCE_AUTH_dst_1",
        ),
        (
            open_org().build(),
            &[("SALESFORCE_API_VERSION", "20.0")],
            "API version",
            "SALESFORCE_API_VERSION",
        ),
        (
            open_org().without_api().build(),
            &[],
            "API access",
            "API Enabled",
        ),
        (
            open_org().without_object("Contact").build(),
            &[],
            "Contact",
            "Read, Create and Edit on Contact",
        ),
        (
            open_org().read_only("Lead").build(),
            &[],
            "Lead",
            "the user lacks Create and Edit",
        ),
        (
            open_org().read_only("Lead").build(),
            &[],
            "Lead fields",
            "cannot write Email, FirstName, LastName, Company",
        ),
        (
            open_org().without_field("Lead", "Company").build(),
            &[],
            "Lead fields",
            "cannot read Company",
        ),
        (
            open_org().build(),
            &[("API_RESERVE", "14996")],
            "calls left today",
            "events are retried",
        ),
    ] {
        let (code, findings) = found(&org, more).await;
        let (state, says) = one(&findings, check);
        assert_eq!((code, state), (Some(1), "fails"), "{check}: {says}");
        assert_says(says, words);
    }
}

#[tokio::test]
async fn what_a_failure_keeps_from_being_looked_at_is_skipped() {
    let (_, findings) = found(&org().build(), &[]).await;
    let states = findings.as_array().unwrap().iter();
    let states: Vec<_> = states
        .map(|finding| finding["state"].as_str().unwrap())
        .collect();
    let skipped = ["skipped"; 9];
    assert_eq!(
        states,
        [&["works", "fails", "works", "note"], &skipped[..]].concat()
    );
}

#[tokio::test]
async fn whether_rudder_server_uses_the_service_beside_it_is_told() {
    let service = Process::start(&[]).await;
    let port = service.port().to_string();
    let org = open_org().build();
    for (state, words) in [
        (
            "note",
            "check that DEST_TRANSFORM_URL of rudder-server is the address of this service",
        ),
        (
            "works",
            "rudder-server uses the service at http://127.0.0.1:",
        ),
    ] {
        let (code, findings) = found(&org, &[("PORT", &port)]).await;
        let (found, says) = one(&findings, "rudder-server");
        assert_eq!((code, found), (Some(0), state), "{says}");
        assert_says(says, words);
        service.get("/features").await;
    }
}

/// An org with two assignment rules for leads, of which one is active, and active duplicate rules for leads and contacts.
fn org_with_rules() -> Simulator {
    open_org()
        .assignment_rule("Lead", RULE, OWNER, true)
        .assignment_rule("Lead", "01Q5g0000000002EAA", OWNER, false)
        .assignment_rule("Case", "01Q5g0000000004EAA", OWNER, false)
        .matching(DuplicateRule::new("Lead", "Same_Phone", &["Phone"]))
        .matching(DuplicateRule::new("Contact", "Same_Name", &["LastName"]))
        .matching(DuplicateRule::new("Lead", "Off", &["Title"]).inactive())
        .build()
}

const RULE: &str = "01Q5g0000000001EAA";
const OWNER: &str = "0055g0000000009AAA";

#[tokio::test]
async fn each_policy_says_what_it_makes_of_the_orgs_assignment_rules() {
    let org = org_with_rules();
    for (setting, expected, words) in [
        ("create", (Some(0), "works"), "not when it is updated"),
        ("never", (Some(0), "works"), "do not run them"),
        ("always", (Some(0), "note"), "may change the record's owner"),
        (
            "01Q5g0000000002",
            (Some(0), "works"),
            "(01Q5g0000000002EAA) runs when a record is created",
        ),
        (
            "01Q5g0000000004",
            (Some(0), "note"),
            "Salesforce may refuse creates of leads with this id",
        ),
        (
            "01Q5g0000000003",
            (Some(1), "fails"),
            "the org has no assignment rule with this id; its rules: Lead",
        ),
    ] {
        let (code, findings) = found(&org, &[("ASSIGNMENT_RULES", setting)]).await;
        let (state, says) = one(&findings, "assignment rules");
        assert_eq!((code, state), expected, "{setting}: {says}");
        assert_says(says, words);
        assert_says(says, RULE);
    }
}

#[tokio::test]
async fn rules_that_the_user_may_not_see_are_a_note() {
    for (object, check) in [
        ("AssignmentRule", "assignment rules"),
        ("DuplicateRule", "duplicate rules"),
    ] {
        let org = open_org().without_object(object).build();
        let (code, findings) = found(&org, &[]).await;
        let (state, says) = one(&findings, check);
        assert_eq!((code, state), (Some(0), "note"), "{says}");
        assert_says(says, "View Setup and Configuration");
    }
}

#[tokio::test]
async fn each_policy_says_what_it_makes_of_the_orgs_active_duplicate_rules() {
    let org = org_with_rules();
    for (setting, expected, words) in [
        ("refuse", "note", "fails with 400"),
        ("update", "works", "the matching record is updated"),
        ("save", "works", "override those that only alert"),
    ] {
        let version = ("SALESFORCE_API_VERSION", "60.0");
        let (_, findings) = found(&org, &[("DUPLICATES", setting), version]).await;
        let (state, says) = one(&findings, "duplicate rules");
        assert_eq!(state, expected, "{says}");
        assert_says(says, words);
        for rule in ["Lead Same_Phone", "Contact Same_Name"] {
            assert_says(says, rule);
        }
        assert!(!says.contains("Off"), "{says}");
    }
}

#[tokio::test]
async fn a_password_login_without_a_user_says_what_to_set() {
    let output = run(&["--json"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_says(one(&report["checks"], "login").1, "set SALESFORCE_USERNAME");
}

#[tokio::test]
async fn a_variable_that_looks_like_a_setting_is_noted() {
    let settings = [("SALESFORCE_PASSWORD_FILE", "planted-value")];
    let output = run(&["--json"], &settings).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        one(&report["checks"], "variables"),
        (
            "note",
            "SALESFORCE_PASSWORD_FILE is not a setting of this service; the nearest name is SALESFORCE_PASSWORD"
        )
    );
}
