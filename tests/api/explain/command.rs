//! The command `explain`, as a person runs it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use salesforce_simulator::{DuplicateRule, Simulator};
use serde_json::{Value, json};

use super::fitted_org;
use crate::{
    fixtures::{identify, known_lead, org},
    planted::{CLIENT_SECRET, PASSWORD, SECURITY_TOKEN, SESSION},
    process::{BINARY, for_org},
    service::{assert_says, serve},
};

/// A file that is gone after its test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("explain-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Runs the command. It shows values of events to the person who runs it, but no secret.
async fn explain(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("explain").args(arguments).env_clear();
    command.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    for said in [&output.stdout, &output.stderr] {
        let said = text(said);
        for secret in [PASSWORD, SECURITY_TOKEN, CLIENT_SECRET, SESSION, "Bearer"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    output
}

/// Runs the command against an org, with the login of its user.
async fn live(org: &Simulator, arguments: &[&str]) -> Output {
    let salesforce = serve(org.router()).await;
    let login = [
        ("SALESFORCE_USERNAME", "crm@acme.example"),
        ("SALESFORCE_PASSWORD", PASSWORD),
        ("SALESFORCE_SECURITY_TOKEN", SECURITY_TOKEN),
    ];
    explain(
        &[arguments, &["--live"]].concat(),
        &for_org(&salesforce, &login),
    )
    .await
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

fn ada() -> Value {
    let mut event = identify(json!({"email": "ada@example.com", "plan": "free"}));
    event["messageId"] = json!("m-1");
    event
}

#[tokio::test]
async fn without_settings_an_event_is_explained_without_asking_anybody() {
    let file = File::new("bare.json", &ada().to_string());
    let output = explain(&[file.path()], &[]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in [
        "event m-1 (line 1): sent (200)",
        "WHERE Email IN ('ada@example.com')",
        "if no record is found",
        "if one record is found",
        "1 event: 1 sent",
    ] {
        assert_says(&said, words);
    }
    assert!(!said.contains('\u{1b}'), "a pipe gets no colours");
}

#[tokio::test]
async fn live_asks_the_org_with_the_login_of_the_settings_and_writes_nothing() {
    let org = fitted_org();
    let lead = known_lead(&org, "ada@example.com");
    let file = File::new("live.json", &ada().to_string());
    let output = live(&org, &[file.path(), "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        said["explanations"][0]["records"][0]["cases"][0]["target"]["id"],
        lead
    );
    assert_eq!(said["forecast"]["limit"]["allowed"], 15_000);
    let calls = org.calls();
    assert_eq!(calls.total_api(), calls.query + calls.describe);
}

#[tokio::test]
async fn an_event_that_would_not_be_sent_ends_in_1_and_names_its_line() {
    let lines = format!("{}\n\n{}\n", ada(), json!({"type": "track"}));
    let file = File::new("lines.json", &lines);
    let output = explain(&[file.path()], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert_says(&said, "event without messageId (line 3): refused (400)");
    assert_says(&said, "2 events: 1 sent, 0 not sent, 1 refused");
}

#[tokio::test]
async fn what_cannot_be_explained_ends_in_2_and_names_file_and_line() {
    let broken = File::new("broken.json", &format!("{}\n{{\n", ada()));
    let output = explain(&[broken.path()], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert_says(&text(&output.stderr), "broken.json, line 2, column ");
    let empty = File::new("empty-list.json", "[]\n");
    let output = explain(&[empty.path()], &[]).await;
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(2), String::new())
    );
    assert_says(&text(&output.stderr), "empty-list.json has no events");
    let output = explain(&["/nowhere.json"], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert_says(&text(&output.stderr), "cannot read /nowhere.json");
    let file = File::new("setting.json", &ada().to_string());
    let output = explain(&[file.path()], &[("SALESFORCE_USERNAME", "u")]).await;
    assert_eq!(output.status.code(), Some(2));
    let output = explain(&[file.path(), "--expect", file.path()], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert_says(&text(&output.stderr), "has no explanations");
}

/// What would act on a terminal: escape sequences, also those of one character, and marks that turn the direction of a text.
const COMMANDS: [char; 6] = [
    '\u{1b}', '\u{7}', '\u{9b}', '\u{7f}', '\u{202e}', '\u{2028}',
];

#[tokio::test]
async fn no_value_of_an_event_commands_the_terminal() {
    let hostile: String = COMMANDS.iter().collect();
    let mut lead = identify(
        json!({"email": format!("a{hostile}@example.com"), "plan": hostile, &hostile: "x"}),
    );
    lead["messageId"] = json!(hostile);
    lead["integrations"] = json!({"Salesforce": {&hostile: hostile}});
    let closed =
        json!({"type": "identify", "integrations": {"Salesforce": hostile}, "traits": {"a": 1}});
    let file = File::new("hostile.json", &format!("{lead}\n{closed}\n"));
    let output = explain(&[file.path()], &[("CLICOLOR_FORCE", "1")]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("\u{1b}[1mevent "), "it has colours: {said}");
    assert_says(
        &said,
        "Email = a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}@example.com",
    );
    // The colours of this program are numbers up to `m`.
    for after in said.split("\u{1b}[").skip(1) {
        let colour = after.trim_start_matches(|part: char| part.is_ascii_digit() || part == ';');
        assert!(colour.starts_with('m'), "{after:?}");
    }
    let rest = said.replace("\u{1b}[", "");
    assert!(!rest.contains(COMMANDS), "{rest:?}");
}

#[tokio::test]
async fn what_commands_a_terminal_is_escaped_in_json() {
    let hostile: String = COMMANDS.iter().collect();
    let mut lead = identify(json!({"email": "ada@example.com", "plan": hostile}));
    lead["messageId"] = json!("");
    let file = File::new("hostile-json.json", &lead.to_string());
    let stored = explain(&[file.path(), "--json"], &[]).await;
    let said = text(&stored.stdout);
    assert!(!said.contains(COMMANDS), "{said:?}");
    let document: Value = serde_json::from_str(&said).unwrap();
    let explanation = &document["explanations"][0];
    let body = &explanation["records"][0]["cases"][0]["request"]["body"];
    assert_eq!(body["plan__c"], hostile);
    assert_eq!(explanation["messageId"], Value::Null);
    let expected = File::new("hostile-expected.json", &said.replace("\\u202e", "-"));
    let arguments = [file.path(), "--json", "--expect", expected.path()];
    let different = explain(&arguments, &[]).await;
    assert_eq!(different.status.code(), Some(1));
    let said = text(&different.stdout);
    assert!(
        said.contains("\\u202e") && !said.trim_end().contains(COMMANDS),
        "{said:?}"
    );
    let readable = explain(&[file.path()], &[]).await;
    assert_says(&text(&readable.stdout), "event without messageId (line 1)");
}

#[tokio::test]
async fn a_file_of_windows_is_read_as_any_other() {
    let file = File::new("windows.json", &format!("\u{FEFF}{}\r\n", ada()));
    let output = explain(&[file.path()], &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_says(&text(&output.stdout), "event m-1 (line 1): sent (200)");
}

#[tokio::test]
async fn what_cannot_be_printed_is_told_and_a_reader_may_stop() {
    let file = File::new("printed.json", &ada().to_string());
    for arguments in [&[file.path()][..], &[file.path(), "--json"]] {
        let run = |output: fs::File| {
            let mut command = Command::new(BINARY);
            command.arg("explain").args(arguments).env_clear();
            command.stdout(output).output().unwrap()
        };
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = run(full.unwrap());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_says(&text(&output.stderr), "error: cannot print: ");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(fs::File::from(std::os::fd::OwnedFd::from(writer)));
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn a_change_of_settings_is_shown_against_stored_explanations() {
    let file = File::new("expected-events.json", &ada().to_string());
    let stored = explain(&[file.path(), "--json"], &[]).await;
    let expected = File::new("expected.json", &text(&stored.stdout));
    let arguments = [file.path(), "--expect", expected.path()];
    let same = explain(&arguments, &[]).await;
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    let other = explain(&arguments, &[("PLACEHOLDERS", "never")]).await;
    assert_eq!(other.status.code(), Some(1));
    let said = text(&other.stdout);
    for words in [
        "event m-1",
        "/records/0/cases/0/request/body/Company",
        "expected  \"n/a\"",
        "found     (absent)",
        "1 event differs",
    ] {
        assert_says(&said, words);
    }
}

#[tokio::test]
async fn live_without_a_login_says_what_is_missing() {
    let file = File::new("nologin.json", &ada().to_string());
    let salesforce = serve(org().build().router()).await;
    let output = explain(&[file.path(), "--live"], &for_org(&salesforce, &[])).await;
    assert_eq!(output.status.code(), Some(1));
    assert_says(&text(&output.stdout), "why");
}

#[tokio::test]
async fn live_asks_what_the_duplicate_rules_find_for_a_new_record() {
    let rule = DuplicateRule::new("Lead", "Same_Phone", &["Phone"]);
    let org = org().matching(rule).build();
    let known = json!({"LastName": "Known", "Company": "Acme", "Phone": "+49 30 1"});
    let known = org.insert("Lead", known).unwrap();
    let event = |phone: &str| {
        let mut event = identify(json!({"email": "new@example.com", "phone": phone}));
        event["messageId"] = json!(phone);
        event
    };
    let events = json!({"batch": [event("+49 30 1"), event("+49 30 2")]});
    let file = File::new("duplicates.json", &events.to_string());
    let output = live(&org, &[file.path()]).await;
    let said = text(&output.stdout);
    let found = format!("the duplicate rule Same_Phone finds Lead {known}; it blocks the record");
    assert_says(&said, &found);
    assert_says(&said, "no duplicate rule of the org finds such a record");
    assert_eq!((org.records("Lead").len(), org.calls().create), (1, 0));
}

/// The output of each command in a session of the documentation.
fn documented(title: &str) -> Vec<String> {
    let page = include_str!("../../../docs/explain.md");
    let section = page.split(&format!("### {title}\n")).nth(1).unwrap();
    let session = section.split("```console\n").nth(1).unwrap();
    let session = session.split("```").next().unwrap();
    let outputs = session.split("$ ").skip(1);
    let outputs = outputs.map(|command| command.split_once('\n').unwrap().1.to_owned());
    outputs.collect()
}

/// Ada's event in the documentation.
fn documented_ada(integrations: &Value) -> File {
    let mut event = identify(json!({"email": "ada@example.com", "plan": "free"}));
    event["messageId"] = json!("m-17");
    event["integrations"] = integrations.clone();
    File::new(
        &format!("ada-{integrations}.json").replace('"', ""),
        &event.to_string(),
    )
}

#[tokio::test]
async fn the_documented_session_of_an_event_that_does_not_arrive_is_a_real_one() {
    let ada = documented_ada(&json!({"All": true}));
    let output = explain(&[ada.path()], &[]).await;
    assert_eq!(documented("Nothing arrives"), [text(&output.stdout)]);
}

#[tokio::test]
async fn the_documented_session_of_a_setting_is_a_real_one() {
    let ada = documented_ada(&json!({"Salesforce": true}));
    let stored = explain(&[ada.path(), "--json"], &[]).await;
    let expected = File::new("documented.json", &text(&stored.stdout));
    let other = [("PLACEHOLDERS", "on-create")];
    let changed = explain(&["--expect", expected.path(), ada.path()], &other).await;
    let code = format!("{}\n", changed.status.code().unwrap());
    let outputs = [String::new(), text(&changed.stdout), code];
    assert_eq!(documented("What a setting would change"), outputs);
}
