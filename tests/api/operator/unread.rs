//! A log that nobody reads costs lines, and nothing else.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    fixtures::{lead_job, org},
    planted::{look_through, this_test},
    process::{BINARY, for_org, signal},
    service::{Answer, assert_says, send, serve},
};

/// Far longer than a stop takes, and shorter than a suite.
const LONG: Duration = Duration::from_mins(1);

/// A service whose log is read to the line that says where it listens.
struct Unread {
    child: Child,
    log: BufReader<ChildStderr>,
    http: reqwest::Client,
    url: String,
}

impl Unread {
    /// Starts it with this level.
    async fn start(level: &str) -> Self {
        let salesforce = serve(org().build().router()).await;
        let mut child = Command::new(BINARY)
            .env_clear()
            .envs(for_org(&salesforce, &[]))
            .envs([("LOG_LEVEL", level), ("LOG_FORMAT", "json")])
            .envs([
                ("HOST", "127.0.0.1"),
                ("PORT", "0"),
                ("SHUTDOWN_DELAY", "0s"),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it has ended");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "listening" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        Self {
            child,
            log,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: format!("http://{address}"),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Asks until the log has lost lines. Events are served as ever then.
    async fn lose_lines(&self) {
        let mut figures = String::new();
        while !figures.contains("log_lines_lost_total")
            || figures.contains("log_lines_lost_total 0\n")
        {
            self.poll(500).await;
            figures = self.get("/metrics").await.text;
        }
        self.serve_events(1).await;
    }

    /// Asks for its health so often, on one connection.
    async fn poll(&self, times: usize) {
        let address = self.url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = |header| format!("GET /health HTTP/1.1\r\nHost: x\r\n{header}\r\n");
        let all = request("").repeat(times - 1) + &request("Connection: close\r\n");
        let mut answers = String::new();
        let (mut read, mut write) = connection.split();
        let (read, written) = tokio::join!(
            read.read_to_string(&mut answers),
            write.write_all(all.as_bytes())
        );
        written.unwrap();
        read.unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), times);
    }

    /// Has so many requests with an event served.
    async fn serve_events(&self, requests: usize) {
        let body = serde_json::json!([lead_job(1, "ada@example.com")]).to_string();
        let url = format!("{}/v0/destinations/salesforce", self.url);
        let ask = |_| send(self.http.post(&url).body(body.clone()));
        for answer in join_all((0..requests).map(ask)).await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }

    /// Waits until it ends.
    async fn ended(mut self) -> ExitStatus {
        let ended = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        timeout(LONG, ended).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_neither_an_answer_nor_the_end() {
    let service = Unread::start("info").await;
    // Their lines are more than a pipe holds.
    for _ in 0..10 {
        service.serve_events(50).await;
    }
    assert_eq!(service.get("/health").await.status, 200);
    signal(&service.child, "TERM");
    // Nobody reads to the end either.
    assert_eq!(service.ended().await.code(), Some(0));
}

#[tokio::test]
async fn lines_that_were_lost_are_told_in_the_log_once_it_is_read_again() {
    let mut service = Unread::start("trace").await;
    service.lose_lines().await;
    let told = loop {
        let mut line = String::new();
        assert!(
            service.log.read_line(&mut line).unwrap() > 0,
            "it has ended"
        );
        look_through(&line, &this_test());
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["lost"].is_u64() {
            break line;
        }
    };
    assert_eq!(told["level"], "ERROR");
    assert_says(told["message"].as_str().unwrap(), "log lines were lost");
    signal(&service.child, "TERM");
    let mut rest = String::new();
    service.log.read_to_string(&mut rest).unwrap();
    rest.lines()
        .for_each(|line| look_through(line, &this_test()));
    // What is logged last gets out, behind all that has waited.
    assert_says(&rest, "stopped: every request in flight was answered");
    assert_eq!(service.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_reader_that_goes_away_stops_nothing() {
    let Unread {
        child,
        log,
        http,
        url,
    } = Unread::start("trace").await;
    drop(log);
    let figures = loop {
        let figures = send(http.get(format!("{url}/metrics"))).await.text;
        if !figures.contains("log_lines_lost_total 0\n") {
            break figures;
        }
    };
    assert_says(&figures, "salesforce_transformer_ready 1\n");
    signal(&child, "TERM");
    let mut child = child;
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert_eq!(timeout(LONG, ended).await.unwrap().unwrap().code(), Some(0));
}
