//! `simulate`: a Salesforce in a process of its own, which a service in another process logs in to and writes to.
#![expect(
    clippy::unwrap_used,
    reason = "a step that fails fails its test, also in a helper"
)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use clap::Parser;
use salesforce_transformer::{Config, app, lifecycle::Lifecycle, simulator::sample};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_salesforce-transformer");

/// A process that is ended with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `simulate` on a free port and reads its URL.
fn simulate() -> (Process, String) {
    let mut process = Command::new(BINARY)
        .env_clear()
        .args(["simulate", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap());
    let mut url = String::new();
    printed.read_line(&mut url).unwrap();
    process.stdout = Some(printed.into_inner());
    (Process(process), url.trim().to_owned())
}

/// A service on a free port, with the settings that `deploy/compose.yaml` gives it.
async fn serve(org: &str) -> String {
    #[derive(clap::Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }
    let settings = Settings::parse_from([
        "test",
        "--salesforce-login-url",
        org,
        "--salesforce-allowed-hosts",
        org,
        "--salesforce-client-id",
        sample::CLIENT_ID,
        "--salesforce-client-secret",
        sample::CLIENT_SECRET,
    ]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(&settings.config, Lifecycle::default()).unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    format!("http://{address}")
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
async fn it_prints_its_url_and_answers_the_health_command() {
    let (_process, org) = simulate();
    let port = org.rsplit_once(':').unwrap().1;
    let health = Command::new(BINARY)
        .env_clear()
        .args(["health", "--port", port])
        .output()
        .unwrap();
    assert!(health.status.success(), "{health:?}");
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

/// The stack of `deploy/compose.yaml` is never run here; that its destination can log in is what this test can tell.
#[tokio::test]
async fn the_destination_of_the_compose_stack_is_served() {
    let (_process, org) = simulate();
    let workspace: Value =
        serde_json::from_str(include_str!("../deploy/compose/workspace.json")).unwrap();
    let destination = &workspace["sources"][0]["destinations"][0];
    let job = json!({
        "message": {"type": "identify", "userId": "you", "integrations": {"Salesforce": true},
            "traits": {"name": "Grace Hopper", "email": "grace@navy.example", "company": "Navy"}},
        "metadata": {"jobId": 1},
        "destination": {
            "ID": destination["id"],
            "Config": destination["config"],
            "DestinationDefinition": {"Name": destination["destinationDefinition"]["name"], "DisplayName": "Salesforce"},
        },
    });
    let service = serve(&org).await;
    let request = http().post(format!("{service}/routerTransform"));
    let body = json!({"input": [job], "destType": "salesforce"});
    let answer: Value = request
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let output = &answer["output"][0];
    assert_eq!(output["statusCode"], 200, "{answer}");
    let endpoint = output["batchedRequest"][0]["endpoint"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(endpoint.starts_with(&org), "{endpoint}");
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
        .args(["simulate", "--port", &port])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("PORT") && said.contains(&port), "{said}");
}
