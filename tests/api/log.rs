//! What the service logs while a test runs.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

use serde_json::Value;

thread_local! {
    /// What was logged on this thread, to which `#[tokio::test]` keeps a test and its service.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged on this thread, as JSON lines.
pub(crate) struct Log(());

/// Writes to the log of the thread that logs.
struct OfThread;

impl Log {
    /// Listens from now on.
    pub(crate) fn start() -> Self {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            let log = tracing_subscriber::fmt().json().with_writer(|| OfThread);
            log.init();
        });
        LINES.with_borrow_mut(Vec::clear);
        Self(())
    }

    /// All that was logged.
    pub(crate) fn text(&self) -> String {
        let Self(()) = self;
        LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap())
    }

    /// All lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    /// The lines of requests.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let lines = self.lines().into_iter();
        let is_request = |line: &Value| line["fields"]["message"] == "request";
        lines.filter(is_request).collect()
    }

    /// The lines at error level.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.lines_at("ERROR")
    }

    /// The lines at warning level.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.lines_at("WARN")
    }

    fn lines_at(&self, level: &str) -> Vec<String> {
        let text = self.text();
        let level = format!(r#""level":"{level}""#);
        let lines = text.lines().filter(|line| line.contains(&level));
        lines.map(ToOwned::to_owned).collect()
    }
}

impl Write for OfThread {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
