//! What a check has found, for a person and for programs.

use anstream::println;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};

/// All that is looked at, in this order. What is not reached is skipped.
const CHECKS: [&str; 11] = [
    "settings",
    "login",
    "API version",
    "API access",
    "Lead",
    "Lead fields",
    "Contact",
    "Contact fields",
    "duplicate rules",
    "calls left today",
    "rudder-server",
];

/// What came of looking at one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// It works.
    Works,
    /// It works, and there is something to know.
    Note,
    /// It does not work.
    Fails,
    /// Something before it does not work.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    state: State,
    says: String,
}

impl Finding {
    pub(super) fn works(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Works, says)
    }

    pub(super) fn note(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Note, says)
    }

    pub(super) fn failed(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Fails, says)
    }

    fn new(check: &'static str, state: State, says: impl Into<String>) -> Self {
        let says = says.into();
        Self { check, state, says }
    }

    pub(super) fn fails(&self) -> bool {
        self.state == State::Fails
    }
}

/// All findings.
#[derive(Debug)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// The findings of a check, with what was not reached.
    pub(super) fn of(mut findings: Vec<Finding>) -> Self {
        let is_skipped = |check: &&str| findings.iter().all(|finding| finding.check != *check);
        let skipped: Vec<_> = CHECKS.into_iter().filter(is_skipped).collect();
        findings.extend(skipped.into_iter().map(|check| {
            let says = "not looked at, because of what does not work above";
            Finding::new(check, State::Skipped, says)
        }));
        Self(findings)
    }

    /// Whether everything works that events need.
    pub(super) fn works(&self) -> bool {
        !self.0.iter().any(Finding::fails)
    }

    pub(super) fn json(&self) -> Value {
        json!({"works": self.works(), "checks": self.0})
    }

    pub(super) fn print(&self) {
        const BOLD: Style = Style::new().bold();
        for Finding { check, state, says } in &self.0 {
            let (style, mark) = state.mark();
            println!("{style}{mark}{style:#}  {BOLD}{check:<16}{BOLD:#}  {says}");
        }
        let sum = if self.works() {
            "Everything works that events need."
        } else {
            "Something does not work: see FAIL above."
        };
        println!("\n{sum}");
    }
}

impl State {
    fn mark(self) -> (Style, &'static str) {
        match self {
            Self::Works => (AnsiColor::Green.on_default(), "ok  "),
            Self::Note => (AnsiColor::Yellow.on_default(), "note"),
            Self::Fails => (AnsiColor::Red.on_default(), "FAIL"),
            Self::Skipped => (Style::new().dimmed(), "-   "),
        }
    }
}
