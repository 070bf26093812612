//! Files → requests: JSON lines as `--record` writes them, or single bodies.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::CannotCompare;

/// A request to send to both. It has no `Debug`, as the overlay of secrets may lie over it.
pub(super) struct Recorded {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

#[derive(Deserialize)]
struct Line {
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Value,
}

/// What takes the place of secrets that a recording has left out: it has no `Debug`.
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

    /// Lays itself over the destinations and metadata of a body.
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

/// Reads all requests of the files.
pub(super) fn read(
    files: &[PathBuf],
    path: Option<&str>,
    overlay: &Overlay,
) -> Result<Vec<Recorded>, CannotCompare> {
    let mut requests = Vec::new();
    for file in files {
        let text = text(file)?;
        match path {
            Some(path) => requests.push(single(path, text, overlay)),
            None => {
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    let line: Line =
                        serde_json::from_str(line).map_err(|error| in_file(file, &error))?;
                    requests.push(line.request(overlay).map_err(|what| in_file(file, &what))?);
                }
            }
        }
    }
    Ok(requests)
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

impl Line {
    fn request(self, overlay: &Overlay) -> Result<Recorded, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| format!("\"{name}\" is no header"))?;
            let value = match (&overlay.secret, name.as_str()) {
                (Some(secret), "oauth-secret") => secret.to_string(),
                _ => value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            };
            let value = value
                .parse()
                .map_err(|_| format!("the value of the header {name} cannot be sent"))?;
            headers.insert(name, value);
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

/// The body with the overlay; as it came where there is none, or it is no JSON.
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
