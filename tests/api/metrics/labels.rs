//! The label values that alert rules and dashboard ask for: each is one that the code gives, and none is missing.

use super::{ALERTS, DASHBOARD, PREFIXES};

macro_rules! source {
    ($path:literal) => {
        include_str!(concat!("../../../src/", $path))
    };
}

const REFUSED_LOGINS: &str = source!("salesforce/auth/refused.rs");
const FAILED_LOGINS: &str = source!("salesforce/auth/error.rs");
const FAULTS: &str = source!("salesforce/fault.rs");

/// The sources that give a label of a metric its values.
fn sources(metric: &str, label: &str) -> Vec<&'static str> {
    match (metric, label) {
        ("sessions_total", "outcome") => vec![
            source!("salesforce/auth.rs"),
            FAILED_LOGINS,
            REFUSED_LOGINS,
            FAULTS,
        ],
        ("salesforce_calls_total", "outcome") => vec![source!("salesforce/client.rs"), FAULTS],
        ("http_requests_refused_total", "reason") => {
            vec![source!("http/error_response.rs"), source!("upstream.rs")]
        }
        ("http_request_seconds_bucket", "route") => vec![source!("http/access_log.rs")],
        ("events_total", "status") => vec![source!("transform/error/verdict.rs")],
        _ => panic!("where do the values of {label} of {metric} come from?"),
    }
}

/// The values that a text asks for, as (metric, label, value). `$instance` is the dashboard's own.
fn asked(text: &str) -> Vec<(&str, &str, &str)> {
    let mut asked = Vec::new();
    for rest in text.split(PREFIXES[0]).skip(1) {
        let Some((metric, rest)) = rest.split_once('{') else {
            continue;
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if !metric.chars().all(is_name) {
            continue;
        }
        let (matchers, _) = rest.split_once('}').unwrap();
        for matcher in matchers.split(',') {
            let (label, values) = matcher.split_once(['=', '!']).unwrap();
            let values = values.trim_start_matches(['=', '~']).trim_matches('"');
            let values = values.split('|').filter(|value| *value != "$instance");
            asked.extend(values.map(|value| (metric, label, value)));
        }
    }
    asked
}

/// Whether a source gives this value: as a text, as a number, or, of `upstream_.*`, any that begins so.
fn gives(source: &str, value: &str) -> bool {
    match value.strip_suffix(".*") {
        Some(start) => source.contains(&format!("\"{start}")),
        None => source.contains(&format!("\"{value}\"")) || source.contains(&format!("({value},")),
    }
}

#[test]
fn alerts_and_dashboard_ask_for_label_values_that_the_code_gives() {
    let dashboard = DASHBOARD.replace("\\\"", "\"");
    let of_alerts = asked(ALERTS);
    assert!(of_alerts.len() > 20, "{of_alerts:?}");
    for (metric, label, value) in of_alerts.into_iter().chain(asked(&dashboard)) {
        let is_known = sources(metric, label)
            .into_iter()
            .any(|source| gives(source, value));
        assert!(is_known, "{metric}{{{label}={value:?}}} is never exported");
    }
}

/// The words of a `label`, which are the right sides of its arms.
fn labels(source: &'static str) -> Vec<&'static str> {
    let arms = source.split("=> \"").skip(1);
    let words = arms.map(|arm| arm.split_once('"').unwrap().0);
    words.filter(|word| !word.contains(' ')).collect()
}

/// The alert excludes what passes by itself, and `login_overtaken` is the only refusal that does.
#[test]
fn each_login_that_is_refused_for_good_raises_the_alert() {
    let excluded: Vec<_> = asked(ALERTS)
        .into_iter()
        .filter_map(|(metric, _, value)| (metric == "sessions_total").then_some(value))
        .collect();
    assert!(ALERTS.contains("sessions_total{outcome!~"));
    let mut refused = labels(REFUSED_LOGINS);
    refused.extend(labels(FAILED_LOGINS));
    assert!(refused.len() > 15, "{refused:?}");
    let silent: Vec<_> = refused
        .into_iter()
        .filter(|word| excluded.contains(word))
        .collect();
    assert_eq!(silent, ["login_overtaken"]);
}
