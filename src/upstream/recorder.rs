//! `--record FILE`: writes the forwarded requests to a file, so that real traffic can be compared before a switch.
//! Secrets are left out, and no request waits for the disk.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
};

use super::redaction::redact;
use crate::{
    lifecycle::Lifecycle,
    server::telemetry::{Lines, Throttle},
};

/// How many requests may wait to be recorded.
const MAX_WAITING: usize = 64;

/// The minimum interval between two log lines about requests that were not recorded.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Headers that say nothing about a request, and those that contain secrets.
const OMITTED_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "user-agent",
];

/// The sender of requests to the recorder.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<RecordedRequest>,
    lost: Arc<LostRequests>,
}

/// Counts the requests that were not recorded.
#[derive(Debug)]
struct LostRequests {
    count: AtomicU64,
    throttle: Throttle,
}

/// A request to record. It has no `Debug`, because it contains secrets until it is written.
struct RecordedRequest {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// The file for recorded requests cannot be opened.
#[derive(Debug, Error)]
#[error("RECORD: {file} cannot be opened: {error}", file = .file.display())]
pub struct OpenError {
    file: PathBuf,
    #[source]
    error: io::Error,
}

impl Recorder {
    /// Appends to a file, which is created if it does not exist. Requests that were accepted are written before the
    /// service ends, as long as `life` waits for them. When `life` asks for files to be read again, the file is
    /// reopened by name.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(file: &Path, life: &Lifecycle) -> Result<Self, OpenError> {
        let lost = Arc::new(LostRequests {
            count: AtomicU64::new(0),
            throttle: Throttle::new(LOG_INTERVAL),
        });
        let recording = Recording {
            lines: opened(file).map_err(|error| OpenError {
                file: file.to_owned(),
                error,
            })?,
            file: file.to_owned(),
            lost: Arc::clone(&lost),
        };
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        life.write(record_all(recording, waiting, life.rereads()));
        Ok(Self { queue, lost })
    }

    /// Accepts a request. If too many are waiting already, the request is counted instead of recorded.
    pub(crate) fn record(&self, path: &str, headers: &HeaderMap, body: &Bytes) {
        let request = RecordedRequest {
            path: path.to_owned(),
            headers: headers.clone(),
            body: body.clone(),
        };
        if self.queue.try_send(request).is_err() {
            self.lost.add(&"the disk is too slow");
        }
    }
}

impl LostRequests {
    fn add(&self, why: &dyn std::fmt::Display) {
        let lost = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if self.throttle.is_due(Instant::now()) {
            tracing::error!(
                lost,
                why = %why,
                "RECORD: a request was not recorded, so the recording is incomplete; the count is since the start"
            );
        }
    }
}

/// Records until every sender is gone. The blocking disk writes run on a separate thread.
async fn record_all(
    mut recording: Recording,
    mut waiting: mpsc::Receiver<RecordedRequest>,
    mut rereads: watch::Receiver<u64>,
) {
    loop {
        let step = tokio::select! {
            request = waiting.recv() => match request {
                Some(request) => spawn_blocking(move || recording.with(&request)),
                None => return,
            },
            Ok(()) = rereads.changed() => spawn_blocking(move || recording.reopened()),
        };
        recording = match step.await {
            Ok(recording) => recording,
            Err(panicked) => {
                tracing::error!(%panicked, "RECORD: recording has stopped: please report this as a bug");
                return;
            }
        };
    }
}

/// The file that requests are recorded to.
struct Recording {
    file: PathBuf,
    lines: Lines<File>,
    lost: Arc<LostRequests>,
}

impl Recording {
    /// Appends a request. If that fails, for example because the disk is full, the request is counted as lost.
    fn with(mut self, request: &RecordedRequest) -> Self {
        let (_, written) = self.lines.write(request.line().as_bytes());
        if let Err(error) = written {
            self.lost.add(&error);
        }
        self
    }

    /// Opens the file that has the name now, because the previous one may have been moved away by log rotation.
    fn reopened(self) -> Self {
        match opened(&self.file) {
            Ok(lines) => {
                tracing::info!("RECORD: the file was reopened");
                Self { lines, ..self }
            }
            Err(error) => {
                tracing::error!(%error, "RECORD: the file cannot be reopened; recording goes on in the previous one");
                self
            }
        }
    }
}

/// Opens a file for appending and creates it if it does not exist.
fn opened(file: &Path) -> io::Result<Lines<File>> {
    let opened = OpenOptions::new().create(true).append(true).open(file)?;
    let is_torn = opened.metadata()?.is_file() && ends_within_a_line(file);
    Ok(Lines::new(opened, is_torn))
}

/// Whether a file ends with an incomplete line, as after a crash. If this cannot be determined, the answer is yes.
fn ends_within_a_line(file: &Path) -> bool {
    let last = || {
        let mut file = File::open(file)?;
        if file.metadata()?.len() == 0 {
            return Ok(b'\n');
        }
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok::<_, io::Error>(last[0])
    };
    !last().is_ok_and(|last| last == b'\n')
}

impl RecordedRequest {
    /// The request as a line of JSON, without secrets.
    fn line(&self) -> String {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let name = name.as_str();
            if OMITTED_HEADERS.contains(&name) {
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
                redact(&mut json);
                json
            }
            // Text that is not JSON may contain secrets anywhere.
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
        let request = RecordedRequest {
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

    fn temporary(name: &str, content: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::write(&file, content).unwrap();
        file
    }

    #[test]
    fn a_file_that_ends_within_a_line_is_gone_on_with_on_the_next() {
        for (content, expected) in [
            ("", "new\n"),
            ("whole\n", "whole\nnew\n"),
            ("torn", "torn\nnew\n"),
        ] {
            let file = temporary("ends-within", content);
            opened(&file).unwrap().write(b"new\n").1.unwrap();
            let written = std::fs::read_to_string(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            assert_eq!(written, expected);
        }
    }

    #[tokio::test]
    async fn a_file_that_was_moved_away_is_opened_anew_where_files_are_read_again() {
        let life = Lifecycle::default();
        let file = temporary("moved-away", "");
        let moved = file.with_extension("1");
        let recorder = Recorder::open(&file, &life).unwrap();
        let body = Bytes::from_static(b"[]");
        let lines = |file: &Path| {
            std::fs::read_to_string(file)
                .unwrap_or_default()
                .lines()
                .count()
        };
        let until = async |file: &Path, count| {
            while lines(file) < count {
                tokio::task::yield_now().await;
            }
        };
        recorder.record("/1", &HeaderMap::new(), &body);
        until(&file, 1).await;
        std::fs::rename(&file, &moved).unwrap();
        recorder.record("/2", &HeaderMap::new(), &body);
        until(&moved, 2).await;
        life.reread();
        while !file.exists() {
            tokio::task::yield_now().await;
        }
        recorder.record("/3", &HeaderMap::new(), &body);
        drop(recorder);
        life.written().await;
        assert_eq!((lines(&moved), lines(&file)), (2, 1));
        for file in [file, moved] {
            std::fs::remove_file(file).unwrap();
        }
    }
}
