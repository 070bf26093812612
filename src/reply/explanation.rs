//! Explanations as JSON, and as text for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::{
    text::{escaped_json, plain},
    transform::{
        explanation::{
            CallsExplanation, CaseExplanation, Explanation, Failure, Fate, Forecast, ForecastLimit,
            OutcomeName, RecordExplanation, RequestExplanation, TraitFate,
        },
        rule::Rule,
    },
};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const NOTE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The explanations of some events, and what they cost together.
#[derive(Serialize)]
struct Document<'e> {
    explanations: &'e [Explanation],
    forecast: &'e Forecast,
}

/// The explanations as one JSON document. What would command a terminal is escaped in it.
///
/// # Errors
/// None is known: each part can be written as JSON.
pub(crate) fn json(
    explanations: &[Explanation],
    forecast: &Forecast,
) -> Result<String, serde_json::Error> {
    let document = Document {
        explanations,
        forecast,
    };
    Ok(escaped_json(serde_json::to_string_pretty(&document)?))
}

/// The explanations as text, with the colours of a terminal.
#[must_use]
pub(crate) fn text(explanations: &[Explanation], forecast: &Forecast) -> String {
    let events: Vec<String> = explanations.iter().map(event).collect();
    format!("{}\n{}", events.join("\n"), sum(forecast))
}

/// The explanation of one event as text.
#[must_use]
pub(crate) fn event(explanation: &Explanation) -> String {
    let mut text = Text::default();
    text.event(explanation);
    text.0
}

/// The forecast as text.
#[must_use]
pub(crate) fn sum(forecast: &Forecast) -> String {
    let mut text = Text::default();
    text.forecast(forecast);
    text.0
}

/// The width of the column of names.
const NAME: usize = 9;

/// The width of the column of traits.
const TRAIT: usize = 24;

