//! Rules `call-options` and `duplicate-rules`: who calls, on every call, and `allowSave` on creates alone.

use salesforce_simulator::{DuplicateRule, LoggedCall, Simulator};
use serde_json::{Value, json};

use super::{WAYS, Way, named};
use crate::{
    fixtures::{lead_job, nothing_found, org, salesforce_that_answers},
    inline::{deliver, inline, new_leads, statuses},
    process,
    service::{Service, serve},
};

/// The header that names the caller, and what this service says in it.
const CALL_OPTIONS: &str = "Sforce-Call-Options";
const CLIENT: &str = concat!("client=salesforce-transformer/", env!("CARGO_PKG_VERSION"));

/// The path of each call, with what names the caller.
fn callers(org: &Simulator) -> Vec<(String, Option<String>)> {
    let caller = |call: LoggedCall| (call.path, call.call_options);
    org.log().into_iter().map(caller).collect()
}

#[track_caller]
fn assert_all_named(org: &Simulator, paths: &[&str]) {
    let callers = callers(org);
    for (path, caller) in &callers {
        assert_eq!(caller.as_deref(), Some(CLIENT), "{path}");
    }
    for expected in paths {
        let is_there = callers.iter().any(|(path, _)| path.contains(expected));
        assert!(is_there, "{expected} in {callers:?}");
    }
}

#[tokio::test]
async fn a_login_and_a_query_name_the_caller() {
    let salesforce = salesforce_that_answers(nothing_found()).await;
    let service = Service::start(&salesforce.uri(), &["--preflight", "off"]).await;
    service.router([lead_job(1, "ada@example.com")]).await;
    let requests = salesforce.received_requests().await.unwrap();
    let callers = requests.iter().map(|request| {
        let caller = request.headers.get(CALL_OPTIONS);
        (
            request.url.path(),
            caller.map(|name| name.to_str().unwrap()),
        )
    });
    let expected = ["/services/oauth2/token", "/services/data/v50.0/query"];
    assert_eq!(
        callers.collect::<Vec<_>>(),
        expected.map(|path| (path, Some(CLIENT)))
    );
}

#[tokio::test]
async fn collections_and_composites_name_the_caller() {
    let org = org().build();
    let service = inline(&org, &["--delivery-window", "100ms"]).await;
    let entries = deliver(&service, new_leads(300)).await;
    assert_eq!(statuses(&entries), [299; 300]);
    assert_all_named(&org, &["/query", "/composite"]);
}

#[tokio::test]
async fn the_check_of_an_org_names_the_caller() {
    let org = crate::fixtures::open_org().build();
    let salesforce = serve(org.router()).await;
    let login = [("SALESFORCE_AUTH", "client-credentials")];
    let settings = process::for_org(&salesforce, &login);
    process::run(&["check"], &settings).await;
    assert_all_named(&org, &["/describe"]);
}

/// A way's service that saves duplicates, in an org with this rule and an account that it finds.
async fn saving(way: Way, rule: DuplicateRule) -> (Simulator, Service, String) {
    let org = org().matching(rule).build();
    let id = org.insert("Account", json!({"Name": "Acme"})).unwrap();
    let flags = ["--duplicates", "save", "--salesforce-api-version", "52.0"];
    let service = way.service(&org, &flags).await;
    (org, service, id)
}

/// An event of the account that the rule finds: named by its id, or a new one.
fn acme(id: u64, record: Option<&str>) -> Value {
    named(id, "Account", record, json!({"Name": "Acme"}))
}

fn same_name() -> DuplicateRule {
    DuplicateRule::new("Account", "Same_Name", &["Name"])
}

#[tokio::test]
async fn save_lets_a_create_pass_an_alert_and_says_nothing_on_an_update() {
    for way in WAYS {
        let (org, service, id) = saving(way, same_name().alert()).await;
        way.deliver(&service, vec![acme(1, Some(&id))]).await;
        way.deliver(&service, vec![acme(2, None)]).await;
        assert_eq!(org.records("Account").len(), 2, "{way:?}");
        let writes = org.log().into_iter();
        let writes = writes.filter(|call| call.path.contains("/sobjects") && call.method != "GET");
        let headers: Vec<_> = writes.map(|call| call.duplicate_rule).collect();
        assert_eq!(headers, [None, Some("allowSave=true".into())], "{way:?}");
    }
}

#[tokio::test]
async fn a_rule_that_blocks_refuses_what_is_to_be_saved() {
    let (org, service, _) = saving(Way::Inline, same_name()).await;
    let entries = deliver(&service, [acme(1, None)]).await;
    assert_eq!(statuses(&entries), [400], "{entries:?}");
    let (proxied, service, _) = saving(Way::Proxy, same_name()).await;
    let entry = service.router([acme(1, None)]).await[0].take();
    let output = crate::delivery::deliver(&service, &entry).await;
    assert_eq!(output["response"][0]["statusCode"], json!(400), "{output}");
    assert_eq!(
        (
            org.records("Account").len(),
            proxied.records("Account").len()
        ),
        (1, 1)
    );
}
