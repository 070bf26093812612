//! Reads requests from files: JSON lines as `--record` writes them, or single bodies.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, error::Category};

use super::CannotCompare;

/// A request to send to both services. It has no `Debug`, because it may contain secrets.
pub(super) struct Recorded {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// The contents of the files: requests, and lines that cannot be read.
#[derive(Default)]
pub(super) struct Recordings {
    pub(super) requests: Vec<Recorded>,
    pub(super) unread: Vec<UnreadLine>,
}

/// A line that is not a recorded request, such as the last line of a process that was killed.
pub(super) struct UnreadLine {
    pub(super) file: String,
    /// The line number, counted from 1.
    pub(super) line: usize,
    pub(super) why: LineFlaw,
}

/// Why a line cannot be read. The text never quotes the line, because the line contains events.
pub(super) enum LineFlaw {
    /// The line ends in the middle of its JSON.
    Torn,
    /// The line stops being JSON at this column.
    NotJson(usize),
    /// The line is JSON, but lacks `path` and `body`.
    NotRequest,
    /// The line has a header that cannot be sent.
    Header,
}

impl From<serde_json::Error> for LineFlaw {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Eof => Self::Torn,
            Category::Syntax | Category::Io => Self::NotJson(error.column()),
            Category::Data => Self::NotRequest,
        }
    }
}

impl fmt::Display for LineFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn => f.write_str("it is torn: it ends within its JSON"),
            Self::NotJson(column) => write!(f, "it is not JSON at column {column}"),
            Self::NotRequest => f.write_str(
                "it is not an object with `path`, `headers` and `body` (a file that is one body needs --path)",
            ),
            Self::Header => f.write_str("it has a header that cannot be sent"),
        }
    }
}

#[derive(Deserialize)]
struct RecordedLine {
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Value,
}

/// The secrets that were left out of a recording. It has no `Debug`, so that they are not logged.
#[derive(Default)]
pub(super) struct Overlay {
    config: Option<Map<String, Value>>,
    secret: Option<Value>,
}

impl Overlay {
    pub(super) fn read(
        config: Option<&Path>,
        secret: Option<&Path>,
    ) -> Result<Self, CannotCompare> {
        let object = |file: &Path| {
            let text = text(file)?;
            serde_json::from_str::<Map<String, Value>>(&text).map_err(|error| in_file(file, &error))
        };
        Ok(Self {
            config: config.map(object).transpose()?,
            secret: secret.map(object).transpose()?.map(Value::Object),
        })
    }

    /// Inserts the secrets into the destinations and metadata of a body.
    fn apply(&self, body: &mut Value) {
        let events = if body.is_array() {
            body.as_array_mut()
        } else {
            body.get_mut("input").and_then(Value::as_array_mut)
        };
        for event in events.into_iter().flatten() {
            self.apply_to_config(&mut event["destination"]);
            if let (Some(secret), Some(metadata)) =
                (&self.secret, event["metadata"].as_object_mut())
            {
                metadata.insert("secret".to_owned(), secret.clone());
            }
        }
        let destinations = body.get_mut("destinations").and_then(Value::as_object_mut);
        for (_, destination) in destinations.into_iter().flatten() {
            self.apply_to_config(destination);
        }
    }

    fn apply_to_config(&self, destination: &mut Value) {
        let config = destination.get_mut("Config").and_then(Value::as_object_mut);
        if let (Some(config), Some(ours)) = (config, &self.config) {
            config.extend(ours.clone());
        }
    }

    fn is_empty(&self) -> bool {
        self.config.is_none() && self.secret.is_none()
    }
}

/// Reads all requests of the files. A line that cannot be read does not stop the others from being compared.
pub(super) fn read(
    files: &[PathBuf],
    path: Option<&str>,
    overlay: &Overlay,
) -> Result<Recordings, CannotCompare> {
    let mut recordings = Recordings::default();
    for file in files {
        match path {
            Some(path) => recordings.requests.push(single(path, text(file)?, overlay)),
            None => recordings.read(file, overlay)?,
        }
    }
    Ok(recordings)
}

impl Recordings {
    fn read(&mut self, file: &Path, overlay: &Overlay) -> Result<(), CannotCompare> {
        let bytes = fs::read(file).map_err(|error| in_file(file, &error))?;
        let before = (self.requests.len(), self.unread.len());
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let read = serde_json::from_slice::<RecordedLine>(line).map_err(LineFlaw::from);
            match read.and_then(|line| line.request(overlay)) {
                Ok(request) => self.requests.push(request),
                Err(why) => self.unread.push(UnreadLine {
                    file: file.display().to_string(),
                    line: number,
                    why,
                }),
            }
        }
        // If the first line cannot be read, the file is not a recording.
        if self.requests.len() == before.0 {
            self.unread.truncate(before.1 + 1);
        }
        Ok(())
    }
}

fn single(path: &str, body: String, overlay: &Overlay) -> Recorded {
    let headers = [(
        reqwest::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )];
    Recorded {
        path: path.to_owned(),
        headers: headers.into_iter().collect(),
        body: overlaid(body, overlay),
    }
}

impl RecordedLine {
    fn request(self, overlay: &Overlay) -> Result<Recorded, LineFlaw> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|_| LineFlaw::Header)?;
            let value = match (&overlay.secret, name.as_str()) {
                (Some(secret), "oauth-secret") => secret.to_string(),
                _ => value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            };
            headers.insert(name, value.parse().map_err(|_| LineFlaw::Header)?);
        }
        let body = match self.body {
            Value::String(text) => text,
            json => json.to_string(),
        };
        Ok(Recorded {
            path: self.path,
            headers,
            body: overlaid(body, overlay),
        })
    }
}

/// The body with the secrets inserted; unchanged if there are no secrets or the body is not JSON.
fn overlaid(body: String, overlay: &Overlay) -> String {
    match serde_json::from_str::<Value>(&body) {
        Ok(mut json) if !overlay.is_empty() => {
            overlay.apply(&mut json);
            json.to_string()
        }
        Ok(_) | Err(_) => body,
    }
}

fn text(file: &Path) -> Result<String, CannotCompare> {
    fs::read_to_string(file).map_err(|error| in_file(file, &error))
}

fn in_file(file: &Path, what: &dyn std::fmt::Display) -> CannotCompare {
    CannotCompare::File(file.display().to_string(), what.to_string())
}
