//! `docs/faults.md` shows the remedies of the registry, word for word, `docs/behaviour.md` the rules, and `docs/explain.md` the
//! routes of the admin address. `/rules` shows all of them.

use std::collections::BTreeSet;

use salesforce_transformer::internals::{
    http::admin_routes,
    transform::{
        remedy::{CODES, Reason},
        rule::Rule,
    },
};
use serde_json::{Value, json};

use super::watched;
use crate::{
    documented::markdown::{first_column, section},
    fixtures::org,
};

const BEHAVIOUR: &str = include_str!("../../../docs/behaviour.md");
const FAULTS: &str = include_str!("../../../docs/faults.md");
const EXPLAIN: &str = include_str!("../../../docs/explain.md");

/// A row of the page.
fn row(cells: &[&str]) -> String {
    let (name, rest) = cells.split_first().unwrap();
    format!("| `{name}` | {} |", rest.join(" | "))
}

#[test]
fn each_reason_and_code_has_its_meaning_and_remedy_on_the_page_and_nothing_else_has() {
    let section = section(FAULTS, "## What to do");
    let documented: BTreeSet<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let reasons = Reason::ALL
        .iter()
        .map(|reason| row(&[reason.label(), reason.meaning(), reason.remedy()]));
    let codes = CODES.iter().map(|(code, remedy)| row(&[code, remedy]));
    let registered: BTreeSet<_> = reasons.chain(codes).collect();
    let registered: BTreeSet<_> = registered.iter().map(String::as_str).collect();
    let missing: Vec<_> = registered.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&registered).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "not on the page: {missing:#?}; no longer so: {stale:#?}"
    );
    assert!(registered.len() > 150);
}

#[test]
fn each_reason_to_leave_a_trait_out_means_what_the_rules_say() {
    let section = section(BEHAVIOUR, "## What is left out");
    let mut rows = 0;
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        let reason = Reason::named(name).unwrap();
        assert_eq!(line, row(&[name, reason.meaning()]));
        rows += 1;
    }
    assert!(rows > 30, "the table is not read: {rows}");
}

#[test]
fn each_admin_route_has_a_line_and_each_line_a_route() {
    let routes: BTreeSet<_> = admin_routes()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        first_column(&section(EXPLAIN, "## What it answers"))
            .into_iter()
            .filter(|cell| cell.starts_with("GET") || cell.starts_with("POST"))
            .collect::<BTreeSet<_>>(),
        routes
    );
}

/// A cell of a table without links and emphasis.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, (label, after))) = link(rest) {
        text.extend([before, label]);
        rest = after;
    }
    text.push_str(rest);
    text.replace("**", "").replace("\\|", "|")
}

/// The text before a link, the link's label, and the text after it.
fn link(text: &str) -> Option<(&str, (&str, &str))> {
    let (begin, end) = text.split_once("](")?;
    let (before, label) = begin.rsplit_once('[')?;
    let (_, after) = end.split_once(')')?;
    Some((before, (label, after)))
}

#[test]
fn each_rule_says_what_its_row_begins_with() {
    let section = section(BEHAVIOUR, "## The rules");
    let rows = section.lines().filter_map(|line| {
        let cells = line.strip_prefix("| `")?.strip_suffix(" |")?;
        let (name, cells) = cells.split_once("` | ")?;
        let (documented, stock) = cells.rsplit_once(" | ")?;
        Some((name, plain(documented), plain(stock)))
    });
    let rows: Vec<_> = rows.collect();
    let names: Vec<_> = rows.iter().map(|(name, ..)| *name).collect();
    let registered: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names, registered);
    for ((name, documented, stock), rule) in rows.iter().zip(Rule::ALL) {
        let rest = documented.strip_prefix(rule.documented());
        let is_whole = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        assert!(
            is_whole && rule.documented().ends_with('.'),
            "{name}: {documented}"
        );
        let is_same = stock.starts_with('–');
        assert_eq!(if is_same { "" } else { stock }, rule.stock(), "{name}");
    }
}

#[tokio::test]
async fn the_admin_address_shows_each_rule_reason_and_code() {
    let service = watched(&org().build(), &[]).await;
    let answer = service.admin("/rules").await.json();
    let named = |list: &str, name: &str| -> Value {
        let entries = answer[list].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["name"] == name);
        entry.unwrap_or_else(|| panic!("{list}: no {name}")).clone()
    };
    for rule in Rule::ALL {
        named("rules", rule.name());
    }
    for reason in Reason::ALL {
        let entry = named("reasons", reason.label());
        assert_eq!(entry["meaning"], reason.meaning());
        assert_eq!(entry["remedy"], reason.remedy());
    }
    for (code, remedy) in CODES {
        assert_eq!(named("codes", code)["remedy"], *remedy);
    }
    let sent = "A record that several events would create is created once.";
    let expected =
        json!({"name": "one-create", "documented": sent, "stock": "One create for each event."});
    assert_eq!(named("rules", "one-create"), expected);
    assert_eq!(named("rules", "traits")["stock"], Value::Null);
}
