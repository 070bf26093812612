//! Files of events: one JSON document in any form that `/transform` takes, or one on each line.

use std::{fs, io, io::Read as _, path::Path};

use thiserror::Error;

use crate::{
    json::Document,
    rudderstack::{BodyError, RawBatch},
};

/// A document of a file, and the line on which it begins.
#[derive(Debug)]
pub(crate) struct FileDocument {
    /// The line, counted from 1.
    pub line: usize,
    document: Document<'static>,
}

/// Why a file of events cannot be read.
#[derive(Debug, Error)]
pub(crate) enum EventFileError {
    /// The file cannot be opened or read.
    #[error("cannot read {file}: {error}")]
    Unreadable {
        /// Its name.
        file: String,
        /// The error of the system.
        error: io::Error,
    },
    /// A line is not text.
    #[error("{file}, line {line}: the line is no UTF-8 text")]
    NotText {
        /// Its name.
        file: String,
        /// The line.
        line: usize,
    },
    /// A line is not JSON.
    #[error("{file}, line {line}, column {column}: {error}")]
    NotJson {
        /// Its name.
        file: String,
        /// The line of the first invalid character.
        line: usize,
        /// Its column.
        column: usize,
        /// What the parser says of it.
        error: String,
    },
    /// A document has none of the forms in which events come.
    #[error("{file}, line {line}: {error}")]
    NotEvents {
        /// Its name.
        file: String,
        /// The line on which the document begins.
        line: usize,
        /// What is wrong with the document.
        error: BodyError,
    },
    /// There is nothing in it, or nothing but empty lists.
    #[error("{0} has no events")]
    Empty(String),
}

/// Reads the documents of a file; `-` is standard input.
///
/// # Errors
/// [`EventFileError`] names the file and the line.
pub(crate) fn read(path: &Path) -> Result<Vec<FileDocument>, EventFileError> {
    let is_input = path.as_os_str() == "-";
    let file = if is_input {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let mut bytes = Vec::new();
    let read = if is_input {
        io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        fs::read(path).map(|read| bytes = read)
    };
    match read {
        Ok(()) => of_bytes(&file, &bytes),
        Err(error) => Err(EventFileError::Unreadable { file, error }),
    }
}

/// Reads the documents of these bytes. A byte order mark at their beginning does not count, as in the body of a request.
fn of_bytes(file: &str, bytes: &[u8]) -> Result<Vec<FileDocument>, EventFileError> {
    match str::from_utf8(bytes) {
        Ok(text) => documents(file, text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            let file = file.to_owned();
            Err(EventFileError::NotText { file, line })
        }
    }
}

fn documents(file: &str, text: &str) -> Result<Vec<FileDocument>, EventFileError> {
    let documents = all_documents(file, text)?;
    let is_empty = |document: &FileDocument| document.events().is_ok_and(|it| it.is_empty());
    if documents.iter().all(is_empty) {
        return Err(EventFileError::Empty(file.to_owned()));
    }
    Ok(documents)
}

fn all_documents(file: &str, text: &str) -> Result<Vec<FileDocument>, EventFileError> {
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let Some((first, line)) = lines.next() else {
        return Err(EventFileError::Empty(file.to_owned()));
    };
    // The first line of a document that has several is not JSON by itself.
    if Document::read(line).is_err() {
        return Ok(vec![document(file, (first, 1), text)?]);
    }
    std::iter::once((first, line))
        .chain(lines)
        .map(|(number, line)| document(file, (number, number), line))
        .collect()
}

/// Reads a document that begins on the first of two lines, in a text that begins on the second.
fn document(
    file: &str,
    (line, of_text): (usize, usize),
    text: &str,
) -> Result<FileDocument, EventFileError> {
    let document = Document::read(text.to_owned());
    let document = document.map_err(|error| EventFileError::NotJson {
        file: file.to_owned(),
        line: of_text - 1 + error.line(),
        column: error.column(),
        error: error.reason(),
    })?;
    let document = FileDocument { line, document };
    match document.events() {
        Ok(_) => Ok(document),
        Err(error) => Err(EventFileError::NotEvents {
            file: file.to_owned(),
            line,
            error,
        }),
    }
}

impl FileDocument {
    /// The events of the document.
    ///
    /// # Errors
    /// [`BodyError`] if it has none of the forms in which events come.
    pub(crate) fn events(&self) -> Result<RawBatch<'_>, BodyError> {
        RawBatch::any_form(self.document.root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines on which the documents of a text begin, or the error.
    fn lines(text: &str) -> Result<Vec<usize>, String> {
        let documents = documents("events.json", text).map_err(|error| error.to_string())?;
        Ok(documents.iter().map(|document| document.line).collect())
    }

    #[test]
    fn a_file_is_one_document_or_one_on_each_line() {
        let event = r#"{"type":"identify","traits":{}}"#;
        assert_eq!(lines(event), Ok(vec![1]));
        assert_eq!(lines(&format!("\n[\n{event},\n{event}\n]\n")), Ok(vec![2]));
        assert_eq!(lines(&format!("{event}\n\n{event}\n")), Ok(vec![1, 3]));
    }

    #[test]
    fn a_byte_order_mark_does_not_count_and_what_is_no_text_is_named_by_its_line() {
        let event = r#"{"type":"identify","traits":{}}"#;
        let marked = format!("\u{FEFF}{event}\r\n\r\n{event}\r\n");
        let documents = of_bytes("events.json", marked.as_bytes()).unwrap();
        let lines: Vec<usize> = documents.iter().map(|document| document.line).collect();
        assert_eq!(lines, [1, 3]);
        let broken = [event.as_bytes(), b"\n{\"type\":\"\xff\"}\n"].concat();
        let error = of_bytes("events.json", &broken).unwrap_err().to_string();
        assert_eq!(error, "events.json, line 2: the line is no UTF-8 text");
    }

    #[test]
    fn what_is_no_event_is_named_by_its_line() {
        let event = r#"{"type":"identify"}"#;
        let error = |text: &str| lines(text).unwrap_err();
        assert!(error(&format!("{event}\n{{\n")).starts_with("events.json, line 2, column "));
        assert!(
            error(&format!("{event}\n7\n")).starts_with("events.json, line 2: the body must be")
        );
        assert!(error("not JSON").starts_with("events.json, line 1, column "));
        for empty in [" \n", "[]", "[]\n\n[]\n"] {
            assert_eq!(error(empty), "events.json has no events", "{empty}");
        }
        assert!(lines(&format!("[]\n{event}\n")).is_ok());
    }

    #[test]
    fn what_is_no_json_is_named_by_one_line_that_of_the_file() {
        let event = r#"{"type":"identify"}"#;
        let error = |text: &str| lines(text).unwrap_err();
        assert_eq!(
            error(&format!("{event}\n{{\"type\": oops}}\n")),
            "events.json, line 2, column 10: expected value"
        );
        assert_eq!(
            error("\n[\n{\"type\":\noops}]"),
            "events.json, line 4, column 1: expected value"
        );
    }
}
