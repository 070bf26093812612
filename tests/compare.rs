//! `compare` and `--record`, as an operator runs them: the real binary, between two real services.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use salesforce_simulator::{Simulator, flags_for};
use salesforce_transformer::{Config, app, lifecycle::Lifecycle, server::memory::InFlight};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Starts a service for an org, and returns its URL.
async fn service(salesforce: &str, flags: &[&str]) -> (String, Lifecycle) {
    let config = Config::from_flags([&flags_for(salesforce), flags].concat()).unwrap();
    let life = Lifecycle::default();
    let app = app(&config, life.clone(), InFlight::default()).unwrap();
    (serve(app).await, life)
}

async fn serve(app: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

async fn org() -> String {
    let org = Simulator::builder().user("u", "p", "t").build();
    org.insert(
        "Lead",
        json!({"LastName": "Known", "Company": "Acme", "Email": "known@example.com"}),
    )
    .unwrap();
    serve(org.router()).await
}

/// A file of its own for each test.
fn file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("compare-{name}"));
    fs::write(&file, content).unwrap();
    file
}

fn job(id: u64, traits: &Value, gate: bool) -> Value {
    json!({
        "message": {"type": "identify", "userId": "u1", "traits": traits, "integrations": {"Salesforce": gate}},
        "metadata": {"jobId": id},
        "destination": {
            "ID": "dst-1", "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
            "Config": {"userName": "u", "password": "p", "initialAccessToken": "t"},
        },
    })
}

fn batch(jobs: &[Value]) -> String {
    json!({"input": jobs, "destType": "salesforce"}).to_string()
}

