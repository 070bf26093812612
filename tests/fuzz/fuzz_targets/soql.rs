//! The simulator's SOQL parser: whatever it takes for a query has the parts of one, and written out again it is the same
//! query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce_simulator::soql::{Condition, Literal, Query, parse};

fuzz_target!(|soql: &str| {
    let query = match parse(soql) {
        Ok(query) => query,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let names = query.fields.iter().chain([&query.object]);
    for name in names.chain(query.condition.iter().map(field)) {
        assert!(is_name(name), "{name:?}");
    }
    assert!(!query.fields.is_empty());
    let values = query.condition.as_ref().map(Condition::values);
    assert!(values.is_none_or(|values| !values.is_empty()));
    assert_eq!(parse(&written(&query)).as_ref(), Ok(&query));
});

fn field(condition: &Condition) -> &String {
    match condition {
        Condition::Equals { field, .. } | Condition::In { field, .. } => field,
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The query as text, by the parser's own grammar.
fn written(query: &Query) -> String {
    let mut soql = format!("SELECT {} FROM {}", query.fields.join(","), query.object);
    match &query.condition {
        None => {}
        Some(Condition::Equals { field, value }) => {
            soql += &format!(" WHERE {field}={}", literal(value))
        }
        Some(Condition::In { field, values }) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            soql += &format!(" WHERE {field} IN({})", values.join(","));
        }
    }
    if let Some(order) = &query.order_by {
        let direction = if order.descending { "DESC" } else { "ASC" };
        let nulls = if order.nulls_last { "LAST" } else { "FIRST" };
        soql += &format!(" ORDER BY {} {direction} NULLS {nulls}", order.field);
    }
    if let Some(limit) = query.limit {
        soql += &format!(" LIMIT {limit}");
    }
    soql
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Text(text) => format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
        Literal::Number(number) => number.clone(),
        Literal::Bool(is_true) => is_true.to_string(),
        Literal::Null => "NULL".to_owned(),
    }
}
