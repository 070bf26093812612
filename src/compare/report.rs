//! What a person sees, an event at a time and then by kind; or JSON for programs. Values are shortened, secrets never shown.

use std::collections::BTreeMap;

use anstream::println;
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Event},
    difference::Difference,
    recording::Recorded,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// How much of a value is shown, in characters.
const LONGEST: usize = 120;

/// Members whose values are secrets.
const SECRETS: [&str; 8] = [
    "authorization",
    "secret",
    "access_token",
    "refresh_token",
    "password",
    "initialaccesstoken",
    "oauthaccesstoken",
    "username",
];

/// What has been found so far.
#[derive(Debug)]
pub(super) struct Report {
    json: bool,
    requests: usize,
    events: usize,
    differing: usize,
    kinds: BTreeMap<String, usize>,
    intended: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            requests: 0,
            events: 0,
            differing: 0,
            kinds: BTreeMap::new(),
            intended: BTreeMap::new(),
        }
    }

    /// Whether nothing differs but what is intended.
    pub(super) fn is_equal(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Tells the differences of one request.
    pub(super) fn request(
        &mut self,
        number: usize,
        request: &Recorded,
        reference: &Answer,
        differences: BTreeMap<Event, Vec<Difference>>,
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

    fn difference(&mut self, number: usize, event: &Event, difference: &Difference) {
        match difference.intended {
            None => *self.kinds.entry(difference.kind()).or_default() += 1,
            Some(row) => *self.intended.entry(row).or_default() += 1,
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
            Some(row) => println!("  {DIM}{place}: {reference} → {candidate}  ({row}){DIM:#}"),
            None => println!(
                "  {place}\n    {GOOD}reference  {reference}{GOOD:#}\n    {BAD}candidate  {candidate}{BAD:#}"
            ),
        }
    }

    /// The last word.
    pub(super) fn summary(&self) {
        if self.json {
            let summary = json!({
                "requests": self.requests, "events": self.events, "differing": self.differing, "kinds": self.kinds,
                "intended": self.intended,
            });
            return println!("{summary}");
        }
        let (style, word) = if self.is_equal() {
            (GOOD, "equal")
        } else {
            (BAD, "different")
        };
        println!(
            "\n{style}{word}{style:#}: {} requests, {} events, {} of them differ",
            self.requests, self.events, self.differing
        );
        for (kind, count) in &self.kinds {
            println!("  {count:>6}  {kind}");
        }
        for (row, count) in &self.intended {
            println!("  {DIM}{count:>6}  intended, {row}{DIM:#}");
        }
    }
}

/// A value as it may be shown.
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
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name.to_ascii_lowercase().as_str())
}

/// Takes the values of secret members out.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret(name) && !member.is_null() {
                    *member = "(a secret)".into();
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
