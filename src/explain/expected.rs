//! Compares explanations with stored ones, so that a change of settings can be tested.

use std::{fmt::Write as _, fs, io, path::Path};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use thiserror::Error;

use crate::{
    compare::difference::{Difference, Ignored, between},
    text::{escaped_json, plain},
    transform::explanation::Explanation,
};

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// What may differ: the line of the file, and the header that names the version of this service.
const IGNORED: [&str; 2] = [
    "/line",
    "/records/*/cases/*/request/headers/Sforce-Call-Options",
];

/// Why the stored explanations cannot be used.
#[derive(Debug, Error)]
pub(super) enum ExpectedError {
    /// The file cannot be read.
    #[error("cannot read {file}: {error}")]
    Unreadable {
        /// Its name.
        file: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The file is not JSON.
    #[error("{file} is not JSON at line {line}, column {column}")]
    NotJson {
        /// Its name.
        file: String,
        /// The line of the first invalid character.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// The file contains no explanations.
    #[error("{0} has no explanations: write them with `explain --json`")]
    NoExplanations(String),
}

/// The stored explanations.
pub(super) struct Expected(Vec<Value>);

/// What differs, by event.
pub(super) struct Differences(Vec<(String, Vec<Difference>)>);

impl Expected {
    /// Reads stored explanations.
    ///
    /// # Errors
    /// [`ExpectedError`] names the file.
    pub(super) fn read(path: &Path) -> Result<Self, ExpectedError> {
        let file = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return Err(ExpectedError::Unreadable { file, error }),
        };
        let document: Value = match serde_json::from_str(&text) {
            Ok(document) => document,
            Err(error) => {
                return Err(ExpectedError::NotJson {
                    file,
                    line: error.line(),
                    column: error.column(),
                });
            }
        };
        let explanations = document.get("explanations").and_then(Value::as_array);
        let explanations = explanations.ok_or(ExpectedError::NoExplanations(file))?;
        Ok(Self(explanations.clone()))
    }

    /// Where explanations differ from these, which stand in the same order.
    ///
    /// # Errors
    /// None is known: each explanation can be written as JSON.
    pub(super) fn compare(
        &self,
        explanations: &[Explanation],
    ) -> Result<Differences, serde_json::Error> {
        let ignored = Ignored::new(&IGNORED.map(str::to_owned), false);
        let found: Vec<Value> = explanations
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?;
        let events = 0..self.0.len().max(found.len());
        let differences = events.map(|event| {
            let (expected, found) = (self.0.get(event), found.get(event));
            (
                name(event, expected.or(found)),
                between(expected, found, &ignored),
            )
        });
        let differences = differences.filter(|(_, differences)| !differences.is_empty());
        Ok(Differences(differences.collect()))
    }
}

/// How an event is named: by its message, else by its number.
fn name(event: usize, explanation: Option<&Value>) -> String {
    let message = explanation.and_then(|explanation| explanation.get("messageId"));
    let message = message.and_then(Value::as_str);
    message.map_or_else(|| format!("{}", event + 1), str::to_owned)
}

impl Differences {
    /// Whether all is as expected.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each difference, as JSON lines or as text. Writing into a `String` cannot fail.
    pub(super) fn text(&self, is_json: bool) -> String {
        let mut text = String::new();
        for (event, differences) in &self.0 {
            if !is_json {
                let _ = writeln!(text, "{BOLD}event {}{BOLD:#}", plain(event));
            }
            for difference in differences {
                let Difference {
                    pointer,
                    reference,
                    candidate,
                    ..
                } = difference;
                if is_json {
                    let line = json!({"event": event, "pointer": pointer, "expected": reference, "found": candidate});
                    let _ = writeln!(text, "{}", escaped_json(line.to_string()));
                    continue;
                }
                let place = if pointer.is_empty() {
                    "the event".to_owned()
                } else {
                    plain(pointer)
                };
                let (expected, found) = (shown(reference.as_ref()), shown(candidate.as_ref()));
                let _ = writeln!(
                    text,
                    "  {place}\n    {GOOD}expected  {expected}{GOOD:#}\n    {BAD}found     {found}{BAD:#}"
                );
            }
        }
        if !is_json {
            let _ = match self.0.len() {
                0 => writeln!(text, "{GOOD}as expected{GOOD:#}"),
                1 => writeln!(text, "{BAD}1 event differs{BAD:#}"),
                events => writeln!(text, "{BAD}{events} events differ{BAD:#}"),
            };
        }
        text
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(absent)".to_owned(), |value| plain(&value.to_string()))
}
