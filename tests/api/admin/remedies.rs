//! `docs/faults.md` shows the remedies of the registry, word for word, and `docs/explain.md` the routes of the admin address.

use std::collections::BTreeSet;

use salesforce_transformer::internals::{
    http::admin_routes,
    transform::remedy::{CODES, Reason},
};

use crate::documented::markdown::{first_column, section};

const FAULTS: &str = include_str!("../../../docs/faults.md");
const EXPLAIN: &str = include_str!("../../../docs/explain.md");

/// A row of the page.
fn row(name: &str, remedy: &str) -> String {
    format!("| `{name}` | {remedy} |")
}

#[test]
fn each_reason_and_code_has_its_remedy_on_the_page_and_nothing_else_has() {
    let section = section(FAULTS, "## What to do");
    let documented: BTreeSet<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let reasons = Reason::ALL
        .iter()
        .map(|reason| row(reason.label(), reason.remedy()));
    let codes = CODES.iter().map(|(code, remedy)| row(code, remedy));
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
