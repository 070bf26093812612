//! Tests of assigning records to keys.

use super::*;
use crate::{
    json::value,
    salesforce::{fault::Refusal, soql},
};

fn query(emails: &[&str]) -> Query {
    let keys = emails.iter().map(|email| Key::lead(email).unwrap());
    query_for(keys)
}

fn query_for(keys: impl IntoIterator<Item = Key>) -> Query {
    let items = keys.into_iter().map(|key| soql::Item {
        literal: key.literal(),
        wanted: Wanted {
            key,
            fields: Vec::new(),
            needs_record: true,
        },
        form: None,
    });
    let items: Vec<_> = items.collect();
    soql::queries(&items, soql::Way::Uri(0)).remove(0)
}

fn row(id: &str, email: &str) -> Row {
    let record = format!(r#"{{"Id":"{id}","Email":"{email}"}}"#);
    Row::read(value(record).as_object().unwrap(), "email").unwrap()
}

fn ids(found: &Found, email: &str) -> Option<Vec<String>> {
    let rows = found.rows(&Key::lead(email).unwrap()).ok()?;
    Some(rows.iter().map(|row| row.id.clone()).collect())
}

#[test]
fn records_find_their_key_without_letter_case() {
    let mut found = Found::default();
    assert!(
        found
            .add(
                &query(&["Jane@Example.com", "new@x.y"]),
                Ok(vec![row("1", "jane@EXAMPLE.com")])
            )
            .is_empty()
    );
    assert_eq!(ids(&found, "JANE@example.com").unwrap(), ["1"]);
    assert!(ids(&found, "new@x.y").unwrap().is_empty());
}

#[test]
fn a_value_that_salesforce_does_not_understand_is_cornered() {
    let refused = || {
        Fault::Refused(Refusal {
            status: 400,
            code: "MALFORMED_QUERY".to_owned(),
            ..Refusal::default()
        })
    };
    let mut found = Found::default();
    let halves = found.add(&query(&["a@x.y", "b@x.y", "c@x.y"]), Err(refused()));
    assert_eq!(halves.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    assert!(found.add(&query(&["a@x.y"]), Err(refused())).is_empty());
    assert_eq!(ids(&found, "a@x.y"), None);
}

#[test]
fn identifiers_that_differ_in_letter_case_are_asked_for_one_by_one() {
    let key = |text: &str| Key::new("Contact", "Ext__c", value(text)).unwrap();
    let keys = [key("\"abc\""), key("\"ABC\"")];
    assert_ne!(keys[0].folded(), keys[1].folded());
    let both = query_for(keys);
    assert_eq!(Found::default().add(&both, Ok(Vec::new())).len(), 2);
}

#[test]
fn a_failed_query_fails_only_its_own_keys() {
    let mut found = Found::default();
    assert!(
        found
            .add(&query(&["a@x.y"]), Err(Fault::unreadable("garbage")))
            .is_empty()
    );
    assert!(found.add(&query(&["b@x.y"]), Ok(vec![])).is_empty());
    assert_eq!(
        (ids(&found, "a@x.y"), ids(&found, "b@x.y")),
        (None, Some(vec![]))
    );
}

#[test]
fn keys_are_asked_for_one_by_one_where_a_record_answers_none_of_them() {
    let mut found = Found::default();
    let again = found.add(
        &query(&["b@x.y", "stra\u{df}e@x.y"]),
        Ok(vec![row("2", "strasse@x.y"), row("3", "b@x.y")]),
    );
    assert_eq!(again.len(), 2);
    assert!(
        found
            .add(
                &query(&["stra\u{df}e@x.y"]),
                Ok(vec![row("2", "strasse@x.y")])
            )
            .is_empty()
    );
    assert_eq!(ids(&found, "stra\u{df}e@x.y").unwrap(), ["2"]);
}
