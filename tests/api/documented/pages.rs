//! The pages of documentation say what the service has, and nothing that it does not have: settings, routes, alerts, rules,
//! fields; and each link leads somewhere. (The metrics are held to them in `metrics`.)

use std::{collections::BTreeSet, path::Path};

use salesforce_transformer::internals::transform::mapping;

use super::markdown::{anchors, files, first_column, links, read, root, section};
use crate::process::run;

const OPERATIONS: &str = "docs/operations.md";
const BEHAVIOUR: &str = "docs/behaviour.md";

/// What is only documented, and what is only there.
fn assert_equal(documented: &BTreeSet<String>, actual: &BTreeSet<String>) {
    assert!(actual.len() > 5, "little was found: {actual:?}");
    let missing: Vec<_> = actual.difference(documented).collect();
    let stale: Vec<_> = documented.difference(actual).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "not documented: {missing:?}; no longer there: {stale:?}"
    );
}

#[tokio::test]
async fn each_setting_has_a_line_and_each_line_a_setting() {
    let help = String::from_utf8(run(&["--help"], &[]).await.stdout).unwrap();
    let settings = help.split("[env: ").skip(1);
    let settings = settings.map(|rest| rest.split(['=', ']']).next().unwrap().to_owned());
    let page = section(&read(OPERATIONS), "## Settings");
    let tables = page.split("### Settings that must fit").next().unwrap();
    let is_setting = |name: &String| !name.starts_with('…');
    let documented = first_column(tables).into_iter().filter(is_setting);
    assert_equal(&documented.collect(), &settings.collect());
}

#[test]
fn each_route_has_a_line_and_each_line_a_route() {
    let routes = salesforce_transformer::internals::http::routes();
    let routes = routes.map(|(method, path, _)| format!("{method} {path}"));
    let cells = first_column(&section(&read(OPERATIONS), "## Routes"));
    assert_equal(&cells.into_iter().collect(), &routes.collect());
}

#[test]
fn each_alert_has_a_line_and_each_line_an_alert() {
    let alerts = read("deploy/prometheus/alerts.yaml");
    let names = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let documented = first_column(&section(&read(OPERATIONS), "## Alerts"));
    assert_equal(&documented, &names.map(ToOwned::to_owned).collect());
}

#[test]
fn each_reason_to_leave_a_trait_out_has_a_line_and_each_line_a_reason() {
    let code = read("src/transform/change.rs");
    let bodies = code.split("fn reason(").skip(1);
    let bodies = bodies.map(|body| body.split("\n    }\n").next().unwrap());
    let words = bodies.flat_map(|body| body.split('"').skip(1).step_by(2));
    let reasons: BTreeSet<_> = words.collect();
    let reasons = reasons.into_iter();
    let documented = first_column(&section(&read(BEHAVIOUR), "## What is left out"));
    assert_equal(&documented, &reasons.map(ToOwned::to_owned).collect());
}

#[test]
fn each_standard_field_is_in_its_objects_table() {
    for object in ["Lead", "Contact"] {
        let page = section(&read(BEHAVIOUR), &format!("### {object}"));
        let fields = mapping::standard_fields(object).map(ToOwned::to_owned);
        assert_equal(&first_column(&page), &fields.collect());
    }
}

/// The names after `rule` and `rules` in the comments of a file: "rules `traits`, `lead-email` to `request`".
fn cited_in_comments(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains("//"));
    let mut cited = Vec::new();
    for line in lines {
        let parts: Vec<&str> = line.split('`').collect();
        let mut is_rule = false;
        for pair in parts.chunks_exact(2) {
            let [before, name] = pair else { continue };
            let lower = before.to_lowercase();
            let goes_on = is_rule && matches!(*before, ", " | " and " | " to ");
            is_rule = lower.ends_with("rule ") || lower.ends_with("rules ") || goes_on;
            cited.extend(is_rule.then(|| (*name).to_owned()));
        }
    }
    cited
}

