//! What the services log while a test runs: all of it is looked through for secrets, and a test may read what an operator would.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

use serde_json::Value;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::planted::{look_through, this_test};

thread_local! {
    /// What was logged on this thread at the level of production, to which `#[tokio::test]` keeps a test and its service.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged on this thread, as JSON lines.
pub(crate) struct Log(());

/// The one place whose lines nobody looks through: wiremock logs each request that it has no answer for, as a whole. It stands
/// in for Salesforce, and is no part of the service.
const STAND_INS: &str = "wiremock::mock_set";

/// Gives each line a writer.
struct Writers;

/// Looks through a line, and writes it to the log of the thread that logs where a test may read it there.
struct Writer {
    readable: bool,
}

/// Looks through all that is logged from now on, whoever logs it. Whatever starts a service or a Salesforce calls it first.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let log = tracing_subscriber::fmt::layer().json().with_writer(Writers);
        let everything = Targets::new().with_default(Level::TRACE);
        let but_of_stand_ins = everything.with_target(STAND_INS, LevelFilter::OFF);
        let log = log.with_filter(but_of_stand_ins);
        tracing_subscriber::registry().with(log).init();
    });
}

impl Log {
    /// Listens from now on.
    pub(crate) fn start() -> Self {
        watch();
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

impl MakeWriter<'_> for Writers {
    type Writer = Writer;

    fn make_writer(&self) -> Writer {
        Writer { readable: true }
    }

    fn make_writer_for(&self, line: &Metadata<'_>) -> Writer {
        Writer {
            readable: *line.level() <= Level::INFO,
        }
    }
}

impl Write for Writer {
    /// The subscriber writes each line in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        look_through(&String::from_utf8_lossy(line), &this_test());
        if self.readable {
            LINES.with_borrow_mut(|lines| lines.extend_from_slice(line));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
