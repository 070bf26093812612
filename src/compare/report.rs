//! The report: for people, event by event and then by kind; for programs, as JSON. Values are shortened, and secrets
//! are never shown.

use std::collections::BTreeMap;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::{
    answer::{ComparedAnswer, EventKey},
    difference::Difference,
    recording::{Recorded, UnreadLine},
};
use crate::upstream::redaction::{is_secret, redact};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The maximum number of characters shown of a value.
const MAX_SHOWN: usize = 120;

/// The result of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ComparisonVerdict {
    /// Only intended differences were found.
    Equal,
    /// Something differs.
    Different,
    /// No difference was found, but a line could not be read.
    Incomplete,
}

/// Collects the findings as requests are compared.
#[derive(Debug)]
pub(super) struct ComparisonReport {
    json: bool,
    unread: usize,
    requests: usize,
    events: usize,
    differing: usize,
    kinds: BTreeMap<String, usize>,
    intended: BTreeMap<&'static str, usize>,
}

impl ComparisonReport {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            unread: 0,
            requests: 0,
            events: 0,
            differing: 0,
            kinds: BTreeMap::new(),
            intended: BTreeMap::new(),
        }
    }

    /// The verdict on everything compared so far.
    pub(super) fn verdict(&self) -> ComparisonVerdict {
        match (self.kinds.is_empty(), self.unread) {
            (false, _) => ComparisonVerdict::Different,
            (true, 0) => ComparisonVerdict::Equal,
            (true, _) => ComparisonVerdict::Incomplete,
        }
    }

    /// Reports a line that could not be read and was therefore not compared.
    pub(super) fn unread(&mut self, UnreadLine { file, line, why }: &UnreadLine) {
        self.unread += 1;
        if self.json {
            let unread = json!({"file": file, "line": line, "unread": why.to_string()});
            return println!("{unread}");
        }
        eprintln!("{BAD}not compared{BAD:#}: {file}, line {line}: {why}");
    }

    /// Reports the differences of one request.
    pub(super) fn request(
        &mut self,
        number: usize,
        request: &Recorded,
        reference: &ComparedAnswer,
        differences: BTreeMap<EventKey, Vec<Difference>>,
    ) {
        self.requests += 1;
        self.events += reference.count();
        for (event, differences) in differences {
            self.differing += usize::from(
                differences
                    .iter()
                    .any(|difference| difference.intended.is_none()),
            );
            if !self.json {
                println!("{BOLD}request {number}, {}, {event}{BOLD:#}", request.path);
            }
            for difference in differences {
                self.difference(number, &event, &difference);
            }
        }
    }

    fn difference(&mut self, number: usize, event: &EventKey, difference: &Difference) {
        match difference.intended {
            None => *self.kinds.entry(difference.kind()).or_default() += 1,
            Some(rule) => *self.intended.entry(rule).or_default() += 1,
        }
        let pointer = &difference.pointer;
        let reference = shown(pointer, difference.reference.as_ref());
        let candidate = shown(pointer, difference.candidate.as_ref());
        if self.json {
            let line = json!({
                "request": number, "event": event.to_string(), "pointer": pointer, "reference": reference,
                "candidate": candidate, "intended": difference.intended,
            });
            return println!("{line}");
        }
        let place = if pointer.is_empty() {
            "the event"
        } else {
            pointer
        };
        match difference.intended {
            Some(rule) => println!("  {DIM}{place}: {reference} → {candidate}  ({rule}){DIM:#}"),
            None => println!(
                "  {place}\n    {GOOD}reference  {reference}{GOOD:#}\n    {BAD}candidate  {candidate}{BAD:#}"
            ),
        }
    }

    /// Prints the summary at the end of the report.
    pub(super) fn summary(&self) {
        if self.json {
            let summary = json!({
                "requests": self.requests, "events": self.events, "differing": self.differing, "kinds": self.kinds,
                "intended": self.intended, "unread": self.unread,
            });
            return println!("{summary}");
        }
        let (style, word) = match self.verdict() {
            ComparisonVerdict::Equal => (GOOD, "equal"),
            ComparisonVerdict::Different => (BAD, "different"),
            ComparisonVerdict::Incomplete => (BAD, "equal as far as it could be read"),
        };
        println!(
            "\n{style}{word}{style:#}: {} requests, {} events, {} of them differ",
            self.requests, self.events, self.differing
        );
        if self.unread > 0 {
            println!("  {:>6}  lines could not be read", self.unread);
        }
        for (kind, count) in &self.kinds {
            println!("  {count:>6}  {kind}");
        }
        for (rule, count) in &self.intended {
            println!("  {DIM}{count:>6}  intended, {rule}{DIM:#}");
        }
    }
}

/// Formats a value for the report.
fn shown(pointer: &str, value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "(absent)".to_owned();
    };
    let mut value = value.clone();
    let is_secret = pointer.split('/').any(is_secret);
    if is_secret {
        return "(a secret)".to_owned();
    }
    redact(&mut value);
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
