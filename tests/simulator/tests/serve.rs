//! The binary: a Salesforce in a process of its own, which a service in another process logs in to and writes to.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use salesforce_simulator::sample;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_salesforce-simulator");

/// A process that is ended with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it on a free port and reads its URL.
fn simulate() -> (Process, String) {
    let mut process = Command::new(BINARY)
        .env_clear()
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap());
    let mut url = String::new();
    printed.read_line(&mut url).unwrap();
    process.stdout = Some(printed.into_inner());
    (Process(process), url.trim().to_owned())
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn login(org: &str, client_secret: &str) -> reqwest::Response {
    let password = format!("{}{}", sample::PASSWORD, sample::SECURITY_TOKEN);
    let form = [
        ("grant_type", "password"),
        ("client_id", sample::CLIENT_ID),
        ("client_secret", client_secret),
        ("username", sample::USERNAME),
        ("password", &password),
    ];
    let request = http().post(format!("{org}/services/oauth2/token"));
    request.form(&form).send().await.unwrap()
}

#[tokio::test]
async fn it_prints_its_url_and_says_that_it_is_up() {
    let (_process, org) = simulate();
    let health = http().get(format!("{org}/health")).send().await.unwrap();
    assert_eq!(health.status(), 200);
}

/// A container's first process gets no default for SIGTERM: without a handler it would be killed after ten seconds.
#[cfg(unix)]
#[test]
fn it_ends_with_0_at_sigterm() {
    let (mut process, _org) = simulate();
    let kill = Command::new("kill")
        .arg(process.0.id().to_string())
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_record_that_is_written_is_found_by_a_query() {
    let (_process, org) = simulate();
    let token: Value = login(&org, sample::CLIENT_SECRET)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(token["instance_url"], org);
    let token = token["access_token"].as_str().unwrap();
    let data = format!("{org}/services/data/v50.0");

    let lead = json!({"LastName": "Doe", "Company": "Acme", "plan__c": "pro"});
    let request = http().post(format!("{data}/sobjects/Lead"));
    let created = request.bearer_auth(token).json(&lead).send().await.unwrap();
    assert_eq!(created.status(), 201);

    let request = http()
        .get(format!("{data}/query"))
        .query(&[("q", "SELECT LastName, plan__c FROM Lead")]);
    let found = request.bearer_auth(token).send().await.unwrap();
    let found: Value = found.json().await.unwrap();
    assert_eq!(
        (
            &found["records"][0]["LastName"],
            &found["records"][0]["plan__c"]
        ),
        (&json!("Doe"), &json!("pro"))
    );
}

#[tokio::test]
async fn a_wrong_connected_app_is_refused() {
    let (_process, org) = simulate();
    assert_eq!(login(&org, "wrong").await.status(), 400);
}

#[test]
fn a_port_that_is_taken_is_named_in_the_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(BINARY)
        .env_clear()
        .args(["--port", &port])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("PORT") && said.contains(&port), "{said}");
}
