//! That a secret in a log is found, and fails the suite wherever it was logged. Each leak is planted in a run of this program of
//! its own, which it ends.

use std::{env, process::Command, thread};

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use crate::{
    fixtures::{INTEGRATION_USER, destination, known_lead, lead_job, oauth_job, org},
    keys::KEYS,
    log,
    planted::{BEARER, CLIENT_ID, CLIENT_SECRET, TOKEN, leak_in},
    process::Process,
    service::{Service, assert_says},
};

/// Where the leak of such a run is.
const PLACE: &str = "PLANTED_LEAK";

/// Every text of a JSON value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[test]
fn what_the_fixtures_plant_is_found() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let event = &lead_job(1, "ada@example.com")["message"];
    let login = &destination("dst-1")["Config"];
    let given = [login, &event["userId"], &event["traits"]].map(texts);
    let constants = [CLIENT_ID, CLIENT_SECRET, TOKEN, BEARER, INTEGRATION_USER];
    let key = EncodingKey::from_secret(b"key");
    let made = [
        org.session(),
        jsonwebtoken::encode(&Header::default(), &json!({}), &key).unwrap(),
        KEYS.private.clone(),
        org.records("Lead")[0]["LastName"].to_string(),
        "WHERE+Email+%3D+%27bob%40acme.test%27".to_owned(),
    ];
    let secrets = [&given.concat()[..], &constants.map(String::from), &made].concat();
    assert_eq!(secrets.len(), 15, "{secrets:?}");
    for secret in secrets {
        let line = format!(r#"{{"message":"ä {secret}"}}"#);
        assert!(leak_in(&line).is_some(), "{secret}");
    }
    for line in ["", "@", "a @ b", "%40", "http://127.0.0.1:80/", "ä@"] {
        assert_eq!(leak_in(line), None, "{line}");
    }
}

/// Where this run is to leak.
#[expect(
    clippy::disallowed_methods,
    reason = "no setting of the service: it tells the run that leaks from the one that looks on"
)]
fn place() -> Option<String> {
    env::var(PLACE).ok()
}

/// Logs a secret there, the last two times by a library that has to connect to a host with a telling name.
async fn leak(place: &str) {
    let secret = json!({"access_token": "x", "instance_url": "https://planted.invalid"});
    let jobs = [oauth_job(1, secret)];
    log::watch();
    match place {
        "a task" => drop(tokio::spawn(async { tracing::trace!(TOKEN) }).await),
        "a thread" => drop(thread::spawn(|| tracing::trace!("{TOKEN}")).join()),
        "the service" => {
            let hosts = "*.invalid,http://127.0.0.1:1";
            let flags = ["--salesforce-allowed-hosts", hosts];
            let service = Service::start("http://127.0.0.1:1", &flags).await;
            service.router(jobs).await;
        }
        "a process" => {
            let settings = [
                ("SALESFORCE_ALLOWED_HOSTS", "*.invalid"),
                ("SHUTDOWN_DELAY", "0s"),
            ];
            let mut process = Process::start(&settings).await;
            let body = json!({"input": jobs, "destType": "salesforce_oauth"});
            process.post("/routerTransform", body.to_string()).await;
            // A process that is killed takes the lines with it that wait to be written.
            process.terminate();
            process.ended().await;
        }
        place => panic!("no leak for {place}"),
    }
}

#[tokio::test]
async fn a_leak_ends_the_suite_with_its_line_wherever_it_is_logged() {
    if let Some(place) = place() {
        return leak(&place).await;
    }
    let this = "leaks::a_leak_ends_the_suite_with_its_line_wherever_it_is_logged";
    let (told, host) = ("planted-token", "planted.invalid");
    for (place, line) in [
        ("a task", told),
        ("a thread", told),
        ("the service", host),
        ("a process", host),
    ] {
        let mut suite = Command::new(env::current_exe().unwrap());
        suite
            .args(["--exact", this, "--test-threads=2"])
            .env(PLACE, place);
        let run = tokio::task::spawn_blocking(move || suite.output().unwrap());
        let output = run.await.unwrap();
        let [said, report] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(!output.status.success(), "{place}: {report}");
        assert_says(&report, "A secret was logged: planted");
        for words in [line, "TRACE"] {
            assert_says(&report, words);
        }
        if place != "a thread" {
            assert_says(&report, this);
        }
        // It has not been a test that failed.
        assert!(!said.contains("test result"), "{place}: {said}");
    }
}
