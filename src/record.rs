//! `--record FILE`: writes the requests that pass through, so that real traffic can be compared before a switch. Secrets are
//! left out; no request waits for the disk.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncWriteExt, BufWriter},
    sync::mpsc,
};

use crate::{compare, http::Readiness};

/// How many requests may wait to be written.
const MOST_WAITING: usize = 64;

/// Headers that tell nothing about a request, and those that hold secrets.
const LEFT_OUT: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "user-agent",
];

/// Where requests are recorded.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Request>,
    lost: Arc<AtomicU64>,
}

/// What is to be recorded. It has no `Debug`: it holds secrets until it is written.
struct Request {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Recorder {
    /// Records at the end of a file, which is created where there is none. What has been taken is written before the service
    /// ends, as far as `life` waits for it.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn open(file: &Path, life: &Readiness) -> io::Result<Self> {
        let opened = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)?;
        drop(opened);
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        let file = file.to_owned();
        life.write(async move {
            let file = OpenOptions::new().append(true).open(file).await;
            match file {
                Ok(file) => write_all(file, waiting).await,
                Err(error) => tracing::error!(%error, "the recording cannot be opened"),
            }
        });
        Ok(Self {
            queue,
            lost: Arc::default(),
        })
    }

    /// Takes a request. Where too many wait already it is not recorded, and counted.
    pub(crate) fn record(&self, path: &str, headers: &HeaderMap, body: &Bytes) {
        let request = Request {
            path: path.to_owned(),
            headers: headers.clone(),
            body: body.clone(),
        };
        if self.queue.try_send(request).is_err() {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::warn!(lost, "a request was not recorded: the disk is too slow");
        }
    }
}

async fn write_all(file: File, mut waiting: mpsc::Receiver<Request>) {
    let mut file = BufWriter::new(file);
    while let Some(request) = waiting.recv().await {
        let line = request.line();
        let mut written = file.write_all(line.as_bytes()).await;
        if waiting.is_empty() {
            written = written.and(file.flush().await);
        }
        if let Err(error) = written {
            tracing::error!(%error, "the recording cannot be written");
        }
    }
}

impl Request {
    /// The request as a line of JSON, without secrets.
    fn line(&self) -> String {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let name = name.as_str();
            if LEFT_OUT.contains(&name) {
                continue;
            }
            let value = if name == "oauth-secret" {
                "{}".to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            headers.insert(name.to_owned(), value.into());
        }
        let body = match serde_json::from_slice::<Value>(&self.body) {
            Ok(mut json) => {
                compare::redact(&mut json);
                json
            }
            // What is no JSON may hold anything.
            Err(_) => "(no JSON)".into(),
        };
        format!(
            "{}\n",
            json!({"path": self.path, "headers": headers, "body": body})
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_secret() {
        let body = json!([{
            "message": {"type": "identify"},
            "metadata": {"jobId": 1, "secret": {"access_token": "hunter1"}},
            "destination": {"Config": {"userName": "hunter2", "password": "hunter3", "initialAccessToken": "hunter4", "sandbox": true}},
        }]);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("oauth-secret", r#"{"access_token":"hunter5"}"#),
            ("authorization", "hunter6"),
            ("x-content-format", "json"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let request = Request {
            path: "/routerTransform".to_owned(),
            headers,
            body: body.to_string().into(),
        };
        let line = request.line();
        assert!(!line.contains("hunter"), "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["headers"]["x-content-format"], "json");
        assert_eq!(line["body"][0]["destination"]["Config"]["sandbox"], true);
    }
}