/// The names before the colon in the differences that `compare` explains.
fn cited_by_compare() -> Vec<String> {
    let text = read("src/compare/documented.rs");
    let code = text.split("#[cfg(test)]").next().unwrap();
    let reasons = code.split("Some(\"").skip(1);
    let names = reasons.filter_map(|reason| reason.split('"').next()?.split_once(": "));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn each_rule_that_code_tests_or_compare_cite_is_in_the_table_and_each_is_cited() {
    let rules = first_column(&section(&read(BEHAVIOUR), "## The rules"));
    let mut cited: BTreeSet<String> = cited_by_compare().into_iter().collect();
    assert!(cited.len() > 5, "compare explains little: {cited:?}");
    for file in files(&["src", "tests"], &[".rs"]) {
        if !file.ends_with(file!()) {
            cited.extend(cited_in_comments(&read(file)));
        }
    }
    assert_equal(&rules, &cited);
}

#[test]
fn each_test_of_the_two_sets_begins_with_the_name_of_its_rule() {
    let rules = first_column(&section(&read(BEHAVIOUR), "## The rules"));
    let prefixes: Vec<_> = rules.iter().map(|rule| rule.replace('-', "_")).collect();
    let mut tests = 0;
    for file in files(&["tests/api/differences"], &[".rs"]) {
        let text = read(file);
        for test in text.split("#[tokio::test]\nasync fn ").skip(1) {
            let name = test.split('(').next().unwrap();
            assert!(
                prefixes.iter().any(|prefix| name.starts_with(prefix)),
                "{name}: no rule has such a name"
            );
            tests += 1;
        }
    }
    assert!(tests > 20, "the tests are not read: {tests}");
}

/// Whether a link leads to a file or folder, and to a heading where it names one.
fn assert_leads_somewhere(from: &Path, folder: &Path, link: &str) {
    let (path, heading) = link
        .split_once('#')
        .map_or((link, None), |(path, heading)| (path, Some(heading)));
    let target = if path.is_empty() {
        from.to_owned()
    } else {
        folder.join(path)
    };
    assert!(target.exists(), "{}: {link} does not exist", from.display());
    if let Some(heading) = heading {
        let headings = anchors(&read(&target));
        assert!(
            headings.contains(heading),
            "{}: {link}: no such heading",
            from.display()
        );
    }
}

#[test]
fn each_link_of_the_pages_leads_to_a_file_and_heading_that_exist() {
    let mut followed = 0;
    for page in files(&["README.md", "docs"], &[".md"]) {
        for link in links(&read(&page)) {
            assert_leads_somewhere(&page, page.parent().unwrap(), &link);
            followed += 1;
        }
    }
    assert!(followed > 60, "the links are not read: {followed}");
}

#[test]
fn each_page_that_code_and_deployment_name_exists() {
    let folders = [
        "src",
        "tests",
        "deploy",
        ".ci",
        ".github",
        "Dockerfile",
        "Cargo.toml",
    ];
    let endings = [
        ".rs",
        ".yaml",
        ".yml",
        ".toml",
        ".py",
        "run",
        "Dockerfile",
        ".txt",
    ];
    let mut followed = 0;
    for file in files(&folders, &endings) {
        let text = read(&file);
        for rest in text.split("docs/").skip(1) {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.#".contains(letter);
            let name = rest
                .split(|letter| !is_part(letter))
                .next()
                .unwrap()
                .trim_end_matches('.');
            if name.contains(".md") && !file.ends_with(file!()) {
                assert_leads_somewhere(&file, &root().join("docs"), name);
                followed += 1;
            }
        }
    }
    assert!(followed > 20, "the names are not read: {followed}");
}

#[test]
fn the_readme_is_short_and_its_first_commands_are_those_of_ci() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 200);
    let first = readme.split("## See it work").nth(1).unwrap();
    let first = first.split("\n## ").next().unwrap();
    let ci = read(".ci/run");
    let commands: Vec<_> = first
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.lines().next())
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let step = format!("step {command}");
        assert!(
            ci.lines().any(|line| line == step),
            "CI does not run {command:?}"
        );
    }
}

#[test]
fn each_page_of_docs_is_in_the_readmes_list() {
    let readme = read("README.md");
    let listed = section(&readme, "## Where the rest is");
    for page in files(&["docs"], &[".md"]) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(
            listed.contains(&format!("(docs/{name})")),
            "{name} is not listed"
        );
    }
}
