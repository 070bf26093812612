//! The subcommand `tail`: prints events as they are answered.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::{message, watched};
use crate::{
    fixtures::{destination, job, org},
    keys::file,
    process::{BINARY, run, signal},
    service::{Service, assert_says},
};

/// A running `tail` and the lines that it prints.
struct Tail {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Tail {
    /// Starts it, and waits until it watches.
    async fn start(url: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(BINARY)
            .args(["tail", "--url", url])
            .args(arguments)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let mut said = lines_of(child.stderr.take().unwrap());
        let first = said.recv().await.unwrap();
        assert!(first.starts_with("watching http"), "{first}");
        Self { child, lines }
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.recv().await.unwrap()).unwrap()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is printed, line by line.
fn lines_of(printed: impl Read + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(printed).lines().map_while(Result::ok) {
            // The test may have ended.
            let _ = sender.send(line);
        }
    });
    lines
}

async fn send(service: &Service, id: &str) {
    let jobs = [job(1, message(id, json!({})), &destination("d"))];
    service.router(jobs).await;
}

#[tokio::test]
async fn events_are_json_lines_where_another_program_reads_them() {
    let service = watched(&org().build(), &[]).await;
    let mut tail = Tail::start(&service.admin, &["--status", "400"]).await;
    send(&service, "m-1").await;
    let event = tail.next().await;
    assert_eq!(
        (&event["message"], &event["reason"]),
        (&json!("m-1"), &json!("no_email"))
    );
    signal(&tail.child, "INT");
    assert_eq!(tail.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_token_comes_from_a_file() {
    let token = file("tail-token", "planted-token");
    let token = token.to_str().unwrap();
    let service = watched(&org().build(), &["--admin-token-file", token]).await;
    let refused = run(&["tail", "--url", &service.admin], &[]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert_says(&String::from_utf8(refused.stderr).unwrap(), "401");
    let mut tail = Tail::start(&service.admin, &["--token-file", token]).await;
    send(&service, "m-1").await;
    assert_eq!(tail.next().await["message"], "m-1");
}

/// An admin address that sends one event and ends the connection each time, and the heads of the requests to it.
async fn that_breaks_off() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 1.. {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let length = connection.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: event\nid: a-{number}\ndata: {{\"number\":{number}}}\n\n"
            );
            connection.write_all(answer.as_bytes()).await.unwrap();
            if sender.send(head).is_err() {
                return;
            }
        }
    });
    (url, heads)
}

#[tokio::test]
async fn a_connection_that_breaks_is_opened_again_with_the_last_id() {
    let (url, mut heads) = that_breaks_off().await;
    let mut tail = Tail::start(&url, &["--object", "Lead", "--reason", "a b"]).await;
    for number in 1..4 {
        assert_eq!(tail.next().await, json!({"number": number}));
        let head = heads.recv().await.unwrap();
        assert_says(&head, "get /events/live?object=lead&reason=a+b http/1.1");
        let seen = format!("last-event-id: a-{}", number - 1);
        assert_eq!(head.contains(&seen), number > 1, "{head}");
    }
}

#[tokio::test]
async fn it_ends_when_nobody_reads_it_any_more() {
    let (url, _heads) = that_breaks_off().await;
    let mut child = Command::new(BINARY)
        .args(["tail", "--url", &url])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert_eq!(ended.await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn what_cannot_be_watched_ends_with_2_and_is_told() {
    let service = watched(&org().build(), &[]).await;
    let wrong = format!("{}/wrong", service.admin);
    for (arguments, words) in [
        (&["--url", "http://127.0.0.1:1"][..], "cannot be reached"),
        (&["--url", wrong.as_str()], "404"),
        (&["--url", &service.url], "404"),
        (
            &["--url", &service.admin, "--status", "bad"],
            "status must be",
        ),
        (
            &["--token-file", "/does/not/exist"],
            "--token-file: /does/not/exist cannot be read",
        ),
    ] {
        let ended = run(&[&["tail"], arguments].concat(), &[]).await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        assert_says(&String::from_utf8(ended.stderr).unwrap(), words);
    }
}