/// A text that is being written. Writing into a `String` cannot fail.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A line with a name in the first column, and the rule that decided. What it says may quote the event or the org.
    fn line(&mut self, name: &str, rule: Option<&str>, says: impl AsRef<str>) {
        self.styled(name, rule, &[(PLAIN, says.as_ref())]);
    }

    /// A line in several styles. Nothing of it commands the terminal except the styles.
    fn styled(&mut self, name: &str, rule: Option<&str>, parts: &[(Style, &str)]) {
        let _ = write!(self.0, "  {name:<NAME$} ");
        for (style, text) in parts {
            let _ = write!(self.0, "{style}{}{style:#}", plain(text));
        }
        if let Some(rule) = rule {
            let _ = write!(self.0, "  {DIM}[{rule}]{DIM:#}");
        }
        self.0.push('\n');
    }

    fn event(&mut self, explanation: &Explanation) {
        let verdict = &explanation.verdict;
        let (style, word) = match verdict.outcome {
            OutcomeName::Sent => (GOOD, "sent"),
            OutcomeName::Filtered => (NOTE, "not sent"),
            OutcomeName::Refused => (BAD, "refused"),
            OutcomeName::Retried => (BAD, "not now"),
        };
        let name = explanation
            .message_id
            .as_deref()
            .unwrap_or("without messageId");
        let _ = write!(self.0, "{BOLD}event {}{BOLD:#}", plain(name));
        if let Some(line) = explanation.line {
            let _ = write!(self.0, " {DIM}(line {line}){DIM:#}");
        }
        let status = verdict.status_code;
        let _ = writeln!(self.0, ": {style}{word} ({status}){style:#}");
        if let Some(failure) = &verdict.failure {
            self.failure(failure);
        }
        if let Some(gate) = &explanation.gate {
            let decided = match (&gate.path, &gate.value) {
                (Some(path), Some(value)) => format!("{path} is {}: ", value.get()),
                (Some(path), None) => format!("{path}: "),
                (None, _) => String::new(),
            };
            self.line("gate", Some(gate.rule.name()), decided + &gate.because);
        }
        for record in &explanation.records {
            self.record(record, verdict.failure.is_some());
        }
        if let Some(calls) = &explanation.calls {
            self.calls(calls);
        }
    }

    fn failure(&mut self, failure: &Failure) {
        self.styled(
            "why",
            failure.rule.map(Rule::name),
            &[(BAD, &failure.error)],
        );
        if let Some(remedy) = failure.remedy {
            self.line("remedy", None, remedy);
        }
    }

    fn record(&mut self, record: &RecordExplanation, has_failed: bool) {
        let object = format!("{}: {}", record.object, record.because);
        self.line("object", Some(record.rule.name()), object);
        if let Some(key) = &record.key {
            let hash = key.hash.as_ref().map(|hash| format!(" (key={hash})"));
            let hash = hash.unwrap_or_default();
            let key = format!("{} = {}, from {}{hash}", key.field, key.value, key.from);
            self.line("key", None, key);
        }
        if let Some(lookup) = &record.lookup {
            let found = match lookup.found {
                Some(1) => "1 record found; ".to_owned(),
                Some(found) => format!("{found} records found; "),
                None if lookup.soql.is_some() => "not asked; ".to_owned(),
                None => String::new(),
            };
            self.line("lookup", Some(lookup.rule.name()), found + &lookup.because);
            if let Some(soql) = &lookup.soql {
                self.line("", None, soql);
            }
        }
        let before = std::iter::once(None).chain(record.cases.iter().map(Some));
        for (case, before) in record.cases.iter().zip(before) {
            self.case(case, before, has_failed);
        }
    }

    /// A case; `before` is the one before it.
    fn case(&mut self, case: &CaseExplanation, before: Option<&CaseExplanation>, has_failed: bool) {
        if let Some(supposing) = case.supposing {
            let _ = writeln!(self.0, "  {BOLD}if {supposing}{BOLD:#}");
        }
        if let Some(target) = &case.target {
            let id = target.id.as_deref().unwrap_or_default();
            let says = format!("{} {} {id}", target.operation, target.object);
            let says = format!("{}: {}", says.trim_end(), target.because);
            self.line("record", Some(target.rule.name()), says);
        }
        if before.is_some_and(|before| before.traits == case.traits) {
            self.line("traits", None, "as above");
        } else {
            for (index, fate) in case.traits.iter().enumerate() {
                let name = if index == 0 { "traits" } else { "" };
                self.fate(name, fate);
            }
        }
        if let Some(request) = &case.request {
            self.request(request);
        }
        for (index, policy) in case.policies.iter().enumerate() {
            let name = if index == 0 { "policies" } else { "" };
            let says = format!("{}: {}", policy.setting, policy.effect);
            self.line(name, policy.rule.map(Rule::name), says);
        }
        // The failure of the only record is that of the event.
        if let Some(failure) = case
            .failure
            .as_ref()
            .filter(|_| case.supposing.is_some() || !has_failed)
        {
            self.failure(failure);
        }
    }

    fn fate(&mut self, name: &str, fate: &TraitFate) {
        let of = fate.trait_name.as_deref().unwrap_or("-");
        let field = fate.field.as_deref().unwrap_or_default();
        let (style, says) = match fate.fate {
            Fate::Sent | Fate::Filled => (GOOD, format!("→ {field}")),
            Fate::Changed => (NOTE, format!("→ {field}")),
            Fate::Unchanged => (DIM, format!("= {field}")),
            Fate::LeftOut | Fate::Missing => (BAD, "not sent".to_owned()),
            Fate::NoValue => (DIM, "no value".to_owned()),
            Fate::Unlisted => (DIM, "…".to_owned()),
        };
        let message = fate.message.as_ref().map(|message| format!(": {message}"));
        let message = message.unwrap_or_default();
        let of = format!("{:<TRAIT$} ", plain(of));
        self.styled(
            name,
            fate.reason,
            &[(PLAIN, &of), (style, &says), (PLAIN, &message)],
        );
    }

    fn request(&mut self, request: &RequestExplanation) {
        self.line(
            "request",
            None,
            format!("{} {}", request.method, request.url),
        );
        for (name, value) in &request.headers {
            let value = value.as_str().unwrap_or_default();
            self.line("", None, format!("{name}: {value}"));
        }
        if let Some(body) = &request.body {
            self.line("", None, body.get());
        }
    }

    fn calls(&mut self, calls: &CallsExplanation) {
        let share = |calls: usize, events: usize, what: &str| match (calls, events) {
            (0, _) => format!("no {what}"),
            (1, 1) => format!("1 {what}"),
            (1, events) => format!("1 {what} shared by {events} events"),
            (calls, events) => format!("{calls} {what}s shared by {events} events"),
        };
        let lookup = share(calls.lookup, calls.lookup_shared_by, "lookup");
        let writes = match calls.write_descriptor {
            0 => "no write".to_owned(),
            requests => {
                let own = share(requests, 1, "request").replace(" shared by 1 events", "");
                let inline = share(calls.write_inline, calls.write_inline_shared_by, "call");
                format!("{own} by rudder-server, or inline {inline}")
            }
        };
        self.line("calls", None, format!("{lookup}; {writes}"));
    }

    fn forecast(&mut self, forecast: &Forecast) {
        let Forecast {
            events,
            sent,
            filtered,
            refused,
            retried,
            requests,
            calls,
            limit,
            ..
        } = forecast;
        let requested = if *requests == 1 {
            "request"
        } else {
            "requests"
        };
        let noun = if *events == 1 { "event" } else { "events" };
        let _ = writeln!(
            self.0,
            "{BOLD}{events} {noun}{BOLD:#}: {sent} sent, {filtered} not sent, {refused} refused, {retried} not now; {requests} {requested}"
        );
        let share = |of: fn(&ForecastLimit) -> f64| {
            let limit = limit.as_ref();
            limit.map_or_else(String::new, |limit| {
                format!(" ({} % of the day's {})", of(limit), limit.allowed)
            })
        };
        let (lookup, describe) = (calls.lookup, calls.describe);
        let descriptor = share(|limit| limit.descriptor_percent);
        let inline = share(|limit| limit.inline_percent);
        self.line(
            "calls",
            None,
            format!(
                "{}{descriptor} if rudder-server sends the requests",
                calls.descriptor
            ),
        );
        self.line(
            "",
            None,
            format!("{}{inline} with DELIVERY=inline", calls.inline),
        );
        self.line(
            "",
            None,
            format!("of which {lookup} for lookups and {describe} for descriptions"),
        );
    }
}
