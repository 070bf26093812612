//! The findings of a check, for people and for programs.

use anstream::println;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};

/// All checks in order. A check without a finding was skipped.
const CHECKS: [&str; 13] = [
    "settings",
    "login",
    "API version",
    "API access",
    "Lead",
    "Lead fields",
    "Contact",
    "Contact fields",
    "assignment rules",
    "duplicate rules",
    "calls left today",
    "shared state",
    "rudder-server",
];

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CheckState {
    /// It works.
    Works,
    /// It works, but the reader should know something about it.
    Note,
    /// It does not work.
    Fails,
    /// An earlier check failed, so this one was not made.
    Skipped,
}

/// One check and its result.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    state: CheckState,
    says: String,
}

impl Finding {
    pub(super) fn works(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, CheckState::Works, says)
    }

    pub(super) fn note(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, CheckState::Note, says)
    }

    pub(super) fn failed(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, CheckState::Fails, says)
    }

    fn new(check: &'static str, state: CheckState, says: impl Into<String>) -> Self {
        let says = says.into();
        Self { check, state, says }
    }

    pub(super) fn fails(&self) -> bool {
        self.state == CheckState::Fails
    }
}

/// All findings.
#[derive(Debug)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// All findings, including the checks that were skipped.
    pub(super) fn of(mut findings: Vec<Finding>) -> Self {
        let is_skipped = |check: &&str| findings.iter().all(|finding| finding.check != *check);
        let skipped: Vec<_> = CHECKS.into_iter().filter(is_skipped).collect();
        findings.extend(skipped.into_iter().map(|check| {
            let says = "skipped, because an earlier check failed";
            Finding::new(check, CheckState::Skipped, says)
        }));
        Self(findings)
    }

    /// Whether no check failed, so that events can be delivered.
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
            "Everything that events need works."
        } else {
            "Some checks failed: see FAIL above."
        };
        println!("\n{sum}");
    }
}

impl CheckState {
    fn mark(self) -> (Style, &'static str) {
        match self {
            Self::Works => (AnsiColor::Green.on_default(), "ok  "),
            Self::Note => (AnsiColor::Yellow.on_default(), "note"),
            Self::Fails => (AnsiColor::Red.on_default(), "FAIL"),
            Self::Skipped => (Style::new().dimmed(), "-   "),
        }
    }
}
