//! An event for a person at a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value as JsonValue;

use crate::text::plain;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const CALM: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The lines of an event, or of a note that events were lost.
pub(super) fn lines(data: &str) -> String {
    let Ok(event) = serde_json::from_str::<JsonValue>(data) else {
        return format!("{}\n", plain(data));
    };
    if let Some(lost) = event["lost"].as_u64() {
        return format!("{CALM}{lost} events were lost on the way{CALM:#}\n");
    }
    let text = |name: &str| event[name].as_str().map(plain);
    let mut lines = head(&event);
    if let Some(remedy) = text("remedy") {
        let _ = writeln!(lines, "    {DIM}{remedy}{DIM:#}");
    }
    for change in event["changes"].as_array().into_iter().flatten() {
        lines.push_str(&changed(change));
    }
    if event["event"].is_object() {
        let _ = writeln!(
            lines,
            "    {DIM}{}{DIM:#}",
            plain(&event["event"].to_string())
        );
    }
    lines
}

/// The first line: time, status, objects, destination, message, reason and fields.
fn head(event: &JsonValue) -> String {
    let text = |name: &str| event[name].as_str().map(plain);
    // The date is on the terminal of whoever watches.
    let time = text("time").unwrap_or_default();
    let time = time.split('T').nth(1).unwrap_or_default();
    let status = event["status"].as_u64().unwrap_or_default();
    let style = match status {
        200 | 299 => GOOD,
        296 | 298 => CALM,
        _ => BAD,
    };
    let mut line = format!(
        "{DIM}{}{DIM:#} {style}{status}{style:#}",
        time.trim_end_matches('Z')
    );
    for part in [
        Some(joined(&event["objects"])).filter(|objects| !objects.is_empty()),
        text("route"),
        text("destination"),
        text("message"),
        event["job"].as_u64().map(|job| format!("job {job}")),
    ] {
        let _ = write!(line, "  {}", part.as_deref().unwrap_or("-"));
    }
    if let Some(reason) = text("code").or_else(|| text("reason")) {
        let fields = joined(&event["fields"]);
        let _ = write!(line, "  {BOLD}{reason}{BOLD:#} {fields}");
    }
    line.trim_end().to_owned() + "\n"
}

fn changed(change: &JsonValue) -> String {
    let text = |name: &str| change[name].as_str().map(plain).unwrap_or_default();
    let place = match (text("trait"), text("field")) {
        (name, field) if name.is_empty() => field,
        (name, field) if field.is_empty() => name,
        (name, field) => format!("{name} → {field}"),
    };
    let (kind, reason) = (text("kind"), text("reason"));
    format!("    {CALM}{kind}{CALM:#} {place} ({reason})\n")
}

fn joined(names: &JsonValue) -> String {
    let names = names.as_array().into_iter().flatten();
    let names: Vec<_> = names.filter_map(JsonValue::as_str).map(plain).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(data: &str) -> String {
        anstream::adapter::strip_str(&lines(data)).to_string()
    }

    #[test]
    fn an_event_is_a_line_with_what_to_do_below_it() {
        let event = r#"{"time":"2026-11-28T14:22:01.123Z","status":400,"route":"proxy","destination":"dst-1","job":7,"objects":["Lead"],
            "reason":"refused","code":"REQUIRED_FIELD_MISSING","fields":["LastName"],"remedy":"Send it.",
            "changes":[{"kind":"left_out","reason":"structure","trait":"tags","field":null}]}"#;
        let expected = "\
14:22:01.123 400  Lead  proxy  dst-1  -  job 7  REQUIRED_FIELD_MISSING LastName
    Send it.
    left_out tags (structure)
";
        assert_eq!(shown(event), expected);
        assert_eq!(shown(r#"{"lost":3}"#), "3 events were lost on the way\n");
    }

    #[test]
    fn nothing_that_is_sent_commands_the_terminal() {
        let event =
            r#"{"status":200,"message":"\u001b[2J","destination":"a\nb","objects":["\u202e"]}"#;
        let lines = shown(event);
        assert!(
            !lines.contains(['\u{1b}', '\u{202e}']) && lines.lines().count() == 1,
            "{lines}"
        );
        assert_eq!(shown("\u{1b}[2J"), "\u{FFFD}[2J\n");
    }
}