async fn compare(reference: &str, candidate: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"));
    command
        .args([
            "compare",
            "--reference",
            reference,
            "--candidate",
            candidate,
        ])
        .args(arguments);
    command.stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_service_equals_itself() {
    let org = org().await;
    let ((one, _), (other, _)) = (service(&org, &[]).await, service(&org, &[]).await);
    let body = file(
        "equal",
        &batch(&[job(1, &json!({"email": "known@example.com"}), true)]),
    );
    let output = compare(
        &one,
        &other,
        &["--path", "/routerTransform", body.to_str().unwrap()],
    )
    .await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains("equal: 1 requests, 1 events"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn differences_are_told_by_event_and_by_kind() {
    let org = org().await;
    let (stock, _) = service(&org, &["--compatibility", "stock"]).await;
    let (documented, _) = service(&org, &["--preflight", "off"]).await;
    let jobs = [
        job(1, &json!({"email": "known@example.com", "score": 0}), true),
        job(2, &json!({"email": "new@example.com"}), false),
    ];
    let body = file("different", &batch(&jobs));
    let arguments = ["--path", "/routerTransform", body.to_str().unwrap()];
    let output = compare(&stock, &documented, &arguments).await;
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for words in [
        "job 1",
        "job 2",
        "/batchedRequest/0/method",
        "score__c",
        "/statusCode",
        "2 of them differ",
    ] {
        assert!(text.contains(words), "not said: {words}\n{text}");
    }
    let explained = compare(
        &stock,
        &documented,
        &[&arguments[..], &["--explain-documented"]].concat(),
    )
    .await;
    let text = said(&explained);
    assert_eq!(explained.status.code(), Some(0), "{text}");
    for rule in ["gate: ", "custom-fields: ", "request: "] {
        assert!(text.contains(rule), "not said: {rule}\n{text}");
    }
}

#[tokio::test]
async fn pointers_can_be_ignored_and_programs_get_json() {
    let org = org().await;
    let (stock, _) = service(&org, &["--compatibility", "stock"]).await;
    let (documented, _) = service(&org, &["--preflight", "off"]).await;
    let body = file(
        "ignored",
        &batch(&[job(1, &json!({"email": "known@example.com"}), true)]),
    );
    let arguments = [
        "--path",
        "/routerTransform",
        body.to_str().unwrap(),
        "--json",
    ];
    let output = compare(&stock, &documented, &arguments).await;
    let lines: Vec<Value> = said(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (
            lines[0]["event"].as_str(),
            lines.last().unwrap()["differing"].as_u64()
        ),
        (Some("job 1"), Some(1))
    );
    let ignoring = [
        "--ignore",
        "/batchedRequest/*/method",
        "--ignore",
        "/batchedRequest/*/endpoint",
        "--ignore",
        "/batchedRequest/*/headers/*",
        "--ignore",
        "/metadata/destInfo/lookedUp",
    ];
    let output = compare(&stock, &documented, &[&arguments[..], &ignoring].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test]
async fn what_cannot_be_compared_ends_with_2() {
    let body = file("unreachable", &batch(&[]));
    let body = body.to_str().unwrap();
    let nobody = "http://127.0.0.1:1";
    for arguments in [
        &["--path", "/routerTransform", body][..],
        &["no such file"],
        &[body],
    ] {
        let output = compare(nobody, nobody, arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        let is_said = errors.contains("error: ") || errors.contains("line 1: it is not an object");
        assert!(is_said, "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_named_and_the_others_are_compared() {
    let org = org().await;
    let ((one, _), (other, _)) = (service(&org, &[]).await, service(&org, &[]).await);
    let body = batch(&[job(1, &json!({"email": "known@example.com"}), true)]);
    let body: Value = serde_json::from_str(&body).unwrap();
    let line = json!({"path": "/routerTransform", "headers": {}, "body": body}).to_string();
    let torn = &line[..line.len() - 10];
    let header = json!({"path": "/x", "headers": {"a b": "known@example.com"}, "body": {}});
    let text = format!("{line}\n{torn}\n\nhunter2\n{{\"path\": \"/hunter2\"}}\n{header}\n{line}\n");
    let recording = file("unread", "");
    let bytes = [text.as_bytes(), b"\xff\x00\n", line.as_bytes()].concat();
    fs::write(&recording, bytes).unwrap();
    let recording = recording.to_str().unwrap();

    let output = compare(&one, &other, &[recording]).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    for words in [
        "line 2: it is torn",
        "line 4: it is not JSON at column 1",
        "line 5: it is not an object with `path`",
        "line 6: it has a header that cannot be sent",
        "line 8: it is not JSON at column 1",
    ] {
        let words = format!("{recording}, {words}");
        assert!(errors.contains(&words), "not said: {words}\n{errors}");
    }
    assert_eq!(errors.lines().count(), 5, "{errors}");
    assert!(
        !errors.contains("hunter2") && !errors.contains('@'),
        "{errors}"
    );
    for words in [
        "equal as far as it could be read: 3 requests, 3 events",
        "5  lines could not be read",
    ] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }

    let output = compare(&one, &other, &[recording, "--json"]).await;
    let lines: Vec<Value> = said(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["line"], 2);
    assert_eq!(lines.last().unwrap()["unread"], 5);
}

#[tokio::test]
async fn a_difference_counts_for_more_than_a_line_that_cannot_be_read() {
    let org = org().await;
    let (stock, _) = service(&org, &["--compatibility", "stock"]).await;
    let (documented, _) = service(&org, &["--preflight", "off"]).await;
    let body: Value = serde_json::from_str(&batch(&[job(
        1,
        &json!({"email": "new@example.com"}),
        false,
    )]))
    .unwrap();
    let line = json!({"path": "/routerTransform", "headers": {}, "body": body});
    let recording = file("unread-different", &format!("{{\n{line}\n"));
    let output = compare(&stock, &documented, &[recording.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[tokio::test]
async fn recorded_traffic_holds_no_secret_and_can_be_compared() {
    let org = org().await;
    let record = file("recorded", "");
    let (recording, _) = service(&org, &["--record", record.to_str().unwrap()]).await;
    let body = batch(&[job(1, &json!({"email": "known@example.com"}), true)]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http
        .post(format!("{recording}/routerTransform"))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let line = loop {
        let text = fs::read_to_string(&record).unwrap();
        if text.ends_with('\n') {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let line: Value = serde_json::from_str(&line).unwrap();
    let config = &line["body"]["input"][0]["destination"]["Config"];
    assert_eq!(
        (&line["path"], &config["password"]),
        (&json!("/routerTransform"), &json!("(a secret)"))
    );

    let login = file(
        "login",
        &json!({"userName": "u", "password": "p", "initialAccessToken": "t"}).to_string(),
    );
    let (other, _) = service(&org, &[]).await;
    let arguments = [
        record.to_str().unwrap(),
        "--destination-config",
        login.to_str().unwrap(),
    ];
    let output = compare(&recording, &other, &arguments).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("1 events"));
}
